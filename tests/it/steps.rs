//! A flow from its start to its end, as its caller sees it.

use insta::assert_snapshot;

use crate::harness::Service;
use crate::harness::service::{ASSERT, START};

#[tokio::test]
async fn a_start_shows_the_flow_and_the_backends_answer() {
    let service = Service::start().await;

    let reply = service.post("/v1/flows/start", START).await;

    assert_snapshot!(reply.show(), @r#"
    200
    content-type: application/json
    x-correlation-id: 6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924

    {"flowHandle":"25RAkSQ6_bH3wKCXbkY54wMgNN4TQTgR",
    "flowID":"flow-1",
    "protocol":"app-attest",
    "state":"registered",
    "terminal":false,
    "issuedAt":"2026-01-17T12:00:00.000Z",
    "expiresAt":"2026-01-17T12:05:00Z",
    "correlationID":"6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924",
    "lastBackendStatus":"registered",
    "keyID_base64":"a2V5",
    "verifyRunID":"run-7",
    "backend":{"status":"registered","flowID":"flow-1","expiresAt":"2026-01-17T12:05:00Z"}}
    "#);
}
