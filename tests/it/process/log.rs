//! What the log tells, and what it never does.

use rustix::process::Signal;
use serde_json::Value;

use super::{Launch, Process};
use crate::harness::{Answer, Backend, Request};

const ATTESTATION: &str = "UExBTlRFRC1hdHRlc3RhdGlvbg";
const ASSERTION: &str = "UExBTlRFRC1hc3NlcnRpb24";
const CHALLENGE: &str = "planted-challenge-9e107d9d";

/// A whole flow, and every way to be refused that sees an artifact. Returns the flow's handle.
async fn a_day(process: &mut Process, backend: &Backend) -> String {
    let start = format!(
        r#"{{"keyID_base64":"a2V5","attestationObject_base64":"{ATTESTATION}","challenge":"{CHALLENGE}"}}"#
    );
    let assertion =
        format!(r#"{{"assertionObject_base64":"{ASSERTION}","challenge":"{CHALLENGE}"}}"#);
    let id = "caller-7";
    // Without an `expiresAt`, which would be long past on the machine's own clock.
    backend.always(
        "/app-attest/register",
        Answer::json(r#"{"flowID":"flow-1"}"#),
    );
    backend.always(
        "/app-attest/client-data-hash",
        Answer::json(r#"{"clientDataHash_base64":"aA"}"#),
    );
    let reply = process
        .ask(Request::post("/v1/flows/start", &start).header("x-correlation-id", id))
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let handle = reply.string("/flowHandle");
    let step = |name: &str, body: &str| Request::post(format!("/v1/flows/{handle}/{name}"), body);
    let refused = |code: &str| Answer::status(500, format!(r#"{{"why":"{CHALLENGE}-{code}"}}"#));
    assert_eq!(process.ask(step("assert", &assertion)).await.status, 409);
    backend.once("/app-attest/client-data-hash", Answer::nothing());
    assert_eq!(
        process
            .ask(step("client-data-hash", &assertion))
            .await
            .status,
        502
    );
    backend.once("/app-attest/client-data-hash", refused("b"));
    assert_eq!(
        process
            .ask(step("client-data-hash", &assertion))
            .await
            .status,
        502
    );
    assert_eq!(
        process
            .ask(step("client-data-hash", &assertion))
            .await
            .status,
        200
    );
    assert_eq!(process.ask(step("assert", &assertion)).await.status, 200);
    assert_eq!(process.ask(step("assert", &assertion)).await.status, 200);
    let broken = format!("{{\"a\":\"{ASSERTION}\"");
    let wrong =
        format!(r#"{{"assertionObject_base64":["{ASSERTION}"],"keyID_base64":"{ATTESTATION}"}}"#);
    for body in [&broken, &wrong, &format!("[\"{CHALLENGE}\"]")] {
        for path in [
            "start".to_owned(),
            format!("{handle}/assert"),
            format!("x/{CHALLENGE}"),
        ] {
            let reply = process
                .ask(Request::post(format!("/v1/flows/{path}"), body))
                .await;
            assert!(reply.status >= 400, "{path}: {}", reply.text());
        }
    }
    let typed = step("assert", &assertion).header("content-type", format!("text/{CHALLENGE}"));
    assert_eq!(process.ask(typed).await.status, 415);
    process.signal(Signal::TERM);
    assert_eq!(process.ended().await, Some(0));
    handle
}

fn holds_no_artifact(log: &[String]) {
    for line in log {
        for planted in [ATTESTATION, ASSERTION, CHALLENGE, "UExBTlRFRC", "PLANTED"] {
            assert!(!line.contains(planted), "{planted} in {line}");
        }
    }
}

#[tokio::test]
async fn json_lines_correlate_every_request_and_transition_and_tell_no_artifact() {
    let backend = Backend::start().await;
    let launch = Launch::service(&backend).with("INTEGRATOR__LOG__LEVEL", "trace");
    let mut process = launch.start().await;

    let handle = a_day(&mut process, &backend).await;

    process.says("stopped").await;
    let log = process.log();
    holds_no_artifact(&log);
    let entries: Vec<Value> = log
        .iter()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}")))
        .collect();
    let ours = |message: &str| -> Vec<&Value> {
        let is_it = |entry: &&Value| {
            entry.get("message").is_some_and(|found| found == message)
                && entry
                    .get("flowHandle")
                    .is_some_and(|found| *found == handle)
        };
        entries.iter().filter(is_it).collect()
    };
    let transitions = ours("transition");
    assert_eq!(transitions.len(), 3);
    for entry in &transitions {
        for field in [
            "flowHandle",
            "flowID",
            "correlationID",
            "protocol",
            "step",
            "from",
            "to",
            "attemptID",
            "backendStatus",
            "stateDurationMs",
            "timestamp",
            "level",
        ] {
            assert!(entry.get(field).is_some(), "no {field} in {entry}");
        }
        assert_eq!(entry["correlationID"], "caller-7");
    }
    let requests = ours("request");
    assert!(requests.len() >= 7, "{requests:#?}");
    for entry in &requests {
        for field in [
            "flowHandle",
            "correlationID",
            "protocol",
            "durationMs",
            "status",
            "route",
        ] {
            assert!(entry.get(field).is_some(), "no {field} in {entry}");
        }
        assert_eq!(entry["correlationID"], "caller-7");
    }
    let about_requests = |entry: &&Value| {
        let message = entry
            .get("message")
            .and_then(Value::as_str)
            .unwrap_or_default();
        ["request", "transition", "the backend gave no whole answer"].contains(&message)
    };
    for entry in entries.iter().filter(about_requests) {
        assert!(entry.get("correlationID").is_some(), "{entry}");
    }
}

#[tokio::test]
async fn lines_for_people_correlate_every_request_and_tell_no_artifact() {
    let backend = Backend::start().await;
    let launch = Launch::service(&backend)
        .with("INTEGRATOR__LOG__FORMAT", "text")
        .with("INTEGRATOR__LOG__LEVEL", "trace");
    let mut process = launch.start().await;

    let handle = a_day(&mut process, &backend).await;

    process.says("stopped").await;
    let log = process.log();
    holds_no_artifact(&log);
    let about: Vec<&String> = log.iter().filter(|line| line.contains(&handle)).collect();
    assert!(about.len() >= 10, "{about:#?}");
    for line in about {
        assert!(line.contains("correlationID=caller-7"), "{line}");
    }
}

#[tokio::test]
async fn digests_of_artifacts_are_told_when_asked_for_and_still_no_artifact() {
    let backend = Backend::start().await;
    let launch = Launch::service(&backend).with("APP_ATTEST_DEBUG_LOG_ARTIFACTS", "1");
    let mut process = launch.start().await;

    a_day(&mut process, &backend).await;

    process.says("stopped").await;
    let log = process.log();
    holds_no_artifact(&log);
    let start = log
        .iter()
        .find(|line| line.contains("\"artifacts\""))
        .expect("digests");
    let entry: Value = serde_json::from_str(start).expect("JSON");
    let length = entry.pointer("/artifacts/challenge/len").expect("a length");
    assert_eq!(*length, CHALLENGE.len());
    assert!(entry.pointer("/artifacts/keyID_base64").is_none());
}
