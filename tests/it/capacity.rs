//! Bounds on what is stored: no flow is started beyond them, and none is lost to them.

use std::time::Duration;

use crate::harness::service::{ASSERT, START};
use crate::harness::stores::Kind;
use crate::harness::{Answer, Request, Service, Setup};

async fn bounded(max_flows: u64) -> Service {
    let setup = Setup {
        max_flows,
        ..Setup::default()
    };
    setup.start().await
}

#[tokio::test]
async fn flows_that_exist_go_on_while_none_can_be_started() {
    let service = bounded(1).await;
    let handle = service.registered().await;

    let full = service.post("/v1/flows/start", START).await;
    let hash = service.step(&handle, "client-data-hash", "").await;
    let verdict = service.step(&handle, "assert", ASSERT).await;

    full.is_problem(503, "capacity_exhausted");
    hash.is_answer();
    verdict.is_answer();
}

#[tokio::test]
async fn an_ended_flow_takes_its_place_until_it_is_removed() {
    let service = bounded(1).await;
    service.verified().await;
    let ended = service.post("/v1/flows/start", START).await;
    service.clock.advance(Duration::from_secs(900));
    service.sweep().await;

    let removed = service.post("/v1/flows/start", START).await;

    ended.is_problem(503, "capacity_exhausted");
    removed.is_answer();
}

#[tokio::test]
async fn a_start_that_failed_gives_its_place_back() {
    let service = bounded(1).await;
    service
        .backend
        .once("/app-attest/register", Answer::nothing());
    let failed = service.post("/v1/flows/start", START).await;
    failed.is_problem(502, "backend_unavailable");

    service.post("/v1/flows/start", START).await.is_answer();
}

#[tokio::test]
async fn a_start_under_way_takes_a_place() {
    let service = bounded(1).await;
    let answer = Answer::json(r#"{"flowID":"f"}"#);
    let mut hold = service.backend.hold("/app-attest/register", answer);
    let first = service.send(Request::post("/v1/flows/start", START));
    hold.arrived().await;

    let second = service.post("/v1/flows/start", START).await;
    hold.release();

    second.is_problem(503, "capacity_exhausted");
    first.await.unwrap().is_answer();
}

#[tokio::test]
async fn a_keyed_start_is_told_again_at_the_bound() {
    let service = bounded(1).await;
    let keyed = || Request::post("/v1/flows/start", START).header("idempotency-key", "k");
    service.ask(keyed()).await.is_answer();

    let again = service.ask(keyed()).await;

    again.is_answer();
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
}

#[tokio::test]
async fn bytes_of_recorded_answers_are_a_bound_and_are_given_back() {
    let answer = format!(r#"{{"flowID":"{}"}}"#, "f".repeat(987));
    // The store in memory alone has this bound.
    let setup = Setup {
        store: Some(Kind::Memory),
        max_bytes: 2000,
        ..Setup::default()
    };
    let service = setup.start().await;
    service
        .backend
        .always("/app-attest/register", Answer::json(&answer));
    service.registered().await;
    let second = service.registered().await;

    let third = service.post("/v1/flows/start", START).await;
    let goes_on = service.step(&second, "client-data-hash", "").await;
    service.clock.advance(Duration::from_secs(300));
    service.sweep().await;
    service.clock.advance(Duration::from_secs(900));
    service.sweep().await;

    third.is_problem(503, "capacity_exhausted");
    assert!(
        third
            .string("/detail")
            .contains("flows.max_bytes (2000 bytes)")
    );
    goes_on.is_answer();
    service.registered().await;
}
