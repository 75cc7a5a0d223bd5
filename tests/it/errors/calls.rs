//! Codes that tell what became of a call, to the backend or to the store.

use insta::assert_snapshot;
use integrator_testbed::port::Reserved;

use crate::harness::service::{ASSERT, START};
use crate::harness::store::ALWAYS;
use crate::harness::{Answer, Service, Setup};

#[tokio::test]
async fn backend_unavailable_tells_that_nothing_was_sent_where_nothing_listens() {
    let closed = Reserved::new();
    let setup = Setup {
        base_url: Some(closed.url()),
        ..Setup::default()
    };
    let service = setup.start().await;

    let reply = service.post("/v1/flows/start", START).await;

    reply.is_problem(502, "backend_unavailable");
    assert_eq!(reply.string("/outcome"), "not_sent");
}

#[tokio::test]
async fn backend_unavailable_tells_that_the_outcome_is_unknown_once_something_was_sent() {
    let service = Service::start().await;
    let handle = service.registered().await;
    service
        .backend
        .once("/app-attest/client-data-hash", Answer::nothing());

    let reply = service.step(&handle, "client-data-hash", "").await;

    reply.is_problem(502, "backend_unavailable");
    assert_snapshot!(reply.show(), @r#"
    502
    content-type: application/problem+json
    x-integrator-error: backend_unavailable
    x-correlation-id: 6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924

    {"type":"urn:appattest-integrator:problem:backend_unavailable",
    "title":"Backend unavailable",
    "status":502,
    "detail":"the backend's answer did not arrive whole: connection closed before message completed. The flow is unchanged; the same request may be sent again.",
    "code":"backend_unavailable",
    "flowHandle":"25RAkSQ6_bH3wKCXbkY54wMgNN4TQTgR",
    "step":"client-data-hash",
    "state":"registered",
    "allowedSteps":["client-data-hash"],
    "retryable":true,
    "outcome":"unknown",
    "expiresAt":"2026-01-17T12:05:00Z",
    "correlationID":"6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924",
    "error":{"code":"backend_unavailable","message":"the backend's answer did not arrive whole: connection closed before message completed. The flow is unchanged; the same request may be sent again."}}
    "#);
    assert_eq!(service.state(&handle).await, "registered");
}

#[tokio::test]
async fn backend_error_shows_the_answer_and_leaves_the_flow() {
    let service = Service::start().await;
    let handle = service.registered().await;
    let answer = Answer::status(400, b" { \"reason\" : 1e40 }\n");
    service.backend.once("/app-attest/client-data-hash", answer);

    let reply = service.step(&handle, "client-data-hash", "").await;

    reply.is_problem(502, "backend_error");
    assert_snapshot!(reply.show(), @r#"
    502
    content-type: application/problem+json
    x-integrator-error: backend_error
    x-correlation-id: 6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924

    {"type":"urn:appattest-integrator:problem:backend_error",
    "title":"Backend error",
    "status":502,
    "detail":"the backend answered 400, which no outcome of this step takes; its answer stands in this problem. The flow is unchanged; the same request may be sent again.",
    "code":"backend_error",
    "flowHandle":"25RAkSQ6_bH3wKCXbkY54wMgNN4TQTgR",
    "step":"client-data-hash",
    "state":"registered",
    "allowedSteps":["client-data-hash"],
    "retryable":true,
    "outcome":"answered",
    "backendStatus":400,
    "backend":{ "reason" : 1e40 },
    "expiresAt":"2026-01-17T12:05:00Z",
    "correlationID":"6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924",
    "error":{"code":"backend_error","message":"the backend answered 400, which no outcome of this step takes; its answer stands in this problem. The flow is unchanged; the same request may be sent again."}}
    "#);
    assert_eq!(service.state(&handle).await, "registered");
}

#[tokio::test]
async fn backend_error_shows_8_kib_of_an_answer_that_is_not_json() {
    let service = Service::start().await;
    let answer = Answer::status(500, vec![b'\0'; 8193]);
    service.backend.once("/app-attest/register", answer);
    let empty = Answer::status(503, "");
    service.backend.once("/app-attest/register", empty);

    let long = service.post("/v1/flows/start", START).await;
    let empty = service.post("/v1/flows/start", START).await;

    long.is_problem(502, "backend_error");
    assert_eq!(
        long.string("/backend_base64"),
        format!("{}=", "A".repeat(10_923))
    );
    empty.is_problem(502, "backend_error");
    assert_eq!(empty.string("/backend_base64"), "");
}

#[tokio::test]
async fn backend_unclassified_ends_the_flow_with_its_answer_recorded() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let answer = Answer::json(r#"{"verified":"yes"}"#);
    service.backend.once("/app-attest/verify", answer);

    let reply = service.step(&handle, "assert", ASSERT).await;

    reply.is_problem(502, "backend_unclassified");
    assert_snapshot!(reply.show(), @r#"
    502
    content-type: application/problem+json
    x-integrator-error: backend_unclassified
    x-correlation-id: 6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924

    {"type":"urn:appattest-integrator:problem:backend_unclassified",
    "title":"Backend unclassified",
    "status":502,
    "detail":"the backend answered 200 and the definition cannot place the answer: no outcome of step 'assert' matches the backend's 200 answer. The answer is recorded and the flow has ended in error.",
    "code":"backend_unclassified",
    "flowHandle":"25RAkSQ6_bH3wKCXbkY54wMgNN4TQTgR",
    "step":"assert",
    "state":"error",
    "allowedSteps":[],
    "retryable":false,
    "backendStatus":200,
    "backend":{"verified":"yes"},
    "expiresAt":"2026-01-17T12:04:00Z",
    "correlationID":"6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924",
    "error":{"code":"backend_unclassified","message":"the backend answered 200 and the definition cannot place the answer: no outcome of step 'assert' matches the backend's 200 answer. The answer is recorded and the flow has ended in error."}}
    "#);
    assert_eq!(service.state(&handle).await, "error");
    let response = service.get(format!("/v1/flows/{handle}/steps/assert/response"));
    assert_eq!(response.await.text(), r#"{"verified":"yes"}"#);
}

#[tokio::test]
async fn store_unavailable_tells_of_no_outcome_where_no_call_was_made() {
    let service = Service::start().await;
    service.faults.fail_reads(ALWAYS);

    let start = service.post("/v1/flows/start", START).await;
    let status = service.status(&"A".repeat(32)).await;
    let ready = service.get("/readyz").await;

    for reply in [&start, &status, &ready] {
        reply.is_problem(503, "store_unavailable");
        assert_eq!(reply.member("/outcome"), None);
    }
    assert_snapshot!(start.show(), @r#"
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
    "step":"start",
    "retryable":true,
    "correlationID":"6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924",
    "error":{"code":"store_unavailable","message":"the store does not answer: the disk is gone. Try again."}}
    "#);
    assert_eq!(service.backend.calls(), 0);
}

#[tokio::test]
async fn shutting_down_tells_an_unknown_outcome_where_a_call_was_cut() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let mut hold = service
        .backend
        .hold("/app-attest/verify", Answer::json("{}"));
    let asking = service.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;

    service.shared.cut.cancel();
    let reply = asking.await.unwrap();

    reply.is_problem(503, "shutting_down");
    assert_eq!(reply.string("/outcome"), "unknown");
    assert_eq!(service.state(&handle).await, "hash_issued");
}

#[tokio::test]
async fn backend_timeout_tells_that_the_outcome_is_unknown() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let mut hold = service
        .backend
        .hold("/app-attest/verify", Answer::json("{}"));
    let asking = service.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;

    // Nothing happens but the call's deadline, so that time jumps to it.
    service.let_time_jump();
    let reply = asking.await.unwrap();

    reply.is_problem(504, "backend_timeout");
    assert_snapshot!(reply.show(), @r#"
    504
    content-type: application/problem+json
    x-integrator-error: backend_timeout
    x-correlation-id: 6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924

    {"type":"urn:appattest-integrator:problem:backend_timeout",
    "title":"Backend timeout",
    "status":504,
    "detail":"the backend gave no whole answer within 3000 ms. The flow is unchanged; the same request may be sent again.",
    "code":"backend_timeout",
    "flowHandle":"25RAkSQ6_bH3wKCXbkY54wMgNN4TQTgR",
    "step":"assert",
    "state":"hash_issued",
    "allowedSteps":["assert"],
    "retryable":true,
    "outcome":"unknown",
    "expiresAt":"2026-01-17T12:04:00Z",
    "correlationID":"6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924",
    "error":{"code":"backend_timeout","message":"the backend gave no whole answer within 3000 ms. The flow is unchanged; the same request may be sent again."}}
    "#);
}
