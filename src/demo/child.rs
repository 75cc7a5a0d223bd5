//! The processes that the demonstration starts, and ends again.

use std::env;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{ChildStdout, Command};
use tokio::time::timeout;

use super::DemoError;

/// How long a process may take until it listens, and until it has ended when asked to.
const PATIENCE: Duration = Duration::from_secs(20);

/// A service that listens on a port of its own choice.
pub(super) struct Child {
    process: tokio::process::Child,
    address: String,
}

impl Child {
    /// Starts the reference backend under a test root.
    pub(super) async fn backend(
        program: &Path,
        app: &str,
        root: &Path,
        folder: &Path,
    ) -> Result<Self, DemoError> {
        let mut command = Command::new(program);
        command
            .args(["--listen", "127.0.0.1:0", "--app", app])
            .arg("--trust-anchor")
            .arg(root);
        Self::start("backend", command, folder).await
    }

    /// Starts this program again, as the service, in front of that backend.
    pub(super) async fn integrator(backend: &str, folder: &Path) -> Result<Self, DemoError> {
        let program = env::current_exe().map_err(DemoError::io("this program's own path"))?;
        let mut command = Command::new(program);
        for (name, _) in env::vars_os().filter(|(name, _)| is_ours(name)) {
            command.env_remove(name);
        }
        command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .current_dir(folder)
            .env("INTEGRATOR__BACKENDS__DEFAULT__BASE_URL", backend)
            .env("INTEGRATOR__SERVER__DRAIN_DELAY_MS", "0");
        Self::start("integrator", command, folder).await
    }

    /// Where it answers.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Asks it to stop, and waits until it has.
    pub(super) async fn end(&mut self) {
        let pid = self
            .process
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        let asked = pid.is_some_and(|pid| kill_process(pid, Signal::TERM).is_ok());
        let ended = asked && timeout(PATIENCE, self.process.wait()).await.is_ok();
        if !ended && let Err(error) = self.process.kill().await {
            eprintln!("a process could not be ended: {error}");
        }
    }

    /// Starts `command` in a process group of its own, so that Ctrl-C reaches the demonstration
    /// alone, which then ends its children in order. The service's log goes to a file.
    async fn start(name: &str, mut command: Command, folder: &Path) -> Result<Self, DemoError> {
        let failed = || DemoError::io(format!("the {name} cannot be started"));
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed())?;
        let log = folder.join(format!("{name}.log"));
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .await
            .map_err(failed())?;
        let stdout = process.stdout.take();
        let lines = stdout.map(|stdout| BufReader::new(stdout).lines());
        let listening = timeout(PATIENCE, listening(lines, log)).await;
        match listening.ok().flatten() {
            Some(address) => Ok(Self { process, address }),
            None => Err(DemoError::Failed(format!("the {name} does not come up"))),
        }
    }
}

/// Settings of whoever runs the demonstration; it brings its own.
fn is_ours(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("INTEGRATOR__") || name.starts_with("APP_ATTEST_")
}

/// Reads the log until it names the address that is listened on; the rest is read in the
/// background, since a full pipe would cost log lines.
async fn listening(lines: Option<Lines<BufReader<ChildStdout>>>, mut log: File) -> Option<String> {
    let mut lines = lines?;
    while let Ok(Some(line)) = lines.next_line().await {
        write(&mut log, &line).await;
        let entry: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        let member = |name: &str| entry.get(name).and_then(|value| value.as_str());
        if member("message") == Some("listening") {
            let address = member("address")?.to_owned();
            tokio::spawn(async move {
                while let Ok(Some(line)) = lines.next_line().await {
                    write(&mut log, &line).await;
                }
            });
            return Some(address);
        }
    }
    None
}

async fn write(log: &mut File, line: &str) {
    if let Err(error) = log.write_all(format!("{line}\n").as_bytes()).await {
        eprintln!("a log line could not be written: {error}");
    }
}
