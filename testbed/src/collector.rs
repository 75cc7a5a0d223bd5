//! An OpenTelemetry collector of one's own: rotel, which takes traces by OTLP over HTTP, reads and
//! batches them as any collector does, and passes them on to whoever the test says.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

use crate::port;
use crate::process::Process;
use crate::python;

/// The wheels that its program is in.
const LISTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/collector/rotel.txt");
/// How often a port may turn out to be taken before something else is wrong.
const ATTEMPTS: usize = 10;
/// A collector on a port of its own.
pub struct Collector {
    port: u16,
    passes_on_to: SocketAddr,
    process: Mutex<Option<Process>>,
    folder: TempDir,
    program: PathBuf,
}

impl Collector {
    /// Starts one and waits until it takes traces. It passes them on, compressed with gzip, to
    /// `/v1/traces` at `passes_on_to`. `kept` is where cargo lets tests keep files.
    ///
    /// # Panics
    ///
    /// If it does not come up, with its own words. So do all methods whose work cannot be done.
    #[must_use]
    pub fn start(kept: impl AsRef<Path>, passes_on_to: SocketAddr) -> Self {
        let installed = python::packages(kept, "rotel", LISTED);
        let folder = tempfile::tempdir().expect("a folder");
        let program = installed.join("rotel/rotel-agent");
        let mut told = String::new();
        for _ in 0..ATTEMPTS {
            let port = port::free();
            match launch(&program, folder.path(), port, passes_on_to) {
                Ok(process) => {
                    return Self {
                        port,
                        passes_on_to,
                        process: Mutex::new(Some(process)),
                        folder,
                        program,
                    };
                }
                Err(log) if port::was_taken(&log) => told = log,
                Err(log) => panic!("the collector does not come up: {log}"),
            }
        }
        panic!("the collector found {ATTEMPTS} ports taken; the last time {told}");
    }

    /// Where it takes traces: the URL without `/v1/traces`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends it at once.
    pub fn kill(&self) {
        let running = self.process().take();
        if let Some(process) = running {
            process.kill();
        }
    }

    /// Starts it again on its port, after killing it if it still runs.
    pub fn restart(&self) {
        self.kill();
        let process = launch(
            &self.program,
            self.folder.path(),
            self.port,
            self.passes_on_to,
        );
        let process = process.unwrap_or_else(|log| panic!("it does not come back: {log}"));
        *self.process() = Some(process);
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.kill();
    }
}

fn launch(
    program: &Path,
    folder: &Path,
    port: u16,
    passes_on_to: SocketAddr,
) -> Result<Process, String> {
    let mut command = Command::new(program);
    command
        .env_clear()
        .arg("start")
        // gRPC is nobody's here.
        .args(["--otlp-grpc-endpoint", "127.0.0.1:0"])
        .args(["--otlp-http-endpoint", &format!("127.0.0.1:{port}")])
        .args(["--exporter", "otlp", "--otlp-exporter-protocol", "http"])
        .args([
            "--otlp-exporter-endpoint",
            &format!("http://{passes_on_to}"),
        ])
        .args(["--debug-log", "traces", "--log-format", "json"]);
    let process = Process::start(command, folder);
    // It has bound its port when it says this.
    match process.wait_for("Starting Rotel") {
        Ok(()) => Ok(process),
        Err(log) => {
            process.kill();
            Err(log)
        }
    }
}
