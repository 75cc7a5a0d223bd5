//! The demonstration as a product backend: it speaks to the integrator as any caller would.

use std::time::Duration;

use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use tokio::time::Instant;

use super::DemoError;

/// A caller of the integrator, who asks the backend for nothing but registration challenges.
pub(super) struct Http {
    client: Client,
    integrator: String,
    backend: String,
}

/// A reply, with what the demonstration shows of it.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) replayed: bool,
    pub(super) text: String,
    pub(super) body: Value,
    pub(super) took: Duration,
}

impl Reply {
    /// A member of the reply that is a string.
    pub(super) fn member(&self, name: &str) -> Result<&str, DemoError> {
        let value = self.body.get(name).and_then(Value::as_str);
        value.ok_or_else(|| {
            DemoError::Failed(format!(
                "a reply without '{name}', status {}: {}",
                self.status, self.text
            ))
        })
    }

    /// The backend's own bytes inside the reply.
    pub(super) fn backend(&self) -> Option<&str> {
        let (_, rest) = self.text.split_once("\"backend\":")?;
        rest.strip_suffix('}')
    }
}

impl Http {
    pub(super) fn new(integrator: &str, backend: &str) -> Result<Self, DemoError> {
        let client = Client::builder().no_proxy().tls_certs_only([]).build();
        let client =
            client.map_err(|error| DemoError::Failed(format!("no HTTP client: {error}")))?;
        Ok(Self {
            client,
            integrator: integrator.to_owned(),
            backend: backend.to_owned(),
        })
    }

    /// Asks the backend for a registration challenge.
    pub(super) async fn challenge(&self) -> Result<Reply, DemoError> {
        self.post(
            format!("{}/app-attest/challenge", self.backend),
            "{}".to_owned(),
        )
        .await
    }

    /// Sends a step to the integrator.
    pub(super) async fn step(&self, path: &str, body: &Value) -> Result<Reply, DemoError> {
        self.post(format!("{}{path}", self.integrator), body.to_string())
            .await
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is a caller of the service, not the service"
    )]
    async fn post(&self, url: String, body: String) -> Result<Reply, DemoError> {
        let failed = |error: reqwest::Error| DemoError::Failed(format!("no reply: {error}"));
        let begun = Instant::now();
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        let response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let replayed = response.headers().contains_key("idempotent-replayed");
        let text = response.bytes().await.map_err(failed)?;
        let took = begun.elapsed();
        let text = String::from_utf8_lossy(&text).into_owned();
        let body = serde_json::from_str(&text).unwrap_or_default();
        Ok(Reply {
            status,
            replayed,
            text,
            body,
            took,
        })
    }
}
