//! A claim fences its answer: what comes too late moves nothing.

use std::time::Duration;

use crate::harness::service::{ASSERT, START};
use crate::harness::{Answer, Request, Service};

const STALE: &str = "integrator_stale_commits_total";
const OTHER: &str = r#"{"assertionObject_base64":"b3Ro"}"#;

#[tokio::test]
async fn an_answer_after_the_deadline_is_dropped_and_its_caller_told_that_the_flow_expired() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let mut hold = service
        .backend
        .hold("/app-attest/verify", Answer::json(r#"{"verified":true}"#));
    let asking = service.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;
    service.clock.advance(Duration::from_secs(300));

    hold.release();
    let reply = asking.await.unwrap();

    reply.is_problem(410, "expired");
    assert_eq!(service.state(&handle).await, "expired");
    assert_eq!(service.metric(STALE).await, 1.0);
    let response = service.get(format!("/v1/flows/{handle}/steps/assert/response"));
    response.await.is_problem(404, "not_found");
}

#[tokio::test]
async fn the_sweeper_closes_a_flow_whose_claim_is_held_and_fences_its_answer() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let mut hold = service
        .backend
        .hold("/app-attest/verify", Answer::json(r#"{"verified":true}"#));
    let asking = service.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;
    service.clock.advance(Duration::from_secs(300));
    assert_eq!(service.sweep().await.expired, 1);
    let history = service.history(&handle).await;

    hold.release();
    let reply = asking.await.unwrap();

    reply.is_problem(410, "expired");
    assert_eq!(service.metric(STALE).await, 1.0);
    assert_eq!(service.history(&handle).await, history);
    assert_eq!(history.string("/attempts/0/outcome"), "unknown");
}

#[tokio::test]
async fn a_late_answer_is_counted_once_however_often_the_store_is_asked_about_it() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let mut hold = service
        .backend
        .hold("/app-attest/verify", Answer::json(r#"{"verified":true}"#));
    let asking = service.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;
    service.clock.advance(Duration::from_secs(300));
    // The flow is read to look for the answer, and once more to tell its state.
    service.faults.fail_one_read_after(1);

    hold.release();
    let reply = asking.await.unwrap();

    reply.is_problem(410, "expired");
    assert_eq!(service.metric(STALE).await, 1.0);
}

#[tokio::test]
async fn an_answer_to_a_flow_that_was_removed_meanwhile_finds_nothing() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let mut hold = service
        .backend
        .hold("/app-attest/verify", Answer::json(r#"{"verified":true}"#));
    let asking = service.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;
    for _ in 0..2 {
        service.clock.advance(Duration::from_secs(3600));
        service.sweep().await;
    }

    hold.release();

    asking.await.unwrap().is_problem(404, "not_found");
    assert_eq!(service.metric(STALE).await, 1.0);
}

#[tokio::test]
async fn a_lapsed_claim_gives_way_to_another_whose_answer_stands() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let first_answer = Answer::json(r#"{"verified":true,"who":"first"}"#);
    let mut hold = service.backend.hold("/app-attest/verify", first_answer);
    let first = service.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;
    service.clock.advance(Duration::from_millis(4999));
    let early = service.step(&handle, "assert", OTHER).await;
    service.clock.advance(Duration::from_millis(1));
    let answer = Answer::json(r#"{"verified":false,"who":"second"}"#);
    service.backend.once("/app-attest/verify", answer);

    let second = service.step(&handle, "assert", OTHER).await;
    hold.release();
    let first = first.await.unwrap();

    early.is_problem(409, "step_in_progress");
    second.is_answer();
    assert_eq!(second.string("/state"), "rejected");
    first.is_problem(409, "terminal_state");
    assert_eq!(service.metric(STALE).await, 1.0);
    assert_eq!(service.state(&handle).await, "rejected");
}

#[tokio::test]
async fn a_lapsed_claim_that_nobody_took_over_still_settles() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let mut hold = service
        .backend
        .hold("/app-attest/verify", Answer::json(r#"{"verified":true}"#));
    let asking = service.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;
    service.clock.advance(Duration::from_secs(60));

    hold.release();

    asking.await.unwrap().is_answer();
    assert_eq!(service.metric(STALE).await, 0.0);
}

#[tokio::test]
async fn retries_that_share_an_attempt_id_do_not_share_a_claim() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let mut first_hold = service
        .backend
        .hold("/app-attest/verify", Answer::json(r#"{"verified":true}"#));
    let mut second_hold = service
        .backend
        .hold("/app-attest/verify", Answer::json(r#"{"verified":false}"#));
    let first = service.send_step(&handle, "assert", ASSERT);
    first_hold.arrived().await;
    service.clock.advance(Duration::from_secs(5));
    let second = service.send_step(&handle, "assert", ASSERT);
    second_hold.arrived().await;

    first_hold.release();
    let first = first.await.unwrap();
    second_hold.release();
    let second = second.await.unwrap();

    first.is_problem(504, "backend_timeout");
    assert_eq!(first.string("/outcome"), "unknown");
    assert_eq!(second.string("/state"), "rejected");
    let seen = service.backend.seen();
    let key = |index: usize| seen[index].header("idempotency-key").map(str::to_owned);
    assert_eq!(key(2), key(3));
}

#[tokio::test]
async fn a_flow_that_expires_between_judgement_and_claim_is_not_called_for() {
    let service = Service::start().await;
    let handle = service.registered().await;
    let clock = service.clock.clone();
    let advance = move || clock.advance(Duration::from_secs(300));
    service.faults.before_next_replace(advance);

    let reply = service.step(&handle, "client-data-hash", "").await;

    reply.is_problem(410, "expired");
    assert_eq!(service.backend.calls(), 1);
}

#[tokio::test]
async fn a_flow_that_expires_between_answer_and_commit_keeps_no_answer() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let mut hold = service
        .backend
        .hold("/app-attest/verify", Answer::json(r#"{"verified":true}"#));
    let asking = service.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;
    let clock = service.clock.clone();
    let advance = move || clock.advance(Duration::from_secs(300));
    service.faults.before_next_replace(advance);

    hold.release();

    asking.await.unwrap().is_problem(410, "expired");
    assert_eq!(service.metric(STALE).await, 1.0);
}

#[tokio::test]
async fn a_start_without_a_key_whose_flow_expires_meanwhile_leaves_nothing() {
    for (answer, swept) in [
        (Answer::json(r#"{"flowID":"1"}"#), false),
        (Answer::json(r#"{"flowID":"1"}"#), true),
        (Answer::status(500, "{}"), false),
        (Answer::nothing(), true),
    ] {
        let service = Service::start().await;
        let mut hold = service.backend.hold("/app-attest/register", answer);
        let asking = service.send(Request::post("/v1/flows/start", START));
        hold.arrived().await;
        service.clock.advance(Duration::from_secs(300));
        if swept {
            assert_eq!(service.sweep().await.expired, 1);
        }

        hold.release();
        let reply = asking.await.unwrap();

        reply.is_problem(410, "expired");
        assert_eq!(reply.member("/flowHandle"), None);
        let health = service.get("/health").await;
        assert_eq!(health.member("/flowCount"), Some(0.into()));
    }
}

#[tokio::test]
async fn a_call_that_fails_after_the_deadline_is_told_as_the_history_tells_it() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let mut hold = service
        .backend
        .hold("/app-attest/verify", Answer::nothing());
    service.clock.advance(Duration::from_secs(239));
    let asking = service.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;
    service.clock.advance(Duration::from_secs(1));

    hold.release();
    let reply = asking.await.unwrap();

    reply.is_problem(410, "expired");
    assert_eq!(service.metric(STALE).await, 0.0);
    let history = service.history(&handle).await;
    assert_eq!(history.string("/attempts/0/code"), "expired");
}
