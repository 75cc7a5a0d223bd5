//! Processes of the integrator over one store: started, killed, stopped and started again.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child as Guard, Command as GuardCommand, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::io::retry_on_intr;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::ledger::{Blow, Book};
use super::numbers::micros;
use super::protocol::{BRIEF, TIMEOUT_MS, WHOLE};

/// Nothing that is waited for takes this long unless it never comes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the processes of a fleet keep their flows: the environment that says so.
pub(crate) type Environment = Vec<(&'static str, String)>;

/// One place of a fleet: its process is replaced when it was killed.
struct Slot {
    store: Environment,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    runs: usize,
    running: Option<Running>,
}

struct Running {
    child: Child,
    guard: Guard,
    name: String,
    address: SocketAddr,
    is_killed: bool,
    stopped: Option<u64>,
}

/// Some processes. They are killed with their guard, and with this process.
#[derive(Clone)]
pub(crate) struct Fleet(Arc<Shared>);

struct Shared {
    book: Book,
    backend: SocketAddr,
    slots: Vec<Slot>,
    protocols: TempDir,
}

impl Fleet {
    /// One process for each environment.
    pub(crate) async fn start(book: Book, backend: SocketAddr, stores: Vec<Environment>) -> Self {
        let protocols = TempDir::new().expect("a folder");
        for (name, text) in [("whole.toml", WHOLE), ("brief.toml", BRIEF)] {
            std::fs::write(protocols.path().join(name), text).expect("a definition is written");
        }
        let slot = |store| Slot {
            store,
            state: Mutex::default(),
        };
        let fleet = Self(Arc::new(Shared {
            book,
            backend,
            slots: stores.into_iter().map(slot).collect(),
            protocols,
        }));
        for slot in 0..fleet.len() {
            fleet.restart(slot).await;
        }
        fleet
    }

    pub(crate) fn len(&self) -> usize {
        self.0.slots.len()
    }

    /// Where a process listens, and its name, unless it was killed.
    pub(crate) fn reach(&self, slot: usize) -> Option<(SocketAddr, String)> {
        let state = self.state(slot);
        let running = state
            .running
            .as_ref()
            .filter(|running| !running.is_killed)?;
        Some((running.address, running.name.clone()))
    }

    /// Kills a process where it stands. Nothing happens to one that is down.
    pub(crate) fn kill(&self, slot: usize) {
        let mut state = self.state(slot);
        let Some(running) = state.running.as_mut().filter(|running| !running.is_killed) else {
            return;
        };
        let blow = running.blow(micros());
        self.0.book.open().kills.push(blow);
        running.is_killed = true;
        running.signal(Signal::KILL);
    }

    /// Stops a process where it stands: its connections stay open.
    pub(crate) fn stop(&self, slot: usize) {
        let mut state = self.state(slot);
        if let Some(running) = state.running.as_mut().filter(|running| !running.is_killed) {
            running.stopped = Some(micros());
            running.signal(Signal::STOP);
            running.until_stopped();
        }
    }

    /// Lets a stopped process go on.
    pub(crate) fn go_on(&self, slot: usize) {
        let mut state = self.state(slot);
        let Some(running) = state.running.as_mut() else {
            return;
        };
        if let Some(from) = running.stopped.take() {
            let blow = Blow {
                until: Some(micros()),
                ..running.blow(from)
            };
            self.0.book.open().stops.push(blow);
            running.signal(Signal::CONT);
        }
    }

    /// Starts a process in a place whose process was killed, and waits until it listens. Nothing
    /// happens where one runs.
    pub(crate) async fn restart(&self, slot: usize) {
        if self.reach(slot).is_some() {
            return;
        }
        let (last, runs) = {
            let mut state = self.state(slot);
            state.runs += 1;
            (state.running.take(), state.runs)
        };
        if let Some(mut last) = last {
            last.child.wait().await.expect("a killed process ends");
        }
        let name = format!("{}{runs}", ["a", "b"].get(slot).unwrap_or(&"c"));
        let running = self.launch(slot, name).await;
        self.state(slot).running = Some(running);
    }

    /// Everything up again.
    pub(crate) async fn recover(&self) {
        for slot in 0..self.len() {
            self.go_on(slot);
            self.restart(slot).await;
        }
    }

    fn state(&self, slot: usize) -> MutexGuard<'_, State> {
        let slot = self.0.slots.get(slot).expect("a place of the fleet");
        slot.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn launch(&self, slot: usize, name: String) -> Running {
        let shared = &self.0;
        let slot = shared.slots.get(slot).expect("a place of the fleet");
        let mut command = Command::new(program());
        command
            .args(["--listen", "127.0.0.1:0"])
            .env_clear()
            .envs(environment(shared.protocols.path(), shared.backend, &name))
            .envs(slot.store.clone())
            .current_dir(shared.protocols.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().expect("the program starts");
        let guard = guard_over(&child);
        let stdout = child.stdout.take().expect("its output is piped");
        let mut lines = BufReader::new(stdout).lines();
        let mut said = Vec::new();
        let address = loop {
            let line = timeout(PATIENCE, lines.next_line())
                .await
                .expect("it speaks");
            let Some(line) = line.expect("its log is text") else {
                panic!("{name} ends before it listens: {said:#?}");
            };
            if let Some(address) = listening_at(&line) {
                break address;
            }
            said.push(line);
        };
        // A pipe that nobody reads would fill up.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Running {
            child,
            guard,
            name,
            address,
            is_killed: false,
            stopped: None,
        }
    }
}

impl Running {
    fn signal(&self, signal: Signal) {
        // One that has ended by itself needs no signal; its callers find out.
        if let Some(id) = self.id() {
            let _ = kill_process(id, signal);
        }
    }

    /// A signal that was sent is not taken yet: on a busy machine a thread may run on for long
    /// enough to save an answer.
    fn until_stopped(&self) {
        let settled = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        if let Some(id) = self.id() {
            let _ = retry_on_intr(|| waitid(WaitId::Pid(id), settled));
        }
    }

    fn id(&self) -> Option<Pid> {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        id.and_then(Pid::from_raw)
    }

    fn blow(&self, from: u64) -> Blow {
        Blow {
            process: self.name.clone(),
            from,
            until: None,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        for ended in [self.guard.kill(), self.guard.wait().map(drop)] {
            if let Err(error) = ended {
                eprintln!("the guard of a process was left behind: {error}");
            }
        }
    }
}

/// Kills a process whose test was killed itself: its input ends with the test, in whichever way.
fn guard_over(child: &Child) -> Guard {
    let id = child.id().expect("it runs");
    GuardCommand::new("sh")
        .args(["-c", "read -r _; kill -s KILL \"$1\"", "guard"])
        .arg(id.to_string())
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("sh starts")
}

/// The program under test: the one that was built with this one, unless the environment names
/// another, which is how the harness itself is tested.
fn program() -> String {
    let named = std::env::var("INTEGRATOR_CRASH_BINARY");
    named.unwrap_or_else(|_| env!("CARGO_BIN_EXE_appattest-integrator").to_owned())
}

/// Each run of a process calls the backend under a path of its own.
fn environment(protocols: &Path, backend: SocketAddr, name: &str) -> Environment {
    vec![
        (
            "INTEGRATOR__PROTOCOLS__DIR",
            protocols.to_string_lossy().into_owned(),
        ),
        ("INTEGRATOR__PROTOCOLS__DEFAULT", "whole".to_owned()),
        (
            "INTEGRATOR__BACKENDS__DEFAULT__BASE_URL",
            format!("http://{backend}/{name}"),
        ),
        (
            "INTEGRATOR__BACKENDS__DEFAULT__TIMEOUT_MS",
            TIMEOUT_MS.to_string(),
        ),
        ("INTEGRATOR__FLOWS__SWEEP_INTERVAL_MS", "200".to_owned()),
        // Told, so that no process reads its whole program to find out.
        ("APP_ATTEST_BUILD_SHA256", "0".repeat(64)),
    ]
}

fn listening_at(line: &str) -> Option<SocketAddr> {
    let entry: serde_json::Value = serde_json::from_str(line).ok()?;
    let is_it = entry.get("message")? == "listening";
    let address = entry.get("address")?.as_str()?.parse().ok();
    address.filter(|_| is_it)
}
