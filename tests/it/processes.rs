//! Two processes over one store: claims are seen by both, calls under way by one.

use std::time::Duration;

use crate::harness::service::{ASSERT, START};
use crate::harness::{Answer, Request, Service, Setup};

async fn two() -> (Service, Service) {
    let one = Service::start().await;
    let setup = Setup {
        seed: 2,
        ..Setup::default()
    };
    let other = one.beside(setup).await;
    (one, other)
}

#[tokio::test]
async fn a_flow_that_one_started_goes_on_at_the_other() {
    let (one, other) = two().await;
    let handle = one.hash_issued().await;

    let verdict = other.step(&handle, "assert", ASSERT).await;
    let replay = one.step(&handle, "assert", ASSERT).await;

    verdict.is_answer();
    assert_eq!(replay.body, verdict.body);
    assert_eq!(one.backend.calls() + other.backend.calls(), 3);
}

#[tokio::test]
async fn a_same_request_at_the_other_does_not_wait() {
    let (one, other) = two().await;
    let handle = one.hash_issued().await;
    let answer = Answer::json(r#"{"verified":true}"#);
    let mut hold = one.backend.hold("/app-attest/verify", answer);
    let asking = one.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;

    let same = other.step(&handle, "assert", ASSERT).await;
    hold.release();

    same.is_problem(409, "step_in_progress");
    asking.await.unwrap().is_answer();
    other.step(&handle, "assert", ASSERT).await.is_answer();
    assert_eq!(other.backend.calls(), 0);
}

#[tokio::test]
async fn a_same_keyed_start_at_the_other_does_not_wait() {
    let (one, other) = two().await;
    let keyed = || Request::post("/v1/flows/start", START).header("idempotency-key", "k");
    let answer = Answer::json(r#"{"flowID":"f"}"#);
    let mut hold = one.backend.hold("/app-attest/register", answer);
    let asking = one.send(keyed());
    hold.arrived().await;

    let same = other.ask(keyed()).await;
    hold.release();
    let first = asking.await.unwrap();
    let replay = other.ask(keyed()).await;

    same.is_problem(409, "step_in_progress");
    first.is_answer();
    assert_eq!(replay.body, first.body);
    assert_eq!(replay.header("idempotent-replayed"), Some("true"));
}

#[tokio::test]
async fn a_claim_of_a_process_that_died_ends_with_its_lease() {
    let (dead, other) = two().await;
    let handle = dead.hash_issued().await;
    let answer = Answer::json(r#"{"verified":true}"#);
    let mut hold = dead.backend.hold("/app-attest/verify", answer);
    let asking = dead.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;
    let held_key = dead.backend.last();
    let held_key = held_key.header("idempotency-key").unwrap();

    other.clock.advance(Duration::from_millis(4999));
    let early = other.step(&handle, "assert", ASSERT).await;
    other.clock.advance(Duration::from_millis(1));
    let late = other.step(&handle, "assert", ASSERT).await;
    hold.release();
    let fenced = asking.await.unwrap();

    early.is_problem(409, "step_in_progress");
    late.is_answer();
    let key = other.backend.last();
    assert_eq!(key.header("idempotency-key"), Some(held_key));
    fenced.is_problem(409, "terminal_state");
    let history = other.history(&handle).await;
    assert_eq!(history.string("/attempts/0/code"), "outcome_unknown");
    // It ended with its lease, whenever that was found out.
    assert_eq!(history.string("/attempts/0/at"), "2026-01-17T12:00:05.000Z");
}
