//! The real program as a process: its exit codes, its signals, its log, and a machine that gives
//! it little.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot arrange what it needs fails"
)]

mod admission;
mod audit;
mod backends;
mod lines;
mod log;
mod machine;
mod reload;
mod shutdown;
mod start;
mod stores;
mod traces;

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::harness::program::INTEGRATOR;
use crate::harness::{Backend, Client, Reply, Request};

/// Nothing that is waited for takes this long unless it never comes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program to be started in a folder of its own, with nothing of our environment.
struct Launch {
    folder: TempDir,
    command: Command,
}

impl Launch {
    /// The service on a free port, without a drain delay.
    fn service(backend: &Backend) -> Self {
        Self::of(INTEGRATOR)
            .arguments(&["--listen", "127.0.0.1:0"])
            .with(
                "APP_ATTEST_BACKEND_BASE_URL",
                &format!("http://{}", backend.address),
            )
    }

    /// The same, started by a shell that runs `before` first.
    fn service_after(before: &str, backend: &Backend) -> Self {
        let script = format!("{before}; exec \"$0\" --listen 127.0.0.1:0");
        Self::of("sh").arguments(&["-c", &script, INTEGRATOR]).with(
            "APP_ATTEST_BACKEND_BASE_URL",
            &format!("http://{}", backend.address),
        )
    }

    fn of(program: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut command = Command::new(program);
        command
            .current_dir(folder.path())
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let launch = Self { folder, command };
        launch.with("INTEGRATOR__SERVER__DRAIN_DELAY_MS", "0")
    }

    fn with(mut self, variable: &str, value: &str) -> Self {
        self.command.env(variable, value);
        self
    }

    fn arguments(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    /// Waits for its end: exit code, and standard error.
    async fn run_to_its_end(mut self) -> (Option<i32>, String) {
        let output = timeout(PATIENCE, self.command.output()).await;
        let output = output.expect("it ends").expect("it starts");
        let told = String::from_utf8(output.stderr).expect("it is text");
        (output.status.code(), told)
    }

    /// Waits until it listens. Its output from then on is the caller's.
    async fn listening(self) -> (Process, Lines<BufReader<ChildStdout>>) {
        let (process, lines, _) = self.listening_after().await;
        (process, lines)
    }

    /// The same, with what it said until then.
    async fn listening_after(mut self) -> (Process, Lines<BufReader<ChildStdout>>, Vec<String>) {
        let mut child = self.command.spawn().expect("it starts");
        let stdout = child.stdout.take().expect("its output is piped");
        let mut lines = BufReader::new(stdout).lines();
        let mut first = Vec::new();
        let address = loop {
            let line = timeout(PATIENCE, lines.next_line())
                .await
                .expect("it speaks");
            let line = line
                .expect("its log is text")
                .expect("it listens before it ends");
            let address = listening_at(&line);
            first.push(line);
            if let Some(address) = address {
                break address;
            }
        };
        let process = Process {
            child,
            address,
            log: watch::channel(Vec::new()).1,
            folder: self.folder,
        };
        (process, lines, first)
    }

    /// Waits until it listens, and keeps everything that it says.
    async fn started_with_its_first_words(self) -> (Process, Vec<String>) {
        let (mut process, lines, first) = self.listening_after().await;
        process.keep_what_it_says(lines);
        (process, first)
    }

    /// Waits until it listens, and keeps everything that it says from then on.
    async fn start(self) -> Process {
        self.started_with_its_first_words().await.0
    }
}

async fn keep<R: AsyncRead + Unpin>(
    mut lines: Lines<BufReader<R>>,
    said: &watch::Sender<Vec<String>>,
) {
    while let Ok(Some(line)) = lines.next_line().await {
        said.send_modify(|log| log.push(line));
    }
}

/// The address in the log line that tells it, in either format.
fn listening_at(line: &str) -> Option<SocketAddr> {
    if let Ok(entry) = serde_json::from_str::<Value>(line) {
        let is_it = entry.get("message")? == "listening";
        return entry
            .get("address")?
            .as_str()?
            .parse()
            .ok()
            .filter(|_| is_it);
    }
    let (_, after) = line
        .split_once("listening")
        .and_then(|(_, after)| after.split_once("address="))?;
    after.split(' ').next()?.parse().ok()
}

/// A running service; killed with its guard.
struct Process {
    child: Child,
    address: SocketAddr,
    log: watch::Receiver<Vec<String>>,
    folder: TempDir,
}

impl Process {
    fn keep_what_it_says(&mut self, lines: Lines<BufReader<ChildStdout>>) {
        let (said, log) = watch::channel(Vec::new());
        self.log = log;
        let stderr = self.child.stderr.take().expect("its errors are piped");
        tokio::spawn(async move {
            tokio::join!(
                keep(lines, &said),
                keep(BufReader::new(stderr).lines(), &said)
            );
        });
    }

    fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.id()).ok().and_then(Pid::from_raw);
        kill_process(id.expect("an id"), signal).expect("it takes signals");
    }

    /// Its exit code, once it has ended by itself.
    async fn ended(&mut self) -> Option<i32> {
        let status = timeout(PATIENCE, self.child.wait()).await.expect("it ends");
        status.expect("it can be waited for").code()
    }

    /// Waits until a line of the log holds this.
    async fn says(&mut self, text: &str) {
        let is_said = |log: &Vec<String>| log.iter().any(|line| line.contains(text));
        let said = timeout(PATIENCE, self.log.wait_for(is_said))
            .await
            .map(|said| said.map(drop));
        if !matches!(said, Ok(Ok(()))) {
            panic!("it never says {text:?}: {:#?}", self.log.borrow());
        }
    }

    fn log(&self) -> Vec<String> {
        self.log.borrow().clone()
    }

    async fn connect(&self) -> Client {
        Client::connect(self.address).await
    }

    async fn ask(&self, request: Request) -> Reply {
        self.connect().await.ask(&request).await
    }

    async fn start_flow(&self) -> String {
        let start = Request::post("/v1/flows/start", crate::harness::service::START);
        let reply = self.ask(start).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.string("/flowHandle")
    }
}

/// All of a stream that ends.
async fn all_of(mut stream: impl AsyncRead + Unpin) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.expect("it is text");
    text
}
