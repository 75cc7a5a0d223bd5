//! A running service.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub(crate) struct Service {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Service {
    /// Starts `program` before `backend`, with these variables.
    pub(crate) fn start(program: &Path, backend: SocketAddr, variables: &[(&str, String)]) -> Self {
        let mut command = Command::new(program);
        command.env_clear();
        Self::of(command, backend, variables)
    }

    /// Starts it where its instructions are counted, which [`Service::end`] tells.
    pub(crate) fn start_counted(
        program: &Path,
        backend: SocketAddr,
        variables: &[(&str, String)],
    ) -> Self {
        let mut command = Command::new("valgrind");
        command
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(program)
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap_or_default())
            .env("INTEGRATOR__SERVER__DRAIN_DELAY_MS", "0")
            // Whatever is counted runs some fifty times slower.
            .env("APP_ATTEST_BACKEND_TIMEOUT_MS", "60000")
            .stderr(Stdio::piped());
        Self::of(command, backend, variables)
    }

    fn of(mut command: Command, backend: SocketAddr, variables: &[(&str, String)]) -> Self {
        command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env("APP_ATTEST_BACKEND_BASE_URL", format!("http://{backend}"))
            .env("INTEGRATOR__LOG__LEVEL", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        for (name, value) in variables {
            command.env(name, value);
        }
        let child = command.spawn();
        let mut child = child.unwrap_or_else(|error| {
            let program = command.get_program().display();
            panic!("{program} does not start: {error}; the project's are built with cargo build --release")
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

    /// Asks it to end, waits until it has, and tells what was written beside its log.
    pub(crate) fn end(mut self) -> String {
        let asked = Command::new("kill")
            .arg(self.child.id().to_string())
            .status()
            .expect("kill runs");
        assert!(asked.success(), "the service runs");
        let mut written = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            let read = stderr.read_to_string(&mut written);
            read.expect("what it writes is text");
        }
        self.child.wait().expect("it ends");
        written
    }

    /// How long its threads have run so far, as the kernel counts it to the nanosecond. They all
    /// live as long as the service.
    pub(crate) fn processor_time(&self) -> Duration {
        let threads = fs::read_dir(format!("/proc/{}/task", self.child.id()));
        let threads = threads.expect("the service runs").map(|thread| {
            let path = thread.expect("a thread").path().join("schedstat");
            let text = fs::read_to_string(path).expect("the kernel counts");
            let ran = text.split(' ').next().and_then(|ran| ran.parse().ok());
            Duration::from_nanos(ran.expect("a number"))
        });
        threads.sum()
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
