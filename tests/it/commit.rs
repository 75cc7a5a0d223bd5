//! Commit before reveal: what the store has not acknowledged, nobody is told.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot arrange what it needs fails"
)]

use std::time::Duration;

use insta::assert_snapshot;

use crate::harness::service::{ASSERT, START};
use crate::harness::store::ALWAYS;
use crate::harness::{Answer, Reply, Request, Service};

const SECRET: &str = r#"{"verified":true,"proof":"never-seen"}"#;

/// An assertion whose answer comes while the store fails `times` times to keep it.
async fn asserted_while_the_store_fails(service: &Service, handle: &str, times: u32) -> Reply {
    let mut hold = service
        .backend
        .hold("/app-attest/verify", Answer::json(SECRET));
    let asking = service.send_step(handle, "assert", ASSERT);
    hold.arrived().await;
    service.faults.fail_replaces(times);
    hold.release();
    // Time jumps over the pauses between two tries.
    service.faults.has_refused(1).await;
    service.let_time_jump();
    asking.await.expect("a reply")
}

#[tokio::test]
async fn an_answer_that_the_store_keeps_at_the_third_try_is_told_then() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;

    let reply = asserted_while_the_store_fails(&service, &handle, 2).await;

    reply.is_answer();
    assert_eq!(reply.string("/backend/proof"), "never-seen");
    assert_eq!(service.backend.calls(), 3);
}

#[tokio::test]
async fn an_answer_that_was_kept_without_a_word_is_told_as_the_one_it_is() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let mut hold = service
        .backend
        .hold("/app-attest/verify", Answer::json(SECRET));
    let asking = service.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;
    service.faults.lose_acknowledgements(1);
    hold.release();
    service.faults.has_refused(1).await;
    service.let_time_jump();

    let reply = asking.await.unwrap();

    reply.is_answer();
    assert_eq!(reply.string("/state"), "verified");
    assert_eq!(reply.header("idempotent-replayed"), None);
    assert_eq!(service.metric("integrator_stale_commits_total").await, 0.0);
}

#[tokio::test]
async fn a_refusal_whose_release_was_kept_without_a_word_is_told_as_the_refusal_it_is() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let refusal = Answer::status(422, r#"{"reason":"NONCE_MISMATCH"}"#);
    let mut hold = service.backend.hold("/app-attest/verify", refusal);
    let asking = service.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;
    service.faults.lose_acknowledgements(1);
    hold.release();
    service.faults.has_refused(1).await;
    service.let_time_jump();

    let reply = asking.await.unwrap();

    reply.is_problem(502, "backend_error");
    assert_eq!(reply.string("/backend/reason"), "NONCE_MISMATCH");
    assert_eq!(service.metric("integrator_stale_commits_total").await, 0.0);
    let history = service.history(&handle).await;
    assert_eq!(history.string("/attempts/0/code"), "backend_error");
    assert_eq!(history.member("/attempts/1"), None);
}

#[tokio::test]
async fn an_answer_that_the_store_never_keeps_is_never_told() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;

    let reply = asserted_while_the_store_fails(&service, &handle, ALWAYS).await;

    reply.is_problem(503, "store_unavailable");
    assert_snapshot!(reply.show(), @r#"
    503
    content-type: application/problem+json
    x-integrator-error: store_unavailable
    retry-after: 1
    x-correlation-id: 6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924

    {"type":"urn:appattest-integrator:problem:store_unavailable",
    "title":"Store unavailable",
    "status":503,
    "detail":"the store does not answer: the disk is gone. Try again.",
    "code":"store_unavailable",
    "flowHandle":"25RAkSQ6_bH3wKCXbkY54wMgNN4TQTgR",
    "step":"assert",
    "state":"hash_issued",
    "allowedSteps":["assert"],
    "retryable":true,
    "outcome":"unknown",
    "expiresAt":"2026-01-17T12:04:00Z",
    "correlationID":"6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924",
    "error":{"code":"store_unavailable","message":"the store does not answer: the disk is gone. Try again."}}
    "#);
    assert!(!reply.text().contains("never-seen"));
    assert_eq!(service.state(&handle).await, "hash_issued");
}

#[tokio::test]
async fn what_was_not_kept_is_asked_again_under_its_attempt_id_once_the_lease_ends() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    asserted_while_the_store_fails(&service, &handle, ALWAYS).await;
    service.faults.fail_replaces(0);

    let early = service.step(&handle, "assert", ASSERT).await;
    service.clock.advance(Duration::from_secs(5));
    let late = service.step(&handle, "assert", ASSERT).await;

    early.is_problem(409, "step_in_progress");
    late.is_answer();
    let keys: Vec<_> = service.backend.seen()[2..]
        .iter()
        .map(|seen| seen.header("idempotency-key").map(str::to_owned))
        .collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);
}

#[tokio::test]
async fn an_answer_that_is_not_taken_is_not_told_before_its_claim_is_released() {
    let service = Service::start().await;
    let handle = service.registered().await;
    let answer = Answer::status(500, r#""never-seen""#);
    let mut hold = service.backend.hold("/app-attest/client-data-hash", answer);
    let asking = service.send_step(&handle, "client-data-hash", "");
    hold.arrived().await;
    service.faults.fail_replaces(ALWAYS);
    hold.release();
    service.faults.has_refused(1).await;
    service.let_time_jump();

    let reply = asking.await.unwrap();

    reply.is_problem(503, "store_unavailable");
    assert!(!reply.text().contains("never-seen"));
}

#[tokio::test]
async fn nothing_is_sent_while_the_claim_cannot_be_saved() {
    let service = Service::start().await;
    let handle = service.registered().await;
    service.faults.fail_replaces(1);

    let refused = service.step(&handle, "client-data-hash", "").await;
    let taken = service.step(&handle, "client-data-hash", "").await;

    refused.is_problem(503, "store_unavailable");
    assert_eq!(refused.member("/outcome"), None);
    assert_eq!(refused.string("/flowHandle"), handle);
    taken.is_answer();
    assert_eq!(service.backend.calls(), 2);
}

#[tokio::test]
async fn a_start_whose_answer_is_not_kept_names_its_flow_and_its_correlation_id() {
    let service = Service::start().await;
    let mut hold = service
        .backend
        .hold("/app-attest/register", Answer::json(SECRET));
    let start = Request::post("/v1/flows/start", START).header("x-correlation-id", "mine");
    let asking = service.send(start);
    hold.arrived().await;
    service.faults.fail_replaces(ALWAYS);
    hold.release();
    service.faults.has_refused(1).await;
    service.let_time_jump();

    let reply = asking.await.unwrap();

    reply.is_problem(503, "store_unavailable");
    assert_eq!(reply.header("x-correlation-id"), Some("mine"));
    assert_eq!(reply.string("/outcome"), "unknown");
    assert_eq!(service.state(&reply.string("/flowHandle")).await, "created");
}

#[tokio::test]
async fn a_claim_that_cannot_be_released_is_told_as_what_it_is() {
    let service = Service::start().await;
    let handle = service.registered().await;
    let mut hold = service
        .backend
        .hold("/app-attest/client-data-hash", Answer::nothing());
    let asking = service.send_step(&handle, "client-data-hash", "");
    hold.arrived().await;
    service.faults.fail_replaces(1);

    hold.release();
    let reply = asking.await.unwrap();

    reply.is_problem(502, "backend_unavailable");
    assert_eq!(reply.string("/flowHandle"), handle);
}

#[tokio::test]
async fn a_failed_start_leaves_nothing_even_where_the_store_fails_at_first_to_remove_it() {
    let service = Service::start().await;
    let mut hold = service
        .backend
        .hold("/app-attest/register", Answer::nothing());
    let asking = service.send(Request::post("/v1/flows/start", START));
    hold.arrived().await;
    service.faults.fail_removals(1);

    hold.release();
    service.faults.has_refused(1).await;
    service.let_time_jump();
    let reply = asking.await.unwrap();

    reply.is_problem(502, "backend_unavailable");
    assert_eq!(
        service.get("/health").await.member("/flowCount"),
        Some(0.into())
    );
}
