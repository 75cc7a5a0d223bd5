//! A service in front of a backend, and a Prometheus that scrapes it by the rules that operators
//! are given.

use std::net::SocketAddr;
use std::process::Command;

use integrator_testbed::program::Program;
use integrator_testbed::prometheus::{Options, Server};
use tempfile::TempDir;

use crate::backend::Backend;
use crate::page::text;
use crate::scaled::scaled;

const INTEGRATOR: &str = env!("CARGO_BIN_EXE_appattest-integrator");

/// Everything that an operator would have, on one machine.
pub(crate) struct Scene {
    pub(crate) backend: Backend,
    pub(crate) prometheus: Server,
    integrator: Program,
    _folder: TempDir,
}

/// How a scene is set up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    /// By how much every duration of the rules and of the protocol is divided.
    pub(crate) factor: u64,
    /// How long a call may take.
    pub(crate) timeout_ms: u32,
    /// Whether admission control is on, as it is configured unless something is said.
    pub(crate) admission: bool,
}

impl Scene {
    pub(crate) fn set(setup: Setup) -> Self {
        let backend = Backend::start();
        let folder = tempfile::tempdir().expect("a folder");
        let definition = text("config/protocols/app-attest.toml");
        let ttl = 300 / setup.factor;
        let definition = definition.replace(r#""5m""#, &format!(r#""{ttl}s""#));
        let file = folder.path().join("app-attest.toml");
        std::fs::write(file, definition).expect("a definition is written");
        let mut command = Command::new(INTEGRATOR);
        command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env_clear()
            .env("INTEGRATOR__PROTOCOLS__DIR", folder.path())
            .env(
                "INTEGRATOR__BACKENDS__DEFAULT__TIMEOUT_MS",
                setup.timeout_ms.to_string(),
            )
            .env(
                "INTEGRATOR__ADMISSION__ENABLED",
                setup.admission.to_string(),
            )
            .env("APP_ATTEST_BACKEND_BASE_URL", backend.url())
            .current_dir(folder.path());
        let integrator = Program::start(command);
        Self {
            prometheus: Server::start(&over(integrator.address, setup.factor)),
            backend,
            integrator,
            _folder: folder,
        }
    }

    /// Where the integrator listens.
    pub(crate) const fn integrator(&self) -> SocketAddr {
        self.integrator.address
    }
}

/// A Prometheus that scrapes this address under the job that the alerts ask for.
pub(crate) fn over(target: SocketAddr, factor: u64) -> Options {
    let file = |name: &str| {
        let text = text(&format!("config/prometheus/{name}"));
        (name.to_owned(), scaled(&text, factor))
    };
    Options {
        configuration: format!(
            "global: {{scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}}\n\
             rule_files: [recording.yml, alerts.yml]\n\
             scrape_configs:\n\
             - job_name: appattest-integrator\n\
             \x20 static_configs: [{{targets: ['{target}']}}]\n"
        ),
        files: vec![file("recording.yml"), file("alerts.yml")],
        lookback: format!("{}ms", 300_000 / factor),
    }
}
