//! The order of the checks: of two that fail, the earlier one is told.

use std::time::Duration;

use appattest_integrator::phase::Phase;

use crate::harness::protocols::EXAMPLE;
use crate::harness::service::{ASSERT, START};
use crate::harness::{Answer, Request, Service, Setup};

const OTHER: &str = r#"{"assertionObject_base64":"b3Ro"}"#;

fn absent() -> String {
    "A".repeat(32)
}

#[tokio::test]
async fn the_route_comes_before_draining() {
    let service = Service::start().await;
    service.phases.enter(Phase::Refusing);

    service
        .get("/v1/nothing")
        .await
        .is_problem(404, "not_found");
    let reply = service.get("/v1/flows/start").await;
    reply.is_problem(405, "method_not_allowed");
}

#[tokio::test]
async fn draining_comes_before_the_body() {
    let service = Service::start().await;
    service.phases.enter(Phase::Refusing);

    let large = service.post("/v1/flows/start", vec![b'x'; 300_000]).await;
    let step = service.step(&absent(), "assert", "not json").await;

    large.is_problem(503, "shutting_down");
    step.is_problem(503, "shutting_down");
}

#[tokio::test]
async fn a_body_too_large_comes_before_its_type_and_its_type_before_its_text() {
    let service = Service::start().await;
    let ask = |body: Vec<u8>| {
        let path = format!("/v1/flows/{}/assert", absent());
        service.ask(Request::post(path, body).header("content-type", "text/plain"))
    };

    let large = ask(vec![b'x'; 256 * 1024 + 1]).await;
    let unreadable = ask(b"x".to_vec()).await;

    large.is_problem(413, "payload_too_large");
    unreadable.is_problem(415, "unsupported_media_type");
}

#[tokio::test]
async fn a_body_that_is_not_json_comes_before_the_flow() {
    let service = Service::start().await;

    let reply = service.step(&absent(), "assert", "[]").await;

    reply.is_problem(400, "invalid_input");
}

#[tokio::test]
async fn a_body_comes_before_the_protocol_of_a_start() {
    let service = Service::start().await;

    let reply = service.post("/v1/flows/start?protocol=nothing", "[]").await;

    reply.is_problem(400, "invalid_input");
}

#[tokio::test]
async fn the_flow_comes_before_the_step() {
    let service = Service::start().await;

    let reply = service.step(&absent(), "nothing", "").await;

    reply.is_problem(404, "not_found");
    assert_eq!(reply.member("/flowHandle"), None);
}

#[tokio::test]
async fn the_step_comes_before_expiry() {
    let service = Service::start().await;
    let handle = service.registered().await;
    service.clock.advance(Duration::from_secs(3600));

    let unknown = service.step(&handle, "nothing", "").await;
    let known = service.step(&handle, "client-data-hash", "").await;

    unknown.is_problem(404, "not_found");
    known.is_problem(410, "expired");
}

#[tokio::test]
async fn expiry_comes_before_a_replay() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    service.clock.advance(Duration::from_secs(3600));

    let same = service.step(&handle, "client-data-hash", "").await;

    same.is_problem(410, "expired");
}

#[tokio::test]
async fn a_replay_comes_before_the_terminal_state() {
    let service = Service::start().await;
    let handle = service.verified().await;

    let same = service.step(&handle, "assert", ASSERT).await;
    let other = service.step(&handle, "assert", OTHER).await;

    same.is_answer();
    other.is_problem(409, "terminal_state");
}

#[tokio::test]
async fn the_terminal_state_comes_before_the_sequence() {
    let service = Service::start().await;
    let handle = service.verified().await;

    // `client-data-hash` needs `registered`, and the member is attached by the flow.
    let reply = service
        .step(&handle, "client-data-hash", r#"{"flowID":"x"}"#)
        .await;

    reply.is_problem(409, "terminal_state");
}

#[tokio::test]
async fn the_sequence_comes_before_the_members() {
    let service = Service::start().await;
    let handle = service.registered().await;

    let reply = service.step(&handle, "assert", r#"{"flowID":"x"}"#).await;

    reply.is_problem(409, "sequence_violation");
}

#[tokio::test]
async fn required_members_come_before_attached_and_attached_before_remembered() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let long = "k".repeat(2000);

    let missing = service.step(&handle, "assert", r#"{"flowID":"x"}"#).await;
    let body = format!(r#"{{"keyID_base64":"{long}"}}"#);
    let unremembered = service.post("/v1/flows/start", body).await;

    assert!(
        missing
            .string("/detail")
            .contains("'assertionObject_base64'")
    );
    let detail = unremembered.string("/detail");
    assert!(detail.contains("'attestationObject_base64'"), "{detail}");
}

#[tokio::test]
async fn the_members_come_before_a_step_in_progress() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let mut hold = service
        .backend
        .hold("/app-attest/verify", Answer::json("{}"));
    let _first = service.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;

    let members = service.step(&handle, "assert", "{}").await;
    let sequence = service.step(&handle, "client-data-hash", "{}").await;
    let progress = service.step(&handle, "assert", OTHER).await;

    members.is_problem(400, "invalid_input");
    sequence.is_problem(409, "sequence_violation");
    progress.is_problem(409, "step_in_progress");
}

#[tokio::test]
async fn a_replay_comes_before_a_step_in_progress() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let mut hold = service
        .backend
        .hold("/app-attest/verify", Answer::json("{}"));
    let _first = service.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;

    let reply = service.step(&handle, "client-data-hash", "").await;

    reply.is_answer();
    assert_eq!(reply.header("idempotent-replayed"), Some("true"));
}

#[tokio::test]
async fn a_step_in_progress_comes_before_a_held_one() {
    let service = Setup::protocol(EXAMPLE).start().await;
    service
        .backend
        .always("/begin", Answer::json(r#"{"id":"1"}"#));
    let handle = service.started("").await;
    service.backend.once("/pay", Answer::nothing());
    service
        .step(&handle, "pay", "")
        .await
        .is_problem(502, "backend_unavailable");
    let mut hold = service.backend.hold("/note", Answer::json("{}"));
    let _note = service.send_step(&handle, "note", "");
    hold.arrived().await;

    let reply = service.step(&handle, "pay", "").await;

    reply.is_problem(409, "step_in_progress");
}

#[tokio::test]
async fn the_members_come_before_capacity_and_capacity_before_the_call() {
    let setup = Setup {
        max_flows: 0,
        ..Setup::default()
    };
    let service = setup.start().await;

    let members = service.post("/v1/flows/start", "{}").await;
    let capacity = service.post("/v1/flows/start", START).await;

    members.is_problem(400, "invalid_input");
    capacity.is_problem(503, "capacity_exhausted");
    assert_eq!(service.backend.calls(), 0);
}
