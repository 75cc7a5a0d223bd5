//! Real programs as processes: started on ports of their own choice, ended with their guard.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

use crate::guard::Guard;

/// Nothing that is waited for takes this long unless it never comes.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program `name` of the workspace's package `package`, which lies beside `sibling`, a program
/// of the same workspace; it is built where it is not there or older than its sources.
///
/// # Panics
///
/// Where cargo cannot build it.
#[must_use]
pub fn beside(sibling: &str, package: &str, name: &str) -> PathBuf {
    // One at a time, so that no two tests build the same program.
    static BUILDING: Mutex<()> = Mutex::new(());
    let _building = BUILDING.lock().expect("no build panicked");
    let program = Path::new(sibling).with_file_name(name);
    if is_outdated(&program) {
        let mut cargo = Command::new(option_env!("CARGO").unwrap_or("cargo"));
        cargo.args(["build", "-p", package, "--bin", name]);
        // A release build lies in a folder of that name.
        if program
            .parent()
            .is_some_and(|folder| folder.ends_with("release"))
        {
            cargo.arg("--release");
        }
        let status = cargo.status().expect("cargo runs");
        assert!(status.success(), "{name} is built");
    }
    program
}

/// Whether a program is missing, or older than a source that cargo says it was made of (in a file
/// beside it that `make` could read: the program, a colon, its sources).
fn is_outdated(program: &Path) -> bool {
    let changed = |file: &Path| file.metadata().and_then(|data| data.modified()).ok();
    let Some(built) = changed(program) else {
        return true;
    };
    let sources = fs::read_to_string(program.with_extension("d")).unwrap_or_default();
    let sources = sources.split_once(": ").map_or("", |(_, sources)| sources);
    let mut sources = sources.split_whitespace();
    sources.any(|source| changed(Path::new(source)).is_none_or(|changed| changed > built))
}

/// A running service that says in its log, one JSON object a line, where it listens.
pub struct Program {
    child: Child,
    guard: Option<Guard>,
    log: Receiver<Value>,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Program {
    /// Starts `command` and waits for the log line `listening`.
    ///
    /// # Panics
    ///
    /// Where it ends before it says so.
    #[must_use]
    pub fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let guard = Some(Guard::over(child.id(), None));
        let stdout = child.stdout.take().expect("its output is piped");
        let mut lines = BufReader::new(stdout).lines();
        let address = loop {
            let line = lines
                .next()
                .expect("it listens before it ends")
                .expect("its log is text");
            let entry: Value = serde_json::from_str(&line).expect("its log is JSON");
            if let ("listening", Some(address)) = (text(&entry, "message"), entry.get("address")) {
                let address = address.as_str().expect("an address");
                break address.parse().expect("an address and a port");
            }
        };
        let (said, log) = channel();
        // A pipe that nobody reads would fill up.
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Ok(entry) = serde_json::from_str(&line) {
                    // Whether anybody listens is not asked.
                    let _ = said.send(entry);
                }
            }
        });
        Self {
            child,
            guard,
            log,
            address,
        }
    }

    /// Waits until its log says `message`, and tells the whole line.
    ///
    /// # Panics
    ///
    /// Where it ends or is silent for a minute before it says so.
    #[must_use]
    pub fn says(&self, message: &str) -> Value {
        loop {
            let entry = self.log.recv_timeout(PATIENCE).expect("it says more");
            if text(&entry, "message") == message {
                return entry;
            }
        }
    }

    /// Its process id, to send signals to.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its address as a base URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn text<'a>(entry: &'a Value, name: &str) -> &'a str {
    entry.get(name).and_then(Value::as_str).unwrap_or_default()
}

impl Drop for Program {
    fn drop(&mut self) {
        // A guard must not outlive the process: its number may be given to another.
        drop(self.guard.take());
        for ended in [self.child.kill(), self.child.wait().map(drop)] {
            if let Err(error) = ended {
                eprintln!("a program was left behind: {error}");
            }
        }
    }
}
