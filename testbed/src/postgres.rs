//! A PostgreSQL server of one's own.

mod account;
mod programs;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

use self::account::Account;
use self::programs::Programs;
use crate::port;
use crate::process::Process;

/// How often a port may turn out to be taken before something else is wrong.
const ATTEMPTS: usize = 10;

/// The folder of the data, within that of the server.
const DATA: &str = "data";

/// How a server is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether a commit waits for the disk. A killed process loses nothing without it, since the
    /// kernel has what was written; a machine without power does.
    pub fsync: bool,
    /// The most connections at a time.
    pub max_connections: u32,
    /// Further settings, as the configuration file names them.
    pub settings: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            fsync: false,
            max_connections: 200,
            settings: Vec::new(),
        }
    }
}

/// A server on a port and in a folder of its own; both are its own until it is dropped. Whoever
/// connects on the loopback is its superuser `integrator`.
pub struct Server {
    options: Options,
    programs: Programs,
    account: Account,
    port: u16,
    process: Mutex<Option<Process>>,
    folder: TempDir,
}

impl Server {
    /// Makes a data folder, starts a server on it and waits until it answers.
    ///
    /// # Panics
    ///
    /// If it does not come up. So do all methods whose work cannot be done.
    #[must_use]
    pub fn start(options: Options) -> Self {
        let account = Account::for_servers();
        let folder = tempfile::tempdir().expect("a temporary folder is made");
        account.own(folder.path());
        let mut server = Self {
            options,
            programs: Programs::find(),
            account,
            port: 0,
            process: Mutex::new(None),
            folder,
        };
        server.make_data();
        let mut told = String::new();
        for _ in 0..ATTEMPTS {
            server.port = port::free();
            match server.launch() {
                Ok(process) => {
                    *server.process() = Some(process);
                    return server;
                }
                Err(log) if port::was_taken(&log) => told = log,
                Err(log) => panic!("postgres does not come up: {log}"),
            }
        }
        panic!("postgres found {ATTEMPTS} ports taken; the last time {told}");
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// The URL of a database; `postgres` is there from the start.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://integrator@{}/{database}", self.address())
    }

    /// Makes an empty schema, in place of the one that has this name, and returns a URL whose
    /// connections find and make their tables there: tests that share a server take one each.
    #[must_use]
    pub fn schema_url(&self, schema: &str) -> String {
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        assert!(
            schema.bytes().all(is_plain),
            "the schema {schema:?} has other characters than a-z, 0-9 and _"
        );
        self.psql(&format!(
            "SET client_min_messages = warning; DROP SCHEMA IF EXISTS {schema} CASCADE; \
             CREATE SCHEMA {schema}"
        ));
        format!("{}?options=-csearch_path%3D{schema}", self.url("postgres"))
    }

    /// Runs SQL in the database `postgres` and returns the rows, one a line, with `|` between
    /// columns. Several statements are one transaction.
    pub fn psql(&self, sql: &str) -> String {
        let mut command = self.programs.command("psql");
        command.args(["-qtAX", "-v", "ON_ERROR_STOP=1", "-c", sql]);
        command.args(["-d", &self.url("postgres")]);
        self.run(command).trim_end().to_owned()
    }

    /// Kills all processes of the server at once, as a lack of memory would. Nothing happens if
    /// it is not running.
    pub fn kill(&self) {
        let running = self.process().take();
        if let Some(process) = running {
            process.kill();
            self.forget_lock();
        }
    }

    /// Starts the server again on its port and its data, after killing it if it still runs, and
    /// waits until it has recovered and answers.
    pub fn restart(&self) {
        self.kill();
        let process = self.launch();
        let process = process.unwrap_or_else(|log| panic!("postgres does not come back: {log}"));
        *self.process() = Some(process);
    }

    /// Stops all processes of the server where they stand: connections stay open, and nothing is
    /// answered.
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

    fn make_data(&self) {
        let mut command = self.programs.command("initdb");
        command.args(["-D", DATA, "--username=integrator", "--auth=trust"]);
        command.args(["--encoding=UTF8", "--locale=C"]);
        command.args(["--no-sync", "--no-instructions"]);
        self.account.runs(&mut command);
        self.run(command);
    }

    /// One run of the server, which answers; or its log.
    fn launch(&self) -> Result<Process, String> {
        let mut command = self.programs.command("postgres");
        command.args(["-D", DATA]);
        let fsync = if self.options.fsync { "on" } else { "off" };
        let port = self.port.to_string();
        let most = self.options.max_connections.to_string();
        let ours = [
            ("listen_addresses", "127.0.0.1"),
            ("port", &port),
            ("unix_socket_directories", ""),
            ("fsync", fsync),
            ("max_connections", &most),
        ];
        let further = &self.options.settings;
        let further = further.iter().map(|(n, v)| (n.as_str(), v.as_str()));
        for (name, value) in ours.into_iter().chain(further) {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        self.account.runs(&mut command);
        let process = Process::start(command, self.folder.path());
        match process.wait_for("database system is ready to accept connections") {
            Ok(()) => Ok(process),
            Err(log) => {
                process.kill();
                self.forget_lock();
                Err(log)
            }
        }
    }

    /// A killed server leaves its lock, which names a process whose number may be given to another,
    /// and a segment of shared memory, of which a machine has a few thousand.
    fn forget_lock(&self) {
        let lock = self.folder.path().join(DATA).join("postmaster.pid");
        let Ok(text) = fs::read_to_string(&lock) else {
            return;
        };
        if let Some(segment) = segment_of(&text) {
            // Gone already, or left behind: neither keeps a server from starting.
            let _ = Command::new("ipcrm")
                .args(["-m", segment])
                .stderr(Stdio::null())
                .status();
        }
        if let Err(error) = fs::remove_file(&lock) {
            eprintln!("{} was left behind: {error}", lock.display());
        }
    }

    /// Runs a program to its end and returns what it wrote.
    fn run(&self, mut command: Command) -> String {
        let output = command
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        assert!(
            output.status.success(),
            "{command:?} failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The seventh line of the lock holds the key and the identifier of the segment.
fn segment_of(lock: &str) -> Option<&str> {
    lock.lines().nth(6)?.split_whitespace().nth(1)
}
