//! `GET /v1/flows`: flows by what an operator knows of them.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot arrange what it needs fails"
)]

mod cost;
mod filters;
mod hints;
mod pages;
mod refusals;

use serde_json::Value;

use crate::harness::{Answer, Reply, Request, Service};

/// The flows of a page, by what is told of each at `pointer`.
fn told(page: &Reply, pointer: &str) -> Vec<String> {
    page.is_answer();
    let flows = page.member("/flows").unwrap();
    let flows = flows.as_array().unwrap().iter();
    let told = flows.map(|flow| flow.pointer(pointer).and_then(Value::as_str));
    told.map(|told| told.unwrap_or("").to_owned()).collect()
}

impl Service {
    /// The page that this query brings.
    async fn search(&self, query: &str) -> Reply {
        self.get(format!("/v1/flows?{query}")).await
    }

    /// The correlation ids of the flows that this query brings.
    async fn found(&self, query: &str) -> Vec<String> {
        told(&self.search(query).await, "/correlationID")
    }

    /// Starts an App Attest flow under these ids and tells its handle.
    async fn named(&self, correlation: &str, flow_id: &str, run: &str) -> String {
        let registered = format!(r#"{{"flowID":"{flow_id}"}}"#);
        self.backend
            .once("/app-attest/register", Answer::json(registered));
        let body = format!(
            r#"{{"keyID_base64":"a2V5","attestationObject_base64":"YXR0","verifyRunID":"{run}"}}"#
        );
        let start = Request::post("/v1/flows/start", body).header("x-correlation-id", correlation);
        let reply = self.ask(start).await;
        reply.is_answer();
        // An id may be text that serde_json does not read.
        let handle = reply.text().strip_prefix(r#"{"flowHandle":""#);
        handle.unwrap()[..32].to_owned()
    }
}
