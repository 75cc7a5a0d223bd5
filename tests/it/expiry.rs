//! Deadlines: whose they are, how they are written, and what happens at them.

use std::time::Duration;

use crate::harness::protocols::EXAMPLE;
use crate::harness::{Answer, Reply, Service, Setup};

/// A flow whose start was answered with this member `until` (or none).
async fn started_until(member: &str) -> (Service, Reply) {
    let service = Setup::protocol(EXAMPLE).start().await;
    let body = format!(r#"{{"id":"1"{member}}}"#);
    service.backend.always("/begin", Answer::json(body));
    let reply = service.post("/v1/flows/start", "").await;
    (service, reply)
}

/// Passes where the flow expires exactly `milliseconds` from now, to the millisecond.
async fn expires_after(service: &Service, handle: &str, milliseconds: u64) {
    service
        .clock
        .advance(Duration::from_millis(milliseconds - 1));
    assert_eq!(service.state(handle).await, "begun");
    service.clock.advance(Duration::from_millis(1));
    assert_eq!(service.state(handle).await, "expired");
    let refused = service.step(handle, "note", "").await;
    refused.is_problem(410, "expired");
}

#[tokio::test]
async fn a_deadline_in_any_form_of_rfc_3339_is_repeated_unchanged_and_kept_to() {
    for (text, milliseconds) in [
        ("2026-01-17T12:00:10Z", 10_000),
        ("2026-01-17T12:00:10.250Z", 10_250),
        ("2026-01-17t12:00:10.5z", 10_500),
        ("2026-01-17T13:00:10+01:00", 10_000),
        ("2026-01-17T06:30:00.0010000-05:30", 1),
        ("2026-01-17T12:00:10.123456789123456789Z", 10_123),
        (r"2026-01-17T12:00:1\u0030Z", 10_000),
    ] {
        let (service, reply) = started_until(&format!(r#","until":"{text}""#)).await;

        reply.is_answer();
        let member = format!(r#""expiresAt":"{text}","#);
        assert!(reply.text().contains(&member), "{}", reply.show());
        let handle = reply.string("/flowHandle");
        let status = service.status(&handle).await;
        assert!(status.text().contains(&member), "{}", status.show());
        expires_after(&service, &handle, milliseconds).await;
    }
}

#[tokio::test]
async fn without_a_deadline_of_the_backend_the_protocols_ttl_counts_from_the_start() {
    for member in ["", r#","until":null"#] {
        let (service, reply) = started_until(member).await;

        assert_eq!(reply.string("/expiresAt"), "2026-01-17T12:05:00.000Z");
        let handle = reply.string("/flowHandle");
        expires_after(&service, &handle, 300_000).await;
    }
}

#[tokio::test]
async fn a_deadline_that_cannot_be_read_makes_the_answer_unplaceable() {
    for value in [
        "1768651500",
        r#""2026-01-17""#,
        r#""2026-01-17 12:05:00Z""#,
        r#""2026-02-30T12:05:00Z""#,
        r#""""#,
        "[]",
        "true",
        r#""tomorrow""#,
        r#""2026-01-17T12:00:10Z","until":"2026-01-17T12:00:10Z""#,
    ] {
        let (service, reply) = started_until(&format!(r#","until":{value}"#)).await;

        reply.is_problem(502, "backend_unclassified");
        assert_eq!(reply.string("/expiresAt"), "2026-01-17T12:05:00.000Z");
        let handle = reply.string("/flowHandle");
        assert_eq!(service.state(&handle).await, "error", "{value}");
    }
}

#[tokio::test]
async fn a_later_answer_moves_the_deadline_or_leaves_it() {
    let (service, reply) = started_until(r#","until":"2026-01-17T12:01:00Z""#).await;
    let handle = reply.string("/flowHandle");
    let later = r#"{"until":"2026-01-17T12:02:00Z"}"#;
    service.backend.once("/poll", Answer::status(202, later));
    service.backend.once("/poll", Answer::status(202, "{}"));
    service
        .backend
        .once("/poll", Answer::status(202, r#"{"until":null}"#));
    service
        .backend
        .once("/poll", Answer::status(202, "not json"));

    for _ in 0..4 {
        let reply = service.step(&handle, "poll", "").await;
        reply.is_answer();
        assert_eq!(reply.string("/expiresAt"), "2026-01-17T12:02:00Z");
    }

    expires_after(&service, &handle, 120_000).await;
}

#[tokio::test]
async fn a_deadline_in_the_past_is_told_with_the_outcome_and_has_passed_at_the_next_look() {
    let (service, reply) = started_until(r#","until":"2026-01-17T11:59:59Z""#).await;

    reply.is_answer();
    assert_eq!(reply.string("/state"), "begun");
    let handle = reply.string("/flowHandle");
    assert_eq!(service.state(&handle).await, "expired");
    let history = service.history(&handle).await;
    assert_eq!(history.string("/transitions/0/to"), "begun");
    assert_eq!(history.string("/transitions/1/to"), "expired");
}

#[tokio::test]
async fn a_deadline_of_this_instant_has_come() {
    let (service, reply) = started_until(r#","until":"2026-01-17T12:00:00Z""#).await;

    assert_eq!(reply.string("/state"), "begun");
    assert_eq!(service.state(&reply.string("/flowHandle")).await, "expired");
}

#[tokio::test]
async fn a_terminal_state_stays_whatever_the_deadline() {
    let (service, reply) = started_until("").await;
    let handle = reply.string("/flowHandle");
    let answer = r#"{"ok":true,"until":"2026-01-17T11:00:00Z"}"#;
    service.backend.once("/poll", Answer::json(answer));

    service.step(&handle, "poll", "").await.is_answer();
    service.clock.advance(Duration::from_secs(600));

    assert_eq!(service.state(&handle).await, "done");
}

#[tokio::test]
async fn a_wall_clock_that_is_set_back_prolongs_nothing() {
    let (service, reply) = started_until(r#","until":"2026-01-17T12:00:10Z""#).await;
    let handle = reply.string("/flowHandle");
    service
        .clock
        .set_wall("2026-01-17T09:00:00Z".parse().unwrap());

    expires_after(&service, &handle, 10_000).await;
}
