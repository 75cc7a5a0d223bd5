//! A flow from its start to its end, as its caller sees it.

use std::time::Duration;

use insta::assert_snapshot;

use crate::harness::protocols::EXAMPLE;
use crate::harness::service::{ASSERT, START};
use crate::harness::show::broken;
use crate::harness::{Answer, Request, Service, Setup};

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

#[tokio::test]
async fn a_later_step_shows_what_the_flow_gathered() {
    let service = Service::start().await;
    let handle = service.registered().await;
    service.clock.advance(Duration::from_millis(1500));

    let reply = service.step(&handle, "client-data-hash", "").await;

    assert_snapshot!(reply.show(), @r#"
    200
    content-type: application/json
    x-correlation-id: 6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924

    {"flowHandle":"25RAkSQ6_bH3wKCXbkY54wMgNN4TQTgR",
    "flowID":"flow-1",
    "protocol":"app-attest",
    "state":"hash_issued",
    "terminal":false,
    "issuedAt":"2026-01-17T12:00:00.000Z",
    "expiresAt":"2026-01-17T12:04:00Z",
    "correlationID":"6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924",
    "lastBackendStatus":"hash_issued",
    "keyID_base64":"a2V5",
    "verifyRunID":"run-7",
    "clientDataHash_base64":"aGFzaA==",
    "backend":{"clientDataHash_base64":"aGFzaA==","expiresAt":"2026-01-17T12:04:00Z"}}
    "#);
}

#[tokio::test]
async fn a_verdict_ends_the_flow() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;

    let reply = service.step(&handle, "assert", ASSERT).await;

    assert_snapshot!(reply.show(), @r#"
    200
    content-type: application/json
    x-correlation-id: 6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924

    {"flowHandle":"25RAkSQ6_bH3wKCXbkY54wMgNN4TQTgR",
    "flowID":"flow-1",
    "protocol":"app-attest",
    "state":"verified",
    "terminal":true,
    "issuedAt":"2026-01-17T12:00:00.000Z",
    "expiresAt":"2026-01-17T12:04:00Z",
    "correlationID":"6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924",
    "lastBackendStatus":"verified",
    "keyID_base64":"a2V5",
    "verifyRunID":"run-7",
    "clientDataHash_base64":"aGFzaA==",
    "backend":{"verified":true,"signCount":1}}
    "#);
}

#[tokio::test]
async fn a_status_shows_the_same_without_the_answer() {
    let service = Service::start().await;
    let handle = service.registered().await;
    let status = service.status(&handle).await;
    let step = service.step(&handle, "client-data-hash", "").await;

    let later = service.status(&handle).await;

    assert_snapshot!(status.show(), @r#"
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
    "verifyRunID":"run-7"}
    "#);
    let before_backend = |text: &str| text.split(",\"backend\"").next().map(str::to_owned);
    let later = later.text().trim_end_matches('}').to_owned();
    assert_eq!(before_backend(step.text()).unwrap(), later);
}

#[tokio::test]
async fn a_flow_whose_start_is_under_way_shows_no_more_than_it_has() {
    let service = Service::start().await;
    let mut hold = service
        .backend
        .hold("/app-attest/register", Answer::json("{}"));
    let _asking = service.send(Request::post("/v1/flows/start", START));
    hold.arrived().await;
    let seen = service.backend.last();
    let handle = seen.header("x-flow-handle").unwrap();

    let status = service.status(handle).await;
    let history = service.history(handle).await;

    assert_snapshot!(status.show(), @r#"
    200
    content-type: application/json
    x-correlation-id: 6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924

    {"flowHandle":"25RAkSQ6_bH3wKCXbkY54wMgNN4TQTgR",
    "protocol":"app-attest",
    "state":"created",
    "terminal":false,
    "issuedAt":"2026-01-17T12:00:00.000Z",
    "expiresAt":"2026-01-17T12:05:00.000Z",
    "correlationID":"6e1f4efd-9c72-4cb0-bb18-bf1f5cdc6924"}
    "#);
    assert_snapshot!(history.text(), @r#"{"flowHandle":"25RAkSQ6_bH3wKCXbkY54wMgNN4TQTgR","transitions":[],"attempts":[]}"#);
}

#[tokio::test]
async fn a_history_lists_every_transition_with_its_answer() {
    let service = Service::start().await;
    let handle = service.registered().await;
    service.clock.advance(Duration::from_millis(250));
    service.step(&handle, "client-data-hash", "").await;
    service.clock.advance(Duration::from_millis(250));
    service.step(&handle, "assert", ASSERT).await;

    let history = service.history(&handle).await;

    history.is_answer();
    assert_snapshot!(broken(history.text()), @r#"
    {"flowHandle":"25RAkSQ6_bH3wKCXbkY54wMgNN4TQTgR",
    "transitions":[{"version":2,"step":"start","from":"created","to":"registered","at":"2026-01-17T12:00:00.000Z","attemptID":"0bf0e802-1820-4de7-82bb-3d225ca9f82e","backendStatus":200,"backend":{"status":"registered","flowID":"flow-1","expiresAt":"2026-01-17T12:05:00Z"}},{"version":4,"step":"client-data-hash","from":"registered","to":"hash_issued","at":"2026-01-17T12:00:00.250Z","attemptID":"a90a78e8-2a72-437d-9adb-2018997516ad","backendStatus":200,"backend":{"clientDataHash_base64":"aGFzaA==","expiresAt":"2026-01-17T12:04:00Z"}},{"version":6,"step":"assert","from":"hash_issued","to":"verified","at":"2026-01-17T12:00:00.500Z","attemptID":"ff584f86-833d-49dd-8e37-6bde1c4c2908","backendStatus":200,"backend":{"verified":true,"signCount":1}}],
    "attempts":[]}
    "#);
}

#[tokio::test]
async fn an_expiry_is_a_transition_without_step_attempt_and_backend() {
    let service = Service::start().await;
    let handle = service.registered().await;
    service.clock.advance(Duration::from_secs(300));
    let unswept = service.history(&handle).await;
    service.sweep().await;

    let swept = service.history(&handle).await;

    assert_eq!(unswept.text(), swept.text());
    assert_snapshot!(broken(swept.text()), @r#"
    {"flowHandle":"25RAkSQ6_bH3wKCXbkY54wMgNN4TQTgR",
    "transitions":[{"version":2,"step":"start","from":"created","to":"registered","at":"2026-01-17T12:00:00.000Z","attemptID":"0bf0e802-1820-4de7-82bb-3d225ca9f82e","backendStatus":200,"backend":{"status":"registered","flowID":"flow-1","expiresAt":"2026-01-17T12:05:00Z"}},{"version":3,"from":"registered","to":"expired","at":"2026-01-17T12:05:00.000Z"}],
    "attempts":[]}
    "#);
}

#[tokio::test]
async fn the_time_of_an_expiry_is_the_deadline_whenever_it_is_read_or_written() {
    let service = Service::start().await;
    let handle = service.registered().await;
    service.clock.advance(Duration::from_secs(310));
    let first = service.history(&handle).await;
    service.clock.advance(Duration::from_secs(10));
    let second = service.history(&handle).await;
    service.sweep().await;

    let swept = service.history(&handle).await;

    assert_eq!(
        first.string("/transitions/1/at"),
        "2026-01-17T12:05:00.000Z"
    );
    assert_eq!(first.text(), second.text());
    assert_eq!(first.text(), swept.text());
}

#[tokio::test]
async fn a_state_may_be_left_by_status_alone_with_an_answer_that_is_not_json() {
    let service = Setup::protocol(EXAMPLE).start().await;
    service
        .backend
        .always("/begin", Answer::json(r#"{"id":"1"}"#));
    service
        .backend
        .once("/poll", Answer::status(404, b"\xff\x00"));
    let handle = service.started("").await;

    let reply = service.step(&handle, "poll", "").await;

    reply.is_answer();
    assert_eq!(reply.string("/state"), "refused");
    assert_eq!(reply.string("/backend_base64"), "/wA=");
    let history = service.history(&handle).await;
    let shown = history.string("/transitions/1/backend_base64");
    assert_eq!(shown, "/wA=");
}

#[tokio::test]
async fn reading_changes_nothing() {
    let service = Service::start().await;
    let handle = service.registered().await;
    service.clock.advance(Duration::from_secs(300));
    let history = service.history(&handle).await;

    for _ in 0..3 {
        assert_eq!(service.state(&handle).await, "expired");
    }

    assert_eq!(service.history(&handle).await.text(), history.text());
    let health = service.get("/health").await;
    assert_eq!(health.member("/terminalFlowCount"), Some(0.into()));
}
