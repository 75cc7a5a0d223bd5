//! A Redis server of one's own.

mod resp;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

use crate::port;
use crate::process::Process;

/// How often a port may turn out to be taken before something else is wrong.
const ATTEMPTS: usize = 10;

/// What a server remembers after it was killed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Persistence {
    /// Nothing.
    #[default]
    None,
    /// The last snapshot: the test takes one with `SAVE`, the server by itself after an hour.
    Snapshots,
    /// A log that is flushed to disk every second. A killed process loses nothing of it, since the
    /// kernel has what was written; a machine without power does.
    EverySecond,
    /// A log that is flushed to disk before a write is acknowledged.
    Always,
}

/// How a server is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// What is remembered after the server was killed.
    pub persistence: Persistence,
    /// What happens to keys when the memory is full.
    pub maxmemory_policy: String,
    /// The number of databases: tests that share a server take one each.
    pub databases: u32,
    /// Whether the server is a cluster of one node, which holds all slots and one database.
    pub cluster: bool,
    /// A password of letters and digits, that every client must give.
    pub password: Option<String>,
    /// Further settings, as the configuration file names them.
    pub settings: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            persistence: Persistence::None,
            maxmemory_policy: "noeviction".to_owned(),
            databases: 16,
            cluster: false,
            password: None,
            settings: Vec::new(),
        }
    }
}

/// A server on a port and in a folder of its own; both are its own until it is dropped.
pub struct Server {
    options: Options,
    port: u16,
    process: Mutex<Option<Process>>,
    folder: TempDir,
}

impl Server {
    /// Starts a server and waits until it answers.
    ///
    /// # Panics
    ///
    /// If it does not come up. So do all methods whose work cannot be done.
    #[must_use]
    pub fn start(options: Options) -> Self {
        let mut told = String::new();
        for _ in 0..ATTEMPTS {
            // A folder for each: what a failed start leaves behind must not be read by the next.
            let folder = tempfile::tempdir().expect("a temporary folder is made");
            let port = port::free();
            match options.launch(port, folder.path()) {
                Ok(process) => {
                    return Self {
                        options,
                        port,
                        process: Mutex::new(Some(process)),
                        folder,
                    };
                }
                Err(log) if port::was_taken(&log) => told = log,
                Err(log) => panic!("redis-server does not come up: {log}"),
            }
        }
        panic!("redis-server found {ATTEMPTS} ports taken; the last time {told}");
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// The URL of one of its databases, with the password.
    #[must_use]
    pub fn url(&self, database: u32) -> String {
        let credentials = self.options.password.as_ref();
        let credentials = credentials.map_or(String::new(), |password| format!(":{password}@"));
        format!("redis://{credentials}{}/{database}", self.address())
    }

    /// Sends one command to the first database, over a connection of its own, and returns the
    /// reply as text: nothing for nil, one line for each element of an array.
    pub fn command(&self, words: &[&str]) -> String {
        self.try_command(words)
            .unwrap_or_else(|error| panic!("{words:?} was refused: {error}"))
    }

    /// As [`Server::command`], with the refusal as the error: `CROSSSLOT Keys in request …`.
    pub fn try_command(&self, words: &[&str]) -> Result<String, String> {
        resp::ask(self.address(), self.options.password.as_deref(), words)
    }

    /// Kills the server at once, as a lack of memory would. Nothing happens if it is not running.
    pub fn kill(&self) {
        let running = self.process().take();
        if let Some(process) = running {
            process.kill();
        }
    }

    /// Starts the server again on its port and its folder, after killing it if it still runs, and
    /// waits until it has loaded what it remembers.
    pub fn restart(&self) {
        self.kill();
        let process = self.options.launch(self.port, self.folder.path());
        let process =
            process.unwrap_or_else(|log| panic!("redis-server does not come back: {log}"));
        *self.process() = Some(process);
    }

    /// Stops the server where it stands: connections stay open, and nothing is answered.
    pub fn pause(&self) {
        self.process().as_ref().map(Process::pause);
    }

    /// Lets a paused server go on.
    pub fn resume(&self) {
        self.process().as_ref().map(Process::resume);
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Options {
    /// One run of the server, which answers; or its log.
    fn launch(&self, port: u16, folder: &Path) -> Result<Process, String> {
        let mut command = Command::new("redis-server");
        for (name, value) in self.lines(port, folder) {
            command.arg(format!("--{name}")).arg(value);
        }
        let process = Process::start(command, folder);
        let come_up = || {
            process.wait_for("Ready to accept connections")?;
            if self.cluster {
                self.take_all_slots(port)?;
                // A node that has just begun waits two seconds before it believes in its slots.
                process.wait_for("Cluster state changed: ok")?;
            }
            Ok(())
        };
        match come_up() {
            Ok(()) => Ok(process),
            Err(log) => {
                process.kill();
                Err(log)
            }
        }
    }

    fn lines(&self, port: u16, folder: &Path) -> Vec<(String, String)> {
        let (save, appendonly, appendfsync) = match self.persistence {
            Persistence::None => ("", "no", "no"),
            Persistence::Snapshots => ("3600 1", "no", "no"),
            Persistence::EverySecond => ("", "yes", "everysec"),
            Persistence::Always => ("", "yes", "always"),
        };
        let port = port.to_string();
        let databases = self.databases.to_string();
        let folder = folder.to_string_lossy();
        let mut lines = vec![
            ("bind", "127.0.0.1"),
            ("port", &port),
            ("dir", &folder),
            ("save", save),
            ("appendonly", appendonly),
            ("appendfsync", appendfsync),
            ("maxmemory-policy", &self.maxmemory_policy),
            ("databases", &databases),
        ];
        if self.cluster {
            lines.push(("cluster-enabled", "yes"));
            // A node that has met nobody does not know its own address, and clients ask for it.
            lines.push(("cluster-announce-ip", "127.0.0.1"));
        }
        if let Some(password) = &self.password {
            lines.push(("requirepass", password));
        }
        let further = self.settings.iter().map(|(n, v)| (n.as_str(), v.as_str()));
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        lines.into_iter().chain(further).map(owned).collect()
    }

    /// A node that was restarted has its slots already.
    fn take_all_slots(&self, port: u16) -> Result<(), String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let ask = |words: &[&str]| resp::ask(address, self.password.as_deref(), words);
        let has_slots = ask(&["CLUSTER", "INFO"])?.contains("cluster_slots_assigned:16384");
        if !has_slots {
            ask(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"])?;
        }
        Ok(())
    }
}
