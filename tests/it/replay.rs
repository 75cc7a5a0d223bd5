//! The same request to the step that made the latest transition is told the same again.

use std::time::Duration;

use crate::harness::protocols::EXAMPLE;
use crate::harness::service::ASSERT;
use crate::harness::{Answer, Reply, Service, Setup};

fn is_replay_of(replay: &Reply, original: &Reply) {
    assert_eq!(replay.header("idempotent-replayed"), Some("true"));
    assert_eq!(original.header("idempotent-replayed"), None);
    assert_eq!(replay.status, original.status);
    assert_eq!(replay.body, original.body);
    let id = original.header("x-correlation-id");
    assert_eq!(replay.header("x-correlation-id"), id);
}

#[tokio::test]
async fn a_same_request_is_told_the_same_again_without_a_call() {
    let service = Service::start().await;
    let handle = service.registered().await;
    let body = r#"{"challenge":"one"}"#;
    let original = service.step(&handle, "client-data-hash", body).await;
    let history = service.history(&handle).await;
    service.clock.advance(Duration::from_secs(5));

    let replay = service.step(&handle, "client-data-hash", body).await;

    is_replay_of(&replay, &original);
    assert_eq!(service.backend.calls(), 2);
    assert_eq!(service.history(&handle).await, history);
}

#[tokio::test]
async fn an_empty_body_and_an_empty_object_are_two_requests() {
    let service = Service::start().await;
    let handle = service.registered().await;
    service
        .step(&handle, "client-data-hash", "")
        .await
        .is_answer();

    let other = service.step(&handle, "client-data-hash", "{}").await;

    other.is_problem(409, "sequence_violation");
}

#[tokio::test]
async fn a_verdict_is_told_again_in_its_terminal_state_as_often_as_asked() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    service
        .backend
        .once("/app-attest/verify", Answer::json(r#"{"verified":false}"#));
    let original = service.step(&handle, "assert", ASSERT).await;
    assert_eq!(original.string("/state"), "rejected");

    for _ in 0..5 {
        let replay = service.step(&handle, "assert", ASSERT).await;
        is_replay_of(&replay, &original);
    }

    assert_eq!(service.backend.calls(), 3);
}

#[tokio::test]
async fn a_verdict_is_told_again_after_the_deadline_that_its_flow_had() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let original = service.step(&handle, "assert", ASSERT).await;
    service.clock.advance(Duration::from_secs(600));

    let replay = service.step(&handle, "assert", ASSERT).await;

    is_replay_of(&replay, &original);
}

#[tokio::test]
async fn an_answer_that_could_not_be_placed_is_told_again() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    service
        .backend
        .once("/app-attest/verify", Answer::typed(None, "\u{feff}{}"));
    let original = service.step(&handle, "assert", ASSERT).await;
    original.is_problem(502, "backend_unclassified");

    let replay = service.step(&handle, "assert", ASSERT).await;

    is_replay_of(&replay, &original);
    let other = service.step(&handle, "assert", r#"{"assertionObject_base64":"x"}"#);
    other.await.is_problem(409, "terminal_state");
}

#[tokio::test]
async fn only_the_latest_transition_is_told_again() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    service.step(&handle, "assert", ASSERT).await.is_answer();

    let earlier = service.step(&handle, "client-data-hash", "").await;

    earlier.is_problem(409, "terminal_state");
}

#[tokio::test]
async fn a_failed_call_is_not_told_again() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    service
        .backend
        .once("/app-attest/verify", Answer::status(503, "{}"));
    let failed = service.step(&handle, "assert", ASSERT).await;
    failed.is_problem(502, "backend_error");

    let retried = service.step(&handle, "assert", ASSERT).await;

    retried.is_answer();
    assert_eq!(retried.header("idempotent-replayed"), None);
}

#[tokio::test]
async fn a_repeatable_step_is_never_told_again() {
    let service = Setup::protocol(EXAMPLE).start().await;
    service
        .backend
        .always("/begin", Answer::json(r#"{"id":"1"}"#));
    service
        .backend
        .always("/poll", Answer::status(202, r#"{"wait":1}"#));
    let handle = service.started("").await;

    for _ in 0..3 {
        let reply = service.step(&handle, "poll", "").await;
        reply.is_answer();
        assert_eq!(reply.header("idempotent-replayed"), None);
    }
    service
        .backend
        .once("/poll", Answer::json(r#"{"ok":true}"#));
    let last = service.step(&handle, "poll", "").await;

    assert_eq!(last.string("/state"), "done");
    assert_eq!(service.backend.calls(), 5);
    let again = service.step(&handle, "poll", "").await;
    again.is_problem(409, "terminal_state");
}

#[tokio::test]
async fn a_step_that_stays_in_its_state_is_told_again_and_asked_again_with_another_body() {
    let service = Setup::protocol(EXAMPLE).start().await;
    service
        .backend
        .always("/begin", Answer::json(r#"{"id":"1"}"#));
    service.backend.once("/note", Answer::json("1"));
    service.backend.once("/note", Answer::json("2"));
    service.backend.once("/note", Answer::json("3"));
    let handle = service.started("").await;

    let first = service.step(&handle, "note", r#"{"n":1}"#).await;
    let again = service.step(&handle, "note", r#"{"n":1}"#).await;
    let second = service.step(&handle, "note", r#"{"n":2}"#).await;
    let third = service.step(&handle, "note", r#"{"n":1}"#).await;

    is_replay_of(&again, &first);
    assert_eq!(second.member("/backend"), Some(2.into()));
    assert_eq!(third.member("/backend"), Some(3.into()));
}
