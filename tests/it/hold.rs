//! Steps that must not be called twice: after an unknown outcome they are held.

use std::time::Duration;

use insta::assert_snapshot;
use integrator_testbed::port::Reserved;

use crate::harness::protocols::EXAMPLE;
use crate::harness::{Answer, Request, Service, Setup};

async fn begun() -> (Service, String) {
    let service = Setup::protocol(EXAMPLE).start().await;
    service
        .backend
        .always("/begin", Answer::json(r#"{"id":"1"}"#));
    service.backend.always("/note", Answer::json("{}"));
    let handle = service.started("").await;
    (service, handle)
}

#[tokio::test]
async fn a_start_that_must_not_happen_twice_is_not_asked_to_be_sent_again() {
    let held = EXAMPLE.replace(
        "remember = [\"note\"]\n",
        "remember = [\"note\"]\nunknown = \"hold\"\n",
    );
    let service = Setup::protocol(held).start().await;
    service.backend.once("/begin", Answer::nothing());
    service.backend.once("/begin", Answer::nothing());

    let unkeyed = service.post("/v1/flows/start", "{}").await;
    let keyed = Request::post("/v1/flows/start", "{}").header("idempotency-key", "k");
    let first = service.ask(keyed.clone()).await;
    let again = service.ask(keyed).await;

    let detail = unkeyed.string("/detail");
    assert!(detail.contains("a second call could do harm"), "{detail}");
    assert!(!detail.contains("may be sent again"), "{detail}");
    assert_eq!(first.string("/outcome"), "unknown");
    assert_eq!(again.code().as_deref(), Some("outcome_unknown"));
}

#[tokio::test]
async fn a_call_of_unknown_outcome_holds_its_step_and_no_other() {
    let (service, handle) = begun().await;
    service.backend.once("/pay", Answer::nothing());
    let unknown = service.step(&handle, "pay", "").await;
    assert_eq!(unknown.string("/outcome"), "unknown");
    let detail = unknown.string("/detail");
    assert!(detail.contains("this step is held"), "{detail}");

    let same = service.step(&handle, "pay", "").await;
    let other = service.step(&handle, "pay", "{}").await;
    let note = service.step(&handle, "note", "").await;
    let after = service.step(&handle, "pay", "").await;

    for reply in [&same, &other, &after] {
        reply.is_problem(409, "outcome_unknown");
    }
    note.is_answer();
    assert_snapshot!(same.show(), @r#"
    409
    content-type: application/problem+json
    x-integrator-error: outcome_unknown
    x-correlation-id: 6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924

    {"type":"urn:appattest-integrator:problem:outcome_unknown",
    "title":"Outcome unknown",
    "status":409,
    "detail":"an earlier call of step 'pay' reached the backend and its answer is unknown; a second call could do harm. Ask the backend what became of it; the step stays held until the flow expires. Open meanwhile: poll, note.",
    "code":"outcome_unknown",
    "flowHandle":"25RAkSQ6_bH3wKCXbkY54wMgNN4TQTgR",
    "step":"pay",
    "state":"begun",
    "allowedSteps":["poll","note"],
    "retryable":false,
    "expiresAt":"2026-01-17T12:05:00.000Z",
    "correlationID":"6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924",
    "error":{"code":"outcome_unknown","message":"an earlier call of step 'pay' reached the backend and its answer is unknown; a second call could do harm. Ask the backend what became of it; the step stays held until the flow expires. Open meanwhile: poll, note."}}
    "#);
    assert_eq!(service.backend.calls(), 3);
}

#[tokio::test]
async fn a_held_step_is_held_until_the_flow_expires() {
    let (service, handle) = begun().await;
    service.backend.once("/pay", Answer::nothing());
    service.step(&handle, "pay", "").await;

    service.clock.advance(Duration::from_millis(299_999));
    let held = service.step(&handle, "pay", "").await;
    service.clock.advance(Duration::from_millis(1));
    let expired = service.step(&handle, "pay", "").await;

    held.is_problem(409, "outcome_unknown");
    expired.is_problem(410, "expired");
}

#[tokio::test]
async fn an_answer_that_is_not_taken_holds_nothing() {
    let (service, handle) = begun().await;
    service.backend.once("/pay", Answer::status(500, ""));
    service.backend.once("/pay", Answer::json(r#"{"ok":true}"#));

    service
        .step(&handle, "pay", "")
        .await
        .is_problem(502, "backend_error");

    service.step(&handle, "pay", "").await.is_answer();
}

#[tokio::test]
async fn a_call_that_was_never_sent_holds_nothing() {
    let closed = Reserved::new();
    let text = EXAMPLE.replace(
        "call     = \"POST /begin\"\n",
        "call     = \"POST /begin\"\nunknown = \"hold\"\n",
    );
    let setup = Setup {
        base_url: Some(closed.url()),
        ..Setup::protocol(text)
    };
    let service = setup.start().await;
    let keyed = || Request::post("/v1/flows/start", "").header("idempotency-key", "k");

    for _ in 0..2 {
        let reply = service.ask(keyed()).await;
        reply.is_problem(502, "backend_unavailable");
        assert_eq!(reply.string("/outcome"), "not_sent");
    }
}

#[tokio::test]
async fn a_lapsed_claim_holds_its_step() {
    let (service, handle) = begun().await;
    let mut hold = service.backend.hold("/pay", Answer::json(r#"{"ok":true}"#));
    let asking = service.send_step(&handle, "pay", "");
    hold.arrived().await;
    service.clock.advance(Duration::from_secs(5));

    let held = service.step(&handle, "pay", "").await;
    let note = service.step(&handle, "note", "").await;
    hold.release();
    let late = asking.await.unwrap();

    held.is_problem(409, "outcome_unknown");
    note.is_answer();
    late.is_problem(504, "backend_timeout");
    assert_eq!(service.state(&handle).await, "begun");
    let history = service.history(&handle).await;
    assert_eq!(history.string("/attempts/0/code"), "outcome_unknown");
}

#[tokio::test]
async fn a_call_that_was_cut_holds_its_step() {
    let (service, handle) = begun().await;
    let mut hold = service.backend.hold("/pay", Answer::json(r#"{"ok":true}"#));
    let asking = service.send_step(&handle, "pay", "");
    hold.arrived().await;

    service.shared.cut.cancel();
    asking.await.unwrap().is_problem(503, "shutting_down");

    let held = service.step(&handle, "pay", "").await;
    held.is_problem(409, "outcome_unknown");
}
