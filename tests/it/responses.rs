//! `steps/{step}/response`: the answer as it came.

use insta::assert_snapshot;

use crate::harness::protocols::EXAMPLE;
use crate::harness::service::ASSERT;
use crate::harness::{Answer, Request, Service, Setup};

#[tokio::test]
async fn a_response_is_the_answer_byte_for_byte_under_its_own_type() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let body = "\r\n {\"verified\" : true} \t\n";
    let answer = Answer::typed(Some("application/vnd.verdict+json; v=1"), body);
    service.backend.once("/app-attest/verify", answer);
    service.step(&handle, "assert", ASSERT).await.is_answer();

    let path = format!("/v1/flows/{handle}/steps/assert/response");
    let reply = service.get(path.clone()).await;
    let head = service.ask(Request::new("HEAD", path)).await;

    assert_eq!(reply.body, body.as_bytes());
    assert_snapshot!(reply.show().replace(body, "BODY"), @"
    200
    content-type: application/vnd.verdict+json; v=1
    x-backend-status: 200
    repr-digest: sha-256=:AOHkUhijYdJY16tPjHvrfyRFoEs0WfNXD3myLbjs7gs=:
    x-correlation-id: 6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924

    BODY
    ");
    assert_eq!(head.headers, reply.headers);
    assert_eq!(head.status, 200);
}

#[tokio::test]
async fn a_response_without_a_type_has_none() {
    let service = Service::start().await;
    let answer = Answer::typed(None, r#"{"flowID":"f"}"#);
    service.backend.once("/app-attest/register", answer);
    let handle = service.registered().await;

    let reply = service
        .get(format!("/v1/flows/{handle}/steps/start/response"))
        .await;

    reply.is_answer();
    assert_eq!(reply.header("content-type"), None);
}

#[tokio::test]
async fn a_response_shows_the_status_that_the_backend_gave() {
    let service = Setup::protocol(EXAMPLE).start().await;
    let answer = Answer::status(422, r#"{"reason":"NO"}"#);
    service.backend.once("/begin", answer);

    let start = service.post("/v1/flows/start", "").await;

    start.is_answer();
    assert_eq!(start.string("/state"), "refused");
    let handle = start.string("/flowHandle");
    let path = format!("/v1/flows/{handle}/steps/start/response");
    let response = service.get(path).await;
    response.is_answer();
    assert_eq!(response.header("x-backend-status"), Some("422"));
    let history = service.history(&handle).await;
    let status = history.member("/transitions/0/backendStatus");
    assert_eq!(status, Some(422.into()));
}
