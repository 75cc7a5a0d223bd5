//! Which requests need a token.

use super::{HARDLY_ANY_TPS, SLOW_TPS, Service, Setup, fixed, gated, of_all_steps};
use crate::harness::service::ASSERT;
use crate::harness::{Answer, Request};

#[tokio::test]
async fn flows_that_have_begun_finish_while_starts_are_held_back() {
    let service = gated(fixed(HARDLY_ANY_TPS)).await;
    let handle = service.registered().await;
    service
        .start_flow()
        .await
        .is_problem(429, "admission_limited");

    let hash = service.step(&handle, "client-data-hash", "").await;
    let verdict = service.step(&handle, "assert", ASSERT).await;

    hash.is_answer();
    verdict.is_answer();
    assert_eq!(verdict.string("/state"), "verified");
}

#[tokio::test]
async fn every_step_needs_a_token_where_the_scope_says_so() {
    let service = gated(of_all_steps(fixed(SLOW_TPS))).await;
    let handle = service.registered().await;

    let early = service.step(&handle, "client-data-hash", "").await;
    service.refill();
    let hash = service.step(&handle, "client-data-hash", "").await;
    let verdict = service.step(&handle, "assert", ASSERT).await;

    early.is_problem(429, "admission_limited");
    hash.is_answer();
    verdict.is_problem(429, "admission_limited");
}

#[tokio::test]
async fn steps_that_need_no_token_are_samples_all_the_same() {
    let service = gated(fixed(HARDLY_ANY_TPS)).await;
    let handle = service.registered().await;
    let before = service.gate().law.ewma_ms.expect("a start has ended");
    let answer = Answer::json(r#"{"clientDataHash_base64":"aGFzaA=="}"#);
    let mut hold = service.backend.hold("/app-attest/client-data-hash", answer);
    let asking = service.send_step(&handle, "client-data-hash", "");
    hold.arrived().await;
    service.clock.advance(std::time::Duration::from_secs(1));
    hold.release();
    asking.await.expect("a reply").is_answer();

    let after = service.gate().law.ewma_ms.expect("calls have ended");

    assert!(after > before, "{before} {after}");
}

const CALLED_BACK: &str = r#"
protocol  = "example"
title     = "Called back"
backend   = "default"
ttl       = "5m"
retention = "15m"
initial   = "created"
terminal  = ["done"]

[steps.start]
from     = ["created"]
call     = "POST /begin"
outcomes = [{ to = "begun", expect = ["/id"] }]
flow_id  = "response:/id"

[steps.notice]
from     = ["begun"]
call     = "POST /notice"
callback = { match = "/id" }
outcomes = [{ to = "done" }]
"#;

fn notice() -> Request {
    Request::post("/v1/callbacks/example/notice", r#"{"id":"1"}"#)
}

async fn called_back(options: super::Options) -> (Service, crate::harness::Reply) {
    let setup = Setup {
        admission: Some(options),
        ..Setup::protocol(CALLED_BACK)
    };
    let service = setup.start().await;
    let begun = Answer::json(r#"{"id":"1"}"#);
    service.backend.always("/begin", begun);
    service.backend.always("/notice", Answer::json("{}"));
    service.started("").await;
    let reply = service.ask(notice()).await;
    (service, reply)
}

#[tokio::test]
async fn a_callback_is_a_step_of_a_flow_that_has_begun() {
    let (_, free) = called_back(fixed(HARDLY_ANY_TPS)).await;
    let (service, held) = called_back(of_all_steps(fixed(HARDLY_ANY_TPS))).await;

    free.is_answer();
    held.is_problem(429, "admission_limited");
    assert_eq!(service.backend.calls(), 1);
}

#[tokio::test]
async fn a_callback_that_was_held_back_is_taken_when_it_is_sent_again() {
    let (service, held) = called_back(of_all_steps(fixed(SLOW_TPS))).await;
    held.is_problem(429, "admission_limited");
    assert_eq!(held.header("retry-after"), Some("100"));
    service.refill();

    let again = service.ask(notice()).await;

    again.is_answer();
}
