//! What a refusal says, and that it leaves everything as it was.

use std::time::Duration;

use insta::assert_snapshot;

use super::{HARDLY_ANY_TPS, SLOW_TPS, Service, Setup, fixed, gated, keyed, of_all_steps, setup};
use crate::harness::stores::Kind;
use crate::harness::{Answer, Request};

/// A start whose call takes so long by the service's clock.
async fn start_that_takes(service: &Service, took: Duration) {
    let answer = Answer::json(r#"{"flowID":"f"}"#);
    let mut hold = service.backend.hold("/app-attest/register", answer);
    let asking = service.send(Request::post("/v1/flows/start", super::START));
    hold.arrived().await;
    service.clock.advance(took);
    hold.release();
    asking.await.expect("a reply").is_answer();
}

#[tokio::test]
async fn a_refused_start_tells_the_numbers_that_it_is_refused_by() {
    let memory = Setup {
        store: Some(Kind::Memory),
        ..setup(fixed(0.4))
    };
    let service = memory.start().await;
    start_that_takes(&service, Duration::from_millis(1234)).await;
    // To the next control step.
    service.clock.advance(Duration::from_millis(300));

    let reply = service.start_flow().await;

    reply.is_problem(429, "admission_limited");
    assert_snapshot!(reply.show(), @r#"
    429
    content-type: application/problem+json
    x-integrator-error: admission_limited
    retry-after: 1
    x-correlation-id: 93b8aaad-5da5-4253-a1c3-bd98b697b1f3

    {"type":"urn:appattest-integrator:problem:admission_limited",
    "title":"Admission limited",
    "status":429,
    "detail":"the backend 'default' is spared: 0.40 requests a second may reach it now (its latency counts as 1234 ms, 200 ms is the aim). Nothing was sent to it. Send the same request again in 1 s or later.",
    "code":"admission_limited",
    "step":"start",
    "retryable":true,
    "admission":{"ewma_ms":1234,"target_ms":200,"rate_tps":0.4,"retry_after_ms":966},
    "correlationID":"93b8aaad-5da5-4253-a1c3-bd98b697b1f3",
    "error":{"code":"admission_limited","message":"the backend 'default' is spared: 0.40 requests a second may reach it now (its latency counts as 1234 ms, 200 ms is the aim). Nothing was sent to it. Send the same request again in 1 s or later."}}
    "#);
}

#[tokio::test]
async fn a_refused_step_tells_its_flow() {
    let memory = Setup {
        store: Some(Kind::Memory),
        ..setup(of_all_steps(fixed(SLOW_TPS)))
    };
    let service = memory.start().await;
    let handle = service.registered().await;

    let reply = service.step(&handle, "client-data-hash", "").await;

    reply.is_problem(429, "admission_limited");
    assert_snapshot!(reply.show(), @r#"
    429
    content-type: application/problem+json
    x-integrator-error: admission_limited
    retry-after: 100
    x-correlation-id: 6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924

    {"type":"urn:appattest-integrator:problem:admission_limited",
    "title":"Admission limited",
    "status":429,
    "detail":"the backend 'default' is spared: 0.01 requests a second may reach it now (its latency counts as 0 ms, 200 ms is the aim). Nothing was sent to it. Send the same request again in 100 s or later.",
    "code":"admission_limited",
    "flowHandle":"25RAkSQ6_bH3wKCXbkY54wMgNN4TQTgR",
    "step":"client-data-hash",
    "state":"registered",
    "allowedSteps":["client-data-hash"],
    "retryable":true,
    "admission":{"ewma_ms":0,"target_ms":200,"rate_tps":0.01,"retry_after_ms":100000},
    "expiresAt":"2026-01-17T12:05:00Z",
    "correlationID":"6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924",
    "error":{"code":"admission_limited","message":"the backend 'default' is spared: 0.01 requests a second may reach it now (its latency counts as 0 ms, 200 ms is the aim). Nothing was sent to it. Send the same request again in 100 s or later."}}
    "#);
}

#[tokio::test]
async fn a_refusal_tells_the_latency_that_counts_where_calls_under_way_hang() {
    let service = gated(fixed(SLOW_TPS)).await;
    service.start_flow().await.is_answer();
    service.refill();
    let answer = Answer::json(r#"{"flowID":"f"}"#);
    let mut hold = service.backend.hold("/app-attest/register", answer);
    let _hanging = service.send(Request::post("/v1/flows/start", super::START));
    hold.arrived().await;
    service.clock.advance(Duration::from_secs(10));

    let reply = service.start_flow().await;

    reply.is_problem(429, "admission_limited");
    let law = service.gate().law;
    let acted_on_ms = law.setpoint_ms - law.error_ms.expect("a control step");
    assert!(acted_on_ms > law.setpoint_ms, "{law:?}");
    let words = format!("(its latency counts as {acted_on_ms:.0} ms, 200 ms is the aim)");
    assert!(reply.string("/detail").contains(&words), "{words}");
    assert_eq!(law.ewma_ms, Some(0.0));
    assert!(reply.text().contains(r#""admission":{"ewma_ms":0,"#));
}

#[tokio::test]
async fn no_latency_is_told_as_0_while_no_call_has_ended() {
    let service = gated(fixed(SLOW_TPS)).await;
    let answer = Answer::json(r#"{"flowID":"f"}"#);
    let mut hold = service.backend.hold("/app-attest/register", answer);
    let _first = service.send(Request::post("/v1/flows/start", super::START));
    hold.arrived().await;

    let reply = service.start_flow().await;

    reply.is_problem(429, "admission_limited");
    assert_eq!(reply.member("/admission/ewma_ms"), Some(0.into()));
    assert!(reply.string("/detail").contains("no call has ended yet"));
}

#[tokio::test]
async fn a_start_at_the_time_that_a_refusal_names_passes_and_a_moment_earlier_does_not() {
    let service = gated(fixed(0.3)).await;
    service.start_flow().await.is_answer();
    service.clock.advance(Duration::from_millis(1000));
    let refused = service.start_flow().await;
    let wait = refused.member("/admission/retry_after_ms").expect("a wait");
    let wait = wait.as_u64().expect("whole milliseconds");

    service.clock.advance(Duration::from_millis(wait - 1));
    let early = service.start_flow().await;
    service.clock.advance(Duration::from_millis(1));
    let in_time = service.start_flow().await;

    assert_eq!(wait, 2334);
    early.is_problem(429, "admission_limited");
    assert_eq!(early.member("/admission/retry_after_ms"), Some(1.into()));
    in_time.is_answer();
}

#[tokio::test]
async fn the_header_tells_the_wait_in_whole_seconds_never_too_short() {
    let service = gated(fixed(0.5)).await;
    service.start_flow().await.is_answer();

    let mut told = Vec::new();
    for _ in 0..4 {
        let refused = service.start_flow().await;
        let header = refused.header("retry-after").map(str::to_owned);
        let wait = refused.member("/admission/retry_after_ms").expect("a wait");
        told.push((header.expect("a header"), wait.as_u64()));
        service.clock.advance(Duration::from_millis(499));
    }

    let told: Vec<_> = told
        .iter()
        .map(|(header, wait)| (&**header, *wait))
        .collect();
    let expected = [("2", 2000), ("2", 1501), ("2", 1002), ("1", 503)];
    assert_eq!(told, expected.map(|(header, wait)| (header, Some(wait))));
}

#[tokio::test]
async fn a_refused_start_reaches_neither_backend_nor_store() {
    let service = gated(fixed(HARDLY_ANY_TPS)).await;
    service.start_flow().await.is_answer();

    for _ in 0..3 {
        let reply = service.start_flow().await;
        reply.is_problem(429, "admission_limited");
        assert_eq!(reply.member("/flowHandle"), None);
    }

    assert_eq!(service.backend.calls(), 1);
    let health = service.get("/health").await;
    assert_eq!(health.member("/flowCount"), Some(1.into()));
}

#[tokio::test]
async fn a_refused_step_leaves_flow_and_history_as_they_were() {
    let service = gated(of_all_steps(fixed(SLOW_TPS))).await;
    let handle = service.registered().await;
    let (status, history) = (
        service.status(&handle).await,
        service.history(&handle).await,
    );

    let refused = service.step(&handle, "client-data-hash", "").await;

    refused.is_problem(429, "admission_limited");
    assert_eq!(service.status(&handle).await, status);
    assert_eq!(service.history(&handle).await, history);
    assert_eq!(service.backend.calls(), 1);
}

#[tokio::test]
async fn a_refused_step_runs_when_it_is_sent_again_in_time() {
    let service = gated(of_all_steps(fixed(SLOW_TPS))).await;
    let handle = service.registered().await;
    let refused = service.step(&handle, "client-data-hash", "").await;
    refused.is_problem(429, "admission_limited");
    service.refill();

    let again = service.step(&handle, "client-data-hash", "").await;

    again.is_answer();
    assert_eq!(again.header("idempotent-replayed"), None);
}

#[tokio::test]
async fn a_keyed_start_that_was_refused_begins_with_the_same_key_later() {
    let service = gated(fixed(SLOW_TPS)).await;
    service.start_flow().await.is_answer();
    let refused = service.ask(keyed("k")).await;
    refused.is_problem(429, "admission_limited");
    service.refill();

    let begun = service.ask(keyed("k")).await;
    let again = service.ask(keyed("k")).await;

    begun.is_answer();
    assert_eq!(begun.header("idempotent-replayed"), None);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
}

#[tokio::test]
async fn a_key_that_was_only_refused_is_free_for_another_body() {
    let service = gated(fixed(SLOW_TPS)).await;
    service.start_flow().await.is_answer();
    service.ask(keyed("k")).await;
    service.refill();

    let other = Request::post("/v1/flows/start", format!("{} ", super::START));
    let reply = service.ask(other.header("idempotency-key", "k")).await;

    reply.is_answer();
}
