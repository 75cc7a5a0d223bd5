//! Starts with an `Idempotency-Key`.

use std::time::Duration;

use crate::harness::protocols::EXAMPLE;
use crate::harness::service::{ASSERT, START};
use crate::harness::{Answer, Request, Service, Setup};

fn keyed(key: &str, body: &str) -> Request {
    Request::post("/v1/flows/start", body).header("idempotency-key", key)
}

#[tokio::test]
async fn the_same_key_and_body_are_told_the_recorded_start_even_after_the_flow_went_on() {
    let service = Service::start().await;
    let first = service.ask(keyed("k", START)).await;
    let handle = first.string("/flowHandle");
    service
        .step(&handle, "client-data-hash", "")
        .await
        .is_answer();
    service.step(&handle, "assert", ASSERT).await.is_answer();

    let again = service.ask(keyed("k", START)).await;

    assert_eq!(again.status, 200);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.body, first.body);
    assert_eq!(service.backend.calls(), 3);
}

#[tokio::test]
async fn a_replayed_start_tells_the_flows_correlation_id() {
    let service = Service::start().await;
    let first = keyed("k", START).header("x-correlation-id", "one");
    service.ask(first).await.is_answer();

    let again = keyed("k", START).header("x-correlation-id", "two");
    let again = service.ask(again).await;

    assert_eq!(again.header("x-correlation-id"), Some("one"));
    assert_eq!(again.string("/correlationID"), "one");
}

#[tokio::test]
async fn a_quoted_key_and_a_bare_one_are_one_key() {
    let service = Service::start().await;
    let first = service.ask(keyed("abc", START)).await;

    let again = service.ask(keyed("\"abc\"", START)).await;

    assert_eq!(again.body, first.body);
    assert_eq!(service.backend.calls(), 1);
}

#[tokio::test]
async fn another_body_or_protocol_under_the_same_key_is_refused() {
    let setup = Setup {
        default: "app-attest",
        ..Setup::protocol(EXAMPLE)
    };
    let service = setup.start().await;
    service.ask(keyed("k", START)).await.is_answer();
    let other_protocol = |name: &str| {
        let path = format!("/v1/flows/start?protocol={name}");
        Request::post(path, START).header("idempotency-key", "k")
    };

    let body = service.ask(keyed("k", &format!(" {START}"))).await;
    let protocol = service.ask(other_protocol("example")).await;
    let same_protocol = service.ask(other_protocol("app-attest")).await;

    body.is_problem(422, "idempotency_key_reused");
    protocol.is_problem(422, "idempotency_key_reused");
    same_protocol.is_answer();
    assert_eq!(service.backend.calls(), 1);
}

#[tokio::test]
async fn a_start_that_failed_keeps_its_flow_and_tries_again_under_the_same_ids() {
    let service = Service::start().await;
    service
        .backend
        .once("/app-attest/register", Answer::nothing());
    service
        .backend
        .once("/app-attest/register", Answer::status(500, ""));

    let first = service.ask(keyed("k", START)).await;
    let handle = first.string("/flowHandle");
    let state = service.state(&handle).await;
    let second = service.ask(keyed("k", START)).await;
    let third = service.ask(keyed("k", START)).await;

    first.is_problem(502, "backend_unavailable");
    assert_eq!(state, "created");
    second.is_problem(502, "backend_error");
    third.is_answer();
    assert_eq!(second.string("/flowHandle"), handle);
    assert_eq!(third.string("/flowHandle"), handle);
    assert_eq!(third.header("idempotent-replayed"), None);
    let seen = service.backend.seen();
    for header in ["idempotency-key", "x-flow-handle", "x-correlation-id"] {
        assert_eq!(seen[0].header(header), seen[1].header(header), "{header}");
        assert_eq!(seen[0].header(header), seen[2].header(header), "{header}");
    }
}

#[tokio::test]
async fn a_start_that_could_not_be_placed_is_told_again() {
    let service = Service::start().await;
    service
        .backend
        .once("/app-attest/register", Answer::json("{}"));
    let first = service.ask(keyed("k", START)).await;
    first.is_problem(502, "backend_unclassified");

    let again = service.ask(keyed("k", START)).await;

    again.is_problem(502, "backend_unclassified");
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.body, first.body);
    assert_eq!(service.backend.calls(), 1);
}

#[tokio::test]
async fn an_expired_flow_answers_so_until_it_is_removed_and_then_the_key_is_free() {
    let service = Service::start().await;
    let first = service.ask(keyed("k", START)).await;
    service.clock.advance(Duration::from_secs(300));
    let read_only = service.ask(keyed("k", START)).await;
    service.sweep().await;
    let swept = service.ask(keyed("k", START)).await;
    service.clock.advance(Duration::from_secs(900));
    service.sweep().await;

    let anew = service.ask(keyed("k", START)).await;

    read_only.is_problem(410, "expired");
    swept.is_problem(410, "expired");
    anew.is_answer();
    assert_ne!(anew.string("/flowHandle"), first.string("/flowHandle"));
}

#[tokio::test]
async fn two_at_once_make_one_call() {
    let service = Service::start().await;
    let mut hold = service
        .backend
        .hold("/app-attest/register", Answer::json(r#"{"flowID":"f"}"#));
    let first = service.send(keyed("k", START));
    hold.arrived().await;
    let mut second = service.connect().await;
    second.send(&keyed("k", START).bytes()).await;
    let other = service.ask(keyed("k", "{}")).await;

    hold.release();

    other.is_problem(422, "idempotency_key_reused");
    let first = first.await.unwrap();
    first.is_answer();
    assert_eq!(second.reply(true).await.unwrap(), first);
    assert_eq!(service.backend.calls(), 1);
}

#[tokio::test]
async fn a_start_without_a_key_that_fails_leaves_nothing() {
    let service = Service::start().await;
    let answer = Answer::status(500, "{}");
    let mut hold = service.backend.hold("/app-attest/register", answer);
    let asking = service.send(Request::post("/v1/flows/start", START));
    hold.arrived().await;
    let handle = service
        .backend
        .last()
        .header("x-flow-handle")
        .unwrap()
        .to_owned();
    let during = service.get("/health").await;
    let state = service.state(&handle).await;

    hold.release();
    let reply = asking.await.unwrap();

    assert_eq!(during.member("/flowCount"), Some(1.into()));
    assert_eq!(state, "created");
    reply.is_problem(502, "backend_error");
    assert_eq!(reply.member("/flowHandle"), None);
    let detail = reply.string("/detail");
    assert!(detail.contains("No flow was started"), "{detail}");
    service.status(&handle).await.is_problem(404, "not_found");
    let after = service.get("/health").await;
    assert_eq!(after.member("/flowCount"), Some(0.into()));
}

#[tokio::test]
async fn a_start_without_a_key_that_could_not_be_placed_leaves_a_flow_that_it_names() {
    let service = Service::start().await;
    service
        .backend
        .once("/app-attest/register", Answer::json(r#"{"flowID":7}"#));

    let reply = service.post("/v1/flows/start", START).await;

    reply.is_problem(502, "backend_unclassified");
    assert_eq!(service.state(&reply.string("/flowHandle")).await, "error");
}

#[tokio::test]
async fn keys_that_are_none_are_refused() {
    let service = Service::start().await;

    for key in ["", "a b", "\"", "\"a", "é", &"k".repeat(256)] {
        let reply = service.ask(keyed(key, START)).await;
        reply.is_problem(400, "invalid_input");
    }
    let twice = keyed("a", START).header("idempotency-key", "a");
    service.ask(twice).await.is_problem(400, "invalid_input");
    assert_eq!(service.backend.calls(), 0);
}
