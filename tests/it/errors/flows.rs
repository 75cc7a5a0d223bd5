//! Codes that tell of the flow's state.

use std::time::Duration;

use insta::assert_snapshot;

use crate::harness::service::{ASSERT, START};
use crate::harness::{Answer, Request, Service};

#[tokio::test]
async fn sequence_violation_tells_which_step_comes_first() {
    let service = Service::start().await;
    let handle = service.registered().await;

    let reply = service.step(&handle, "assert", ASSERT).await;

    reply.is_problem(409, "sequence_violation");
    assert_snapshot!(reply.show(), @r#"
    409
    content-type: application/problem+json
    x-integrator-error: sequence_violation
    x-correlation-id: 6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924

    {"type":"urn:appattest-integrator:problem:sequence_violation",
    "title":"Sequence violation",
    "status":409,
    "detail":"step 'assert' needs state hash_issued; the flow is in registered. Request client-data-hash first.",
    "code":"sequence_violation",
    "flowHandle":"25RAkSQ6_bH3wKCXbkY54wMgNN4TQTgR",
    "step":"assert",
    "state":"registered",
    "allowedSteps":["client-data-hash"],
    "retryable":false,
    "expiresAt":"2026-01-17T12:05:00Z",
    "correlationID":"6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924",
    "error":{"code":"sequence_violation","message":"step 'assert' needs state hash_issued; the flow is in registered. Request client-data-hash first."}}
    "#);
}

#[tokio::test]
async fn terminal_state_allows_no_step() {
    let service = Service::start().await;
    let handle = service.verified().await;

    let reply = service.step(&handle, "client-data-hash", "").await;

    reply.is_problem(409, "terminal_state");
    assert_snapshot!(reply.show(), @r#"
    409
    content-type: application/problem+json
    x-integrator-error: terminal_state
    x-correlation-id: 6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924

    {"type":"urn:appattest-integrator:problem:terminal_state",
    "title":"Terminal state",
    "status":409,
    "detail":"the flow has ended in verified, so step 'client-data-hash' cannot run. Start a new flow.",
    "code":"terminal_state",
    "flowHandle":"25RAkSQ6_bH3wKCXbkY54wMgNN4TQTgR",
    "step":"client-data-hash",
    "state":"verified",
    "allowedSteps":[],
    "retryable":false,
    "expiresAt":"2026-01-17T12:04:00Z",
    "correlationID":"6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924",
    "error":{"code":"terminal_state","message":"the flow has ended in verified, so step 'client-data-hash' cannot run. Start a new flow."}}
    "#);
}

#[tokio::test]
async fn step_in_progress_asks_to_wait() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let mut hold = service
        .backend
        .hold("/app-attest/verify", Answer::json("{}"));
    let _first = service.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;

    let reply = service
        .step(&handle, "assert", r#"{"assertionObject_base64":"b3Ro"}"#)
        .await;

    reply.is_problem(409, "step_in_progress");
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert_snapshot!(reply.show(), @r#"
    409
    content-type: application/problem+json
    x-integrator-error: step_in_progress
    retry-after: 1
    x-correlation-id: 6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924

    {"type":"urn:appattest-integrator:problem:step_in_progress",
    "title":"Step in progress",
    "status":409,
    "detail":"another request is running a step of this flow. Ask for its status, or try again.",
    "code":"step_in_progress",
    "flowHandle":"25RAkSQ6_bH3wKCXbkY54wMgNN4TQTgR",
    "step":"assert",
    "state":"hash_issued",
    "allowedSteps":["assert"],
    "retryable":true,
    "expiresAt":"2026-01-17T12:04:00Z",
    "correlationID":"6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924",
    "error":{"code":"step_in_progress","message":"another request is running a step of this flow. Ask for its status, or try again."}}
    "#);
}

#[tokio::test]
async fn expired_is_told_of_a_flow_past_its_deadline() {
    let service = Service::start().await;
    let handle = service.registered().await;
    service.clock.advance(Duration::from_secs(300));

    let reply = service.step(&handle, "client-data-hash", "").await;

    reply.is_problem(410, "expired");
    assert_snapshot!(reply.show(), @r#"
    410
    content-type: application/problem+json
    x-integrator-error: expired
    x-correlation-id: 6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924

    {"type":"urn:appattest-integrator:problem:expired",
    "title":"Expired",
    "status":410,
    "detail":"the flow has expired, so step 'client-data-hash' cannot run. Start a new flow.",
    "code":"expired",
    "flowHandle":"25RAkSQ6_bH3wKCXbkY54wMgNN4TQTgR",
    "step":"client-data-hash",
    "state":"expired",
    "allowedSteps":[],
    "retryable":false,
    "expiresAt":"2026-01-17T12:05:00Z",
    "correlationID":"6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924",
    "error":{"code":"expired","message":"the flow has expired, so step 'client-data-hash' cannot run. Start a new flow."}}
    "#);
}

#[tokio::test]
async fn idempotency_key_reused_names_the_flow_that_has_the_key() {
    let service = Service::start().await;
    let keyed = |body: &str| Request::post("/v1/flows/start", body).header("idempotency-key", "k");
    service.ask(keyed(START)).await.is_answer();

    let reply = service.ask(keyed(&format!("{START} "))).await;

    reply.is_problem(422, "idempotency_key_reused");
    assert_snapshot!(reply.show(), @r#"
    422
    content-type: application/problem+json
    x-integrator-error: idempotency_key_reused
    x-correlation-id: 6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924

    {"type":"urn:appattest-integrator:problem:idempotency_key_reused",
    "title":"Idempotency key reused",
    "status":422,
    "detail":"this Idempotency-Key was used to start a flow with another body or protocol. Use a new key for a new start.",
    "code":"idempotency_key_reused",
    "flowHandle":"25RAkSQ6_bH3wKCXbkY54wMgNN4TQTgR",
    "step":"start",
    "state":"registered",
    "allowedSteps":["client-data-hash"],
    "retryable":false,
    "expiresAt":"2026-01-17T12:05:00Z",
    "correlationID":"6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924",
    "error":{"code":"idempotency_key_reused","message":"this Idempotency-Key was used to start a flow with another body or protocol. Use a new key for a new start."}}
    "#);
}
