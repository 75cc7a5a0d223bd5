//! A hostile backend: whatever it does, the caller is told the truth, the flow stays as it was,
//! and no attempt reaches the backend twice by our own doing.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot arrange what it needs fails"
)]

mod backend;
mod bounds;
mod connecting;
mod connections;
mod deed;
mod framing;
mod hasty;
mod slow;
mod statuses;

use std::time::Duration;

use serde_json::json;

pub(crate) use self::backend::{Hostile, header};
pub(crate) use self::deed::{Deed, Manners, Part};
use crate::harness::service::ASSERT;
use crate::harness::{Reply, Service, Setup};

/// How a call without a recorded answer is told: status, code and outcome.
type Told = (u16, &'static str, &'static str);

const BROKEN: Told = (502, "backend_unavailable", "unknown");
const NOT_SENT: Told = (502, "backend_unavailable", "not_sent");
const LATE: Told = (504, "backend_timeout", "unknown");
const DECLINED: Told = (502, "backend_error", "answered");

/// A flow that expects an assertion, in front of a hostile backend.
struct Scene {
    service: Service,
    hostile: Hostile,
    handle: String,
}

impl Scene {
    async fn new() -> Self {
        Self::with(Manners::CloseSaid, Duration::from_secs(20)).await
    }

    /// With so little time for a call that a test can wait for its end.
    async fn in_a_hurry() -> Self {
        Self::with(Manners::CloseSaid, Duration::from_secs(2)).await
    }

    async fn with(manners: Manners, backend_timeout: Duration) -> Self {
        let hostile = Hostile::start(manners).await;
        let setup = Setup {
            base_url: Some(hostile.url()),
            backend_timeout,
            ..Setup::default()
        };
        let service = setup.start().await;
        let handle = service.hash_issued().await;
        Self {
            service,
            hostile,
            handle,
        }
    }

    async fn assertion(&self) -> Reply {
        self.service.step(&self.handle, "assert", ASSERT).await
    }

    /// The reply to an assertion that meets this deed.
    async fn meets(&self, deed: Deed) -> Reply {
        self.hostile.next(deed);
        self.assertion().await
    }

    /// The assertion fails as told, changes nothing but the list of attempts, and succeeds with
    /// the same attempt id when it is sent again.
    async fn suffers(&self, deed: Deed, told: Told) {
        let reply = self.meets(deed).await;
        self.is_unharmed(&reply, told).await;
        self.succeeds_again(&reply).await;
    }

    async fn is_unharmed(&self, reply: &Reply, (status, code, outcome): Told) {
        assert_eq!(reply.status, status, "{}", reply.text());
        assert_eq!(reply.code().as_deref(), Some(code), "{}", reply.text());
        assert_eq!(reply.string("/outcome"), outcome, "{}", reply.text());
        assert_eq!(reply.member("/retryable"), Some(json!(true)));
        assert_eq!(reply.string("/state"), "hash_issued");
        assert_eq!(self.service.state(&self.handle).await, "hash_issued");
        let history = self.service.history(&self.handle).await;
        let attempts = history.member("/attempts").expect("attempts");
        let attempts = attempts.as_array().expect("a list");
        let attempt = attempts.last().expect("an attempt");
        assert_eq!(attempt["step"], "assert");
        assert_eq!(attempt["code"], code);
        assert_eq!(attempt["outcome"], outcome);
        let attempt = attempt["attemptID"].as_str().expect("an id");
        let asked = self.hostile.asked(attempt);
        assert!(asked <= 1, "{attempt} was sent {asked} times");
        assert!(outcome != "not_sent" || asked == 0, "{attempt} was sent");
    }

    async fn succeeds_again(&self, failed: &Reply) {
        let reply = self.assertion().await;
        assert_eq!(
            reply.status,
            200,
            "after {}: {}",
            failed.text(),
            reply.text()
        );
        assert_eq!(reply.string("/state"), "verified");
        let history = self.service.history(&self.handle).await;
        let failed = history.string("/attempts/0/attemptID");
        assert_eq!(history.string("/transitions/2/attemptID"), failed);
        assert!(self.hostile.asked(&failed) <= 2);
    }

    /// The assertion's answer is taken, and told and kept as these bytes.
    async fn takes(&self, deed: Deed, body: &[u8]) -> Reply {
        let reply = self.meets(deed).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.string("/state"), "verified");
        self.keeps(body).await;
        reply
    }

    /// The answer that is kept for the assertion is this.
    async fn keeps(&self, body: &[u8]) {
        let path = format!("/v1/flows/{}/steps/assert/response", self.handle);
        let kept = self.service.get(path).await;
        assert_eq!(kept.status, 200);
        assert!(kept.body == body, "{} bytes kept", kept.body.len());
        assert_eq!(self.hostile.most_asked().0, 1);
    }
}

/// A whole answer with these headers (each with its line end).
fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}")
}

const VERIFIED: &str = r#"{"verified":true}"#;
