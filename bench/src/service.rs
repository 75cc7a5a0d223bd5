//! A running service over one store.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub(crate) struct Service {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Service {
    /// Starts `program` before `backend`, with these settings of its store.
    pub(crate) fn start(program: &Path, backend: SocketAddr, store: &[(&str, String)]) -> Self {
        let mut command = Command::new(program);
        command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env_clear()
            .env("APP_ATTEST_BACKEND_BASE_URL", format!("http://{backend}"))
            .env("INTEGRATOR__LOG__LEVEL", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        for (name, value) in store {
            command.env(name, value);
        }
        let child = command.spawn();
        let mut child = child.unwrap_or_else(|error| {
            panic!(
                "{} does not start: {error}; build it with cargo build --release",
                program.display()
            )
        });
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let address = loop {
            let line = lines.next().expect("it listens before it ends");
            let line = line.expect("its log is text");
            if line.contains(r#""listening""#) {
                let address = line.split_once(r#""address":""#);
                let address = address.and_then(|(_, rest)| rest.split_once('"'));
                break address
                    .and_then(|(address, _)| address.parse().ok())
                    .expect("an address");
            }
        };
        // A pipe that nobody reads would fill up.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        for ended in [self.child.kill(), self.child.wait().map(drop)] {
            if let Err(error) = ended {
                eprintln!("a service was left behind: {error}");
            }
        }
    }
}
