//! The service as a process, the authorities behind it, and a product backend in front of it.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot arrange what it needs fails; it calls the service as a product backend does"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use integrator_testbed::program::{Program, beside};
use serde_json::Value;
use tempfile::TempDir;

/// Nothing that is waited for takes this long unless it never comes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The service's program.
pub(crate) const INTEGRATOR: &str = env!("CARGO_BIN_EXE_appattest-integrator");

/// One of the authorities in `examples/authorities`, as a process on a port of its own.
pub(crate) fn authority(name: &str, arguments: &[&str]) -> Program {
    let mut command = Command::new(beside(INTEGRATOR, "integrator-authorities", name));
    command.args(arguments);
    Program::start(command)
}

/// The service as a process.
pub(crate) struct Integrator {
    program: Program,
    http: reqwest::Client,
    _folder: TempDir,
}

/// A reply as it arrived.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Integrator {
    /// Starts the service with the shipped definition of `protocol` as it stands in
    /// `config/protocols`, in front of the backend at `base_url`.
    pub(crate) fn of(protocol: &str, base_url: &str) -> Self {
        Self::with(protocol, base_url, "")
    }

    /// The same, with more lines in the configuration file.
    pub(crate) fn with(protocol: &str, base_url: &str, more: &str) -> Self {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/protocols");
        let text = fs::read_to_string(shipped.join(format!("{protocol}.toml")));
        let text = text.expect("the definition is shipped");
        Self::defined(protocol, &text, base_url, more)
    }

    /// Starts the service with a definition of `protocol`.
    pub(crate) fn defined(protocol: &str, definition: &str, base_url: &str, more: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let protocols = folder.path().join("protocols");
        fs::create_dir(&protocols).expect("a folder");
        let file = protocols.join(format!("{protocol}.toml"));
        fs::write(file, definition).expect("written");
        let mut config = String::new();
        let default = if protocol == "app-attest" {
            ""
        } else {
            protocol
        };
        writeln!(config, "[protocols]\ndir = {protocols:?}").expect("text");
        if !default.is_empty() {
            writeln!(config, "default = {default:?}").expect("text");
        }
        writeln!(
            config,
            "[backends.default]\nbase_url = {base_url:?}\n{more}"
        )
        .expect("text");
        let file = folder.path().join("integrator.toml");
        fs::write(&file, config).expect("written");
        let mut command = Command::new(INTEGRATOR);
        command
            .current_dir(folder.path())
            .arg("--config")
            .arg(file)
            .args(["serve", "--listen", "127.0.0.1:0"]);
        Self {
            program: Program::start(command),
            http: reqwest::Client::builder()
                .no_proxy()
                .timeout(PATIENCE)
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .expect("a client"),
            _folder: folder,
        }
    }

    pub(crate) fn url(&self) -> String {
        self.program.url()
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        let url = format!("{}{path}", self.url());
        reply(self.http.get(url)).await
    }

    /// Posts JSON.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(
            path,
            &[("content-type", "application/json")],
            body.to_string(),
        )
        .await
    }

    /// Posts bytes with headers.
    pub(crate) async fn send(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Reply {
        let url = format!("{}{path}", self.url());
        let mut request = self.http.post(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        reply(request.body(body.into())).await
    }

    /// Starts a flow of the shipped protocol.
    pub(crate) async fn start(&self, body: &Value) -> Reply {
        self.post("/v1/flows/start", body).await
    }

    /// Runs a step of a flow.
    pub(crate) async fn step(&self, handle: &str, step: &str, body: &Value) -> Reply {
        self.post(&format!("/v1/flows/{handle}/{step}"), body).await
    }

    /// The state in which a flow is read.
    pub(crate) async fn state(&self, handle: &str) -> String {
        let status = self.get(&format!("/v1/flows/{handle}/status")).await;
        status.text("/state")
    }
}

async fn reply(request: reqwest::RequestBuilder) -> Reply {
    let response = request.send().await.expect("the service answers");
    Reply {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.bytes().await.expect("a whole body").to_vec(),
    }
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(&self.body)))
    }

    /// The member at a JSON pointer; `null` where there is none.
    pub(crate) fn member(&self, pointer: &str) -> Value {
        self.json().pointer(pointer).cloned().unwrap_or_default()
    }

    /// The string at a JSON pointer.
    pub(crate) fn text(&self, pointer: &str) -> String {
        let member = self.member(pointer);
        let text = member.as_str();
        text.unwrap_or_else(|| panic!("no string at {pointer} in {}", self.json()))
            .to_owned()
    }

    /// The flow's handle.
    pub(crate) fn handle(&self) -> String {
        self.text("/flowHandle")
    }
}
