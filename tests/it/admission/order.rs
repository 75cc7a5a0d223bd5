//! What is told before admission is asked, and spends nothing; and what comes after it.

use std::time::Duration;

use super::{
    HARDLY_ANY_TPS, SLOW_TPS, START, Service, Setup, fixed, gated, keyed, of_all_steps, setup,
};
use crate::harness::protocols::EXAMPLE;
use crate::harness::service::ASSERT;
use crate::harness::stores::Kind;
use crate::harness::{Answer, Request};

/// A service whose gate lets nothing pass now, and a flow of it in `hash_issued`.
async fn closed() -> (Service, String) {
    let service = gated(of_all_steps(fixed(SLOW_TPS))).await;
    let handle = service.registered().await;
    service.refill();
    let hash = service.step(&handle, "client-data-hash", "").await;
    hash.is_answer();
    (service, handle)
}

#[tokio::test]
async fn a_malformed_start_is_told_before_admission() {
    let (service, _) = closed().await;

    let reply = service.post("/v1/flows/start", "{}").await;

    reply.is_problem(400, "invalid_input");
}

#[tokio::test]
async fn a_flow_that_is_not_there_is_told_before_admission() {
    let (service, _) = closed().await;

    let reply = service.step(&"A".repeat(32), "assert", ASSERT).await;

    reply.is_problem(404, "not_found");
}

#[tokio::test]
async fn a_step_out_of_order_is_told_before_admission() {
    let (service, handle) = closed().await;

    let reply = service.step(&handle, "client-data-hash", "{}").await;

    reply.is_problem(409, "sequence_violation");
}

#[tokio::test]
async fn a_step_without_its_members_is_told_before_admission() {
    let (service, handle) = closed().await;

    let reply = service.step(&handle, "assert", "{}").await;

    reply.is_problem(400, "invalid_input");
}

#[tokio::test]
async fn a_flow_that_expired_is_told_before_admission() {
    let service = gated(of_all_steps(fixed(HARDLY_ANY_TPS))).await;
    let handle = service.registered().await;
    service.clock.advance(Duration::from_secs(300));

    let reply = service.step(&handle, "client-data-hash", "").await;

    reply.is_problem(410, "expired");
}

#[tokio::test]
async fn a_replay_needs_no_token() {
    let (service, handle) = closed().await;

    let reply = service.step(&handle, "client-data-hash", "").await;

    reply.is_answer();
    assert_eq!(reply.header("idempotent-replayed"), Some("true"));
}

#[tokio::test]
async fn a_replayed_start_needs_no_token() {
    let service = gated(fixed(HARDLY_ANY_TPS)).await;
    service.ask(keyed("k")).await.is_answer();

    let again = service.ask(keyed("k")).await;

    again.is_answer();
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
}

#[tokio::test]
async fn a_key_that_was_used_otherwise_is_told_before_admission() {
    let service = gated(fixed(HARDLY_ANY_TPS)).await;
    service.ask(keyed("k")).await.is_answer();

    let other = Request::post("/v1/flows/start", format!(" {START}"));
    let reply = service.ask(other.header("idempotency-key", "k")).await;

    reply.is_problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn a_request_that_joins_a_call_under_way_needs_no_token() {
    let memory = Setup {
        store: Some(Kind::Memory),
        ..setup(fixed(HARDLY_ANY_TPS))
    };
    let service = memory.start().await;
    let answer = Answer::json(r#"{"flowID":"f"}"#);
    let mut hold = service.backend.hold("/app-attest/register", answer);
    let first = service.send(keyed("k"));
    hold.arrived().await;
    let second = service.send(keyed("k"));
    while service.shared.steps.len() < 2 {
        tokio::task::yield_now().await;
    }

    hold.release();
    let (first, joined) = (
        first.await.expect("a reply"),
        second.await.expect("a reply"),
    );

    joined.is_answer();
    assert_eq!(joined.header("idempotent-replayed"), None);
    assert_eq!(first.body, joined.body);
    assert_eq!(service.backend.calls(), 1);
}

#[tokio::test]
async fn a_step_in_progress_is_told_before_admission() {
    let service = gated(of_all_steps(fixed(SLOW_TPS))).await;
    let handle = service.registered().await;
    service.refill();
    let hash = "/app-attest/client-data-hash";
    let mut hold = service.backend.hold(hash, Answer::json("{}"));
    let _first = service.send_step(&handle, "client-data-hash", "");
    hold.arrived().await;

    let other = service.step(&handle, "client-data-hash", "{}").await;

    other.is_problem(409, "step_in_progress");
}

#[tokio::test]
async fn an_unknown_outcome_is_told_before_admission() {
    let setup = Setup {
        admission: Some(of_all_steps(fixed(SLOW_TPS))),
        ..Setup::protocol(EXAMPLE)
    };
    let service = setup.start().await;
    service
        .backend
        .always("/begin", Answer::json(r#"{"id":"1"}"#));
    let handle = service.started("").await;
    service.refill();
    service.backend.once("/pay", Answer::nothing());
    service
        .step(&handle, "pay", "")
        .await
        .is_problem(502, "backend_unavailable");

    let reply = service.step(&handle, "pay", "").await;

    reply.is_problem(409, "outcome_unknown");
}

#[tokio::test]
async fn admission_comes_before_capacity() {
    let full = Setup {
        max_flows: 1,
        ..setup(fixed(HARDLY_ANY_TPS))
    };
    let service = full.start().await;
    service.start_flow().await.is_answer();

    let reply = service.start_flow().await;

    reply.is_problem(429, "admission_limited");
}
