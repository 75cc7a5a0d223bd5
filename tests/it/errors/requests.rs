//! Codes that tell of the request itself, or of the service that it came to.

use appattest_integrator::phase::Phase;
use insta::assert_snapshot;

use crate::harness::service::START;
use crate::harness::{Request, Service, Setup};

#[tokio::test]
async fn invalid_input_tells_what_to_send() {
    let service = Service::start().await;

    let reply = service
        .post("/v1/flows/start", r#"{"keyID_base64":"a"}"#)
        .await;

    reply.is_problem(400, "invalid_input");
    assert_snapshot!(reply.show(), @r#"
    400
    content-type: application/problem+json
    x-integrator-error: invalid_input
    x-correlation-id: 6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924

    {"type":"urn:appattest-integrator:problem:invalid_input",
    "title":"Invalid input",
    "status":400,
    "detail":"member 'attestationObject_base64' is required by step 'start': send it as a non-empty string",
    "code":"invalid_input",
    "step":"start",
    "retryable":false,
    "correlationID":"6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924",
    "error":{"code":"invalid_input","message":"member 'attestationObject_base64' is required by step 'start': send it as a non-empty string"}}
    "#);
    assert_eq!(service.backend.calls(), 0);
}

#[tokio::test]
async fn not_found_is_told_of_a_flow_a_step_a_protocol_and_a_route() {
    let service = Service::start().await;
    let handle = service.registered().await;
    let absent = "A".repeat(32);

    for path in [
        "/",
        "/v1",
        "/v1/flows/",
        "/v1/flows/start/",
        &format!("/v1/flows/{handle}/status/"),
        &format!("/v1/flows/{absent}/status"),
        &format!("/v1/flows/{absent}/history"),
        "/v1/flows/too-short/status",
        &format!("/v1/flows/{handle}/steps/assert/response"),
        &format!("/v1/flows/{handle}/steps/nothing/response"),
        "/v1/protocols/nothing",
    ] {
        service.get(path).await.is_problem(404, "not_found");
    }
    for path in [
        format!("/v1/flows/{absent}/assert"),
        format!("/v1/flows/{handle}/nothing"),
        format!("/v1/flows/{handle}/start"),
        "/v1/flows/start?protocol=nothing".to_owned(),
    ] {
        service.post(path, START).await.is_problem(404, "not_found");
    }
    assert_eq!(service.backend.calls(), 1);
}

#[tokio::test]
async fn a_step_that_no_definition_names_is_told_with_the_flow() {
    let service = Service::start().await;
    let handle = service.registered().await;

    let reply = service.step(&handle, "start", START).await;

    reply.is_problem(404, "not_found");
    assert_snapshot!(reply.show(), @r#"
    404
    content-type: application/problem+json
    x-integrator-error: not_found
    x-correlation-id: 6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924

    {"type":"urn:appattest-integrator:problem:not_found",
    "title":"Not found",
    "status":404,
    "detail":"protocol 'app-attest' has no such step. Steps of a flow: client-data-hash, assert.",
    "code":"not_found",
    "flowHandle":"25RAkSQ6_bH3wKCXbkY54wMgNN4TQTgR",
    "state":"registered",
    "allowedSteps":["client-data-hash"],
    "retryable":false,
    "expiresAt":"2026-01-17T12:05:00Z",
    "correlationID":"6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924",
    "error":{"code":"not_found","message":"protocol 'app-attest' has no such step. Steps of a flow: client-data-hash, assert."}}
    "#);
}

#[tokio::test]
async fn method_not_allowed_lists_the_methods_that_are() {
    let service = Service::start().await;
    let handle = service.registered().await;
    for (method, path, allow) in [
        ("GET", "/v1/flows/start".to_owned(), "POST"),
        ("HEAD", "/v1/flows/start".to_owned(), "POST"),
        ("POST", format!("/v1/flows/{handle}/status"), "GET,HEAD"),
        ("DELETE", format!("/v1/flows/{handle}/assert"), "POST"),
        ("POST", "/health".to_owned(), "GET,HEAD"),
        ("OPTIONS", "/metrics".to_owned(), "GET,HEAD"),
        ("PUT", "/v1/protocols/app-attest".to_owned(), "GET,HEAD"),
    ] {
        let reply = service.ask(Request::new(method, &path)).await;

        assert_eq!(reply.header("allow"), Some(allow), "{method} {path}");
        if method != "HEAD" {
            reply.is_problem(405, "method_not_allowed");
        }
    }
}

#[tokio::test]
async fn request_timeout_ends_a_body_that_does_not_arrive() {
    let service = Service::start().await;
    let mut client = service.connect().await;
    // Nothing happens but the body's deadline, so that time jumps to it.
    tokio::time::pause();

    let begun = Request::post("/v1/flows/start", "{").header("content-length", "9");
    client.send(&begun.bytes()).await;
    let reply = client.reply(true).await.unwrap();

    reply.is_problem(408, "request_timeout");
    assert_eq!(reply.header("connection"), Some("close"));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn payload_too_large_and_unsupported_media_type_come_before_the_body_is_looked_at() {
    let service = Service::start().await;

    let large = service
        .post("/v1/flows/start", vec![b'x'; 256 * 1024 + 1])
        .await;
    let typed = Request::post("/v1/flows/start", "{").header("content-type", "text/plain");
    let typed = service.ask(typed).await;

    large.is_problem(413, "payload_too_large");
    typed.is_problem(415, "unsupported_media_type");
}

#[tokio::test]
async fn capacity_exhausted_names_the_bound() {
    let setup = Setup {
        max_flows: 1,
        ..Setup::default()
    };
    let service = setup.start().await;
    service.registered().await;

    let reply = service.post("/v1/flows/start", START).await;

    reply.is_problem(503, "capacity_exhausted");
    assert_snapshot!(reply.show(), @r#"
    503
    content-type: application/problem+json
    x-integrator-error: capacity_exhausted
    retry-after: 1
    x-correlation-id: 93b8aaad-5da5-4253-a1c3-bd98b697b1f3

    {"type":"urn:appattest-integrator:problem:capacity_exhausted",
    "title":"Capacity exhausted",
    "status":503,
    "detail":"no flow can be started now: flows.max (1) flows are stored. Flows that exist go on. Try again later.",
    "code":"capacity_exhausted",
    "step":"start",
    "retryable":true,
    "correlationID":"93b8aaad-5da5-4253-a1c3-bd98b697b1f3",
    "error":{"code":"capacity_exhausted","message":"no flow can be started now: flows.max (1) flows are stored. Flows that exist go on. Try again later."}}
    "#);
    assert_eq!(service.backend.calls(), 1);
}

#[tokio::test]
async fn shutting_down_asks_to_go_elsewhere() {
    let service = Service::start().await;
    service.phases.enter(Phase::Refusing);

    let reply = service.post("/v1/flows/start", START).await;

    reply.is_problem(503, "shutting_down");
    assert_eq!(reply.header("connection"), Some("close"));
}
