//! The service as a process, in front of the backend that takes everything.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use integrator_testbed::program::Program;
use serde_json::{Value, json};

use crate::backend;

/// Nothing that is waited for takes this long unless it never comes.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many flows are left in each state: steps move them on while they are asked about.
const FLOWS: usize = 40;

/// A running service.
pub(crate) struct Running {
    program: Program,
    http: reqwest::Client,
}

impl Running {
    pub(crate) async fn start(folder: &Path) -> Self {
        let backend = backend::start().await;
        let config = folder.join("integrator.toml");
        let text = format!("[backends.default]\nbase_url = \"http://{backend}\"\n");
        fs::write(&config, text).expect("written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_appattest-integrator"));
        command
            .current_dir(folder)
            .arg("--config")
            .arg(config)
            .args(["serve", "--listen", "127.0.0.1:0"]);
        let program = tokio::task::spawn_blocking(|| Program::start(command));
        Self {
            program: program.await.expect("it starts"),
            http: reqwest::Client::builder()
                .no_proxy()
                .timeout(PATIENCE)
                .build()
                .expect("a client"),
        }
    }

    pub(crate) fn url(&self) -> String {
        self.program.url()
    }

    /// Handles of flows that were registered, that wait for an assertion, and that are verified.
    pub(crate) async fn flows_in_every_state(&self) -> Vec<String> {
        let steps = [
            ("client-data-hash", json!({})),
            ("assert", json!({ "assertionObject_base64": "YXNz" })),
        ];
        let mut handles = Vec::new();
        for number in 0..FLOWS * (steps.len() + 1) {
            let handle = self.started().await;
            for (step, body) in steps.iter().take(number % (steps.len() + 1)) {
                self.post(&format!("/v1/flows/{handle}/{step}"), body).await;
            }
            handles.push(handle);
        }
        handles
    }

    async fn started(&self) -> String {
        let body = json!({ "keyID_base64": "a2V5", "attestationObject_base64": "YXR0" });
        let observation = self.post("/v1/flows/start", &body).await;
        let handle = observation.get("flowHandle").and_then(Value::as_str);
        handle.expect("a handle").to_owned()
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.url());
        let request = self
            .http
            .post(url)
            .header("content-type", "application/json")
            .body(body.to_string());
        let reply = request.send().await.expect("the service answers");
        assert_eq!(reply.status().as_u16(), 200, "{path}");
        let bytes = reply.bytes().await.expect("a whole body");
        serde_json::from_slice(&bytes).expect("JSON")
    }
}
