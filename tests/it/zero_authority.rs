//! Zero authority: what artifacts hold changes nothing that anyone can observe.
//!
//! Two runs differ only in what their artifacts hold, at equal lengths, and get equal answers of
//! the backend. Everything observable must then be equal: replies with their headers, what is
//! read of the flows, log events with all their fields, and metrics. Only what the backend gets
//! differs: it is the one with authority.

#![expect(
    clippy::indexing_slicing,
    reason = "a test that cannot arrange what it needs fails"
)]

use std::time::Duration;

use crate::harness::log::Log;
use crate::harness::{Answer, Reply, Request, Service, Setup};

/// What artifacts hold in a run: text of equal lengths, and a JSON value that is no string.
#[derive(Clone, Copy)]
struct Artifacts {
    attestation: &'static str,
    assertion: &'static str,
    extra: &'static str,
}

const PLAIN: Artifacts = Artifacts {
    attestation: "AAAAAAAAAAAAAAAAAAAAAAAA",
    assertion: "AAAAAAAA",
    extra: "[1,2,3]",
};
const OTHER: Artifacts = Artifacts {
    attestation: "eyJ2ZXJpZmllZCI6dHJ1ZX0=",
    assertion: "\u{e9}\u{e9}\\nZZ",
    extra: r#"{"a":1}"#,
};

/// Everything that could be observed of a run.
#[derive(Debug, PartialEq)]
struct Observed {
    replies: Vec<Reply>,
    log: Vec<String>,
    metrics: Vec<String>,
}

/// A run through answers, failures, refusals and replays. `leak` sees every artifact that is sent,
/// where an integrator with a leak would.
async fn run(artifacts: Artifacts, leak: fn(&str)) -> (Observed, Vec<Vec<u8>>) {
    let log = Log::start();
    let service = Setup::default().start().await;
    let mut replies = Vec::new();
    let start = format!(
        r#"{{"keyID_base64":"a2V5","attestationObject_base64":"{}","extra":{}}}"#,
        artifacts.attestation, artifacts.extra
    );
    let assert = format!(r#"{{"assertionObject_base64":"{}"}}"#, artifacts.assertion);
    let other = format!(
        r#"{{"assertionObject_base64":"{}","b":{}}}"#,
        artifacts.assertion, artifacts.extra
    );
    leak(artifacts.assertion);

    service
        .backend
        .once("/app-attest/register", Answer::status(500, r#"{"no":1}"#));
    for _ in 0..3 {
        let keyed = Request::post("/v1/flows/start", &start).header("idempotency-key", "k");
        replies.push(service.ask(keyed).await);
    }
    let handle = replies[0].string("/flowHandle");
    let body = format!(r#"{{"x":{}}}"#, artifacts.extra);
    replies.push(service.step(&handle, "assert", &assert).await);
    service.clock.advance(Duration::from_millis(70));
    replies.push(service.step(&handle, "client-data-hash", &body).await);
    service
        .backend
        .once("/app-attest/verify", Answer::nothing());
    service.backend.once(
        "/app-attest/verify",
        Answer::json(r#"{"verified":false,"why":"x"}"#),
    );
    replies.push(service.step(&handle, "assert", &assert).await);
    replies.push(service.step(&handle, "assert", &other).await);
    replies.push(service.step(&handle, "assert", &other).await);
    replies.push(service.step(&handle, "assert", &assert).await);
    replies.push(service.status(&handle).await);
    replies.push(service.history(&handle).await);
    let path = format!("/v1/flows/{handle}/steps/assert/response");
    replies.push(service.get(path).await);
    let metrics = service.get("/metrics").await;
    let metrics = metrics.text().lines();
    let ours = metrics.filter(|line| line.starts_with("integrator_"));
    let observed = Observed {
        replies,
        metrics: ours.map(str::to_owned).collect(),
        log: log.lines(),
    };
    let sent = service.backend.seen().into_iter().map(|seen| seen.body);
    (observed, sent.collect())
}

#[tokio::test]
async fn two_runs_that_differ_in_artifacts_alone_are_observed_alike() {
    let nothing = |_: &str| {};

    let (plain, sent) = run(PLAIN, nothing).await;
    let (other, sent_other) = run(OTHER, nothing).await;

    assert!(plain.log.len() > 12 && plain.metrics.len() > 50);
    assert_eq!(plain.replies, other.replies);
    assert_eq!(plain.log, other.log);
    assert_eq!(plain.metrics, other.metrics);
    assert_ne!(sent, sent_other);
}

#[tokio::test]
async fn a_leak_into_the_log_would_be_caught() {
    let first_byte = |artifact: &str| {
        let planted = artifact.as_bytes().first().copied().unwrap_or_default();
        tracing::debug!(target: "appattest_integrator::planted", planted, "a leak");
    };

    let (plain, _) = run(PLAIN, first_byte).await;
    let (other, _) = run(OTHER, first_byte).await;

    assert_eq!(plain.replies, other.replies);
    assert_ne!(plain.log, other.log);
}

#[tokio::test]
async fn a_reply_that_depended_on_an_artifact_would_be_caught() {
    // A length is something that may be observed: it stands in for a leak.
    let longer = Artifacts {
        assertion: "",
        ..PLAIN
    };

    let (plain, _) = run(PLAIN, |_| {}).await;
    let (other, _) = run(longer, |_| {}).await;

    assert_ne!(plain.replies, other.replies);
    assert_ne!(plain.metrics, other.metrics);
}

#[tokio::test]
async fn no_artifact_and_no_answer_is_logged_or_measured() {
    let (observed, _) = run(PLAIN, |_| {}).await;

    for secret in [
        PLAIN.attestation,
        PLAIN.assertion,
        "[1,2,3]",
        "\"why\"",
        "aGFzaA",
    ] {
        for line in observed.log.iter().chain(&observed.metrics) {
            assert!(!line.contains(secret), "{secret} in {line}");
        }
    }
}

#[tokio::test]
async fn every_log_line_of_a_step_carries_the_correlation_id_and_the_handle() {
    let log = Log::start();
    let service = Service::start().await;
    let handle = service.registered().await;
    service
        .backend
        .once("/app-attest/client-data-hash", Answer::nothing());
    service.step(&handle, "client-data-hash", "").await;
    let id = service.status(&handle).await.string("/correlationID");

    let lines = log.lines();
    let mut with_handle = 0;
    for line in &lines {
        assert!(line.contains(&format!("correlationID=\"{id}\"")), "{line}");
        with_handle += usize::from(line.contains(&format!("flowHandle=\"{handle}\"")));
    }
    assert_eq!(lines.len(), with_handle);
    assert_eq!(lines.len(), 5);
}

#[tokio::test]
async fn an_operator_who_asks_gets_lengths_and_digests_of_artifacts_and_no_more() {
    let log = Log::start();
    let setup = Setup {
        log_artifacts: true,
        ..Setup::default()
    };
    let service = setup.start().await;

    service.registered().await;

    let lines = log.lines();
    let line = lines
        .iter()
        .find(|line| line.contains("artifacts="))
        .unwrap();
    assert!(
        line.contains(r#"\"attestationObject_base64\":{\"len\":4,\"sha256\":"#),
        "{line}"
    );
    assert!(
        !line.contains("keyID_base64") && !line.contains("YXR0"),
        "{line}"
    );
}
