//! Real programs as processes: started on ports of their own choice, ended with their guard.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// The service's program.
pub(crate) const INTEGRATOR: &str = env!("CARGO_BIN_EXE_appattest-integrator");

/// The reference backend's program: beside the service's, built where it is not there yet.
pub(crate) fn reference_backend() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let program = BUILT.get_or_init(|| {
        let program = PathBuf::from(INTEGRATOR).with_file_name("appattest-backend");
        if !program.is_file() {
            let cargo = Command::new(env!("CARGO"))
                .args(["build", "-p", "appattest-backend"])
                .status();
            assert!(
                cargo.expect("cargo runs").success(),
                "appattest-backend is built"
            );
        }
        program
    });
    program.clone()
}

/// A running service that says in its log where it listens.
pub(crate) struct Program {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Program {
    /// Starts `command` and waits for the log line `listening`.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stdout = child.stdout.take().expect("its output is piped");
        let mut lines = BufReader::new(stdout).lines();
        let address = loop {
            let line = lines
                .next()
                .expect("it listens before it ends")
                .expect("its log is text");
            let entry: serde_json::Value = serde_json::from_str(&line).expect("its log is JSON");
            if entry["message"] == "listening" {
                let address = entry["address"].as_str().expect("an address");
                break address.parse().expect("an address and a port");
            }
        };
        // A pipe that nobody reads would fill up.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        for ended in [self.child.kill(), self.child.wait().map(drop)] {
            if let Err(error) = ended {
                eprintln!("a program was left behind: {error}");
            }
        }
    }
}
