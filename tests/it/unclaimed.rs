//! Claims that the store did not acknowledge: nothing is sent that cannot be seen to be claimed,
//! and nothing stays claimed that is not sent.

use crate::harness::service::{ASSERT, START};
use crate::harness::{Answer, Reply, Request, Service, Setup};

/// The next claim is kept, but neither acknowledged nor to be read at once.
fn lose_the_next_claim(service: &Service) {
    let faults = service.faults.clone();
    service.faults.before_next_replace(move || {
        faults.lose_acknowledgements(1);
        faults.fail_reads(1);
    });
}

#[tokio::test]
async fn a_claim_that_was_kept_without_a_word_is_followed_by_its_call() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    service.faults.lose_acknowledgements(1);

    let reply = service.step(&handle, "assert", ASSERT).await;

    reply.is_answer();
    assert_eq!(reply.string("/state"), "verified");
    assert_eq!(service.backend.calls(), 3);
}

#[tokio::test]
async fn nothing_is_sent_for_a_claim_that_cannot_be_seen() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    lose_the_next_claim(&service);

    let reply = service.step(&handle, "assert", ASSERT).await;

    reply.is_problem(503, "store_unavailable");
    assert_eq!(reply.member("/outcome"), None);
    assert_eq!(service.backend.calls(), 2);
}

#[tokio::test]
async fn a_claim_that_nobody_could_see_is_taken_back_and_listed() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    lose_the_next_claim(&service);
    service.step(&handle, "assert", ASSERT).await;
    service.steps_end().await;

    let again = service.step(&handle, "assert", ASSERT).await;

    again.is_answer();
    let history = service.history(&handle).await;
    assert_eq!(history.string("/attempts/0/code"), "store_unavailable");
    assert_eq!(history.string("/attempts/0/outcome"), "not_sent");
    let carried = history.string("/attempts/0/attemptID");
    let key = service.backend.last();
    assert_eq!(key.header("idempotency-key"), Some(carried.as_str()));
}

#[tokio::test]
async fn a_claim_that_was_never_kept_takes_back_nobody_elses() {
    let one = Service::start().await;
    let setup = Setup {
        seed: 2,
        ..Setup::default()
    };
    let other = one.beside(setup).await;
    let handle = one.hash_issued().await;
    let faults = one.faults.clone();
    one.faults.before_next_replace(move || {
        faults.fail_replaces(1);
        faults.fail_reads(2);
    });
    let refused = one.step(&handle, "assert", ASSERT).await;
    one.faults.has_refused(3).await;
    let answer = Answer::json(r#"{"verified":true}"#);
    let mut hold = other.backend.hold("/app-attest/verify", answer);
    let asking = other.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;

    // Both claims were made over one version of the flow, and so carry the same one.
    one.steps_end().await;
    hold.release();

    refused.is_problem(503, "store_unavailable");
    let reply = asking.await.unwrap();
    reply.is_answer();
    assert_eq!(reply.string("/state"), "verified");
}

#[tokio::test]
async fn a_start_that_was_kept_without_a_word_goes_on() {
    let service = Service::start().await;
    service.faults.lose_creations(1);

    let reply = service.post("/v1/flows/start", START).await;

    reply.is_answer();
    assert_eq!(reply.string("/state"), "registered");
}

/// A start that is kept, but neither acknowledged nor to be read at once.
async fn started_without_a_word(service: &Service, start: Request) -> Reply {
    service.faults.lose_creations_and_fail_the_next_read();
    let reply = service.ask(start).await;
    service.steps_end().await;
    reply
}

#[tokio::test]
async fn a_start_that_nobody_could_see_leaves_no_flow_behind() {
    let service = Service::start().await;

    let start = Request::post("/v1/flows/start", START);
    let reply = started_without_a_word(&service, start).await;

    reply.is_problem(503, "store_unavailable");
    assert_eq!(service.backend.calls(), 0);
    let health = service.get("/health").await;
    assert_eq!(health.member("/flowCount"), Some(0.into()));
}

#[tokio::test]
async fn a_keyed_start_that_nobody_could_see_is_tried_again_by_the_same_request() {
    let service = Service::start().await;
    let keyed = || Request::post("/v1/flows/start", START).header("idempotency-key", "k");
    let reply = started_without_a_word(&service, keyed()).await;

    let again = service.ask(keyed()).await;

    reply.is_problem(503, "store_unavailable");
    again.is_answer();
    let health = service.get("/health").await;
    assert_eq!(health.member("/flowCount"), Some(1.into()));
}
