//! A token is spent by a call that leaves, and by nothing else.

use std::time::Duration;

use super::{
    HARDLY_ANY_TPS, Options, SLOW_TPS, Service, Setup, fixed, gated, keyed, of_all_steps, setup,
};
use crate::harness::Answer;
use crate::harness::store::Operation;

/// Another process: its randomness is not that of the first.
fn another(options: Options) -> Setup {
    Setup {
        seed: 2,
        ..setup(options)
    }
}

fn another_without_gate() -> Setup {
    Setup {
        seed: 2,
        ..Setup::default()
    }
}

#[tokio::test]
async fn a_start_that_finds_the_store_full_gives_its_token_back() {
    let full = Setup {
        max_flows: 0,
        ..setup(fixed(HARDLY_ANY_TPS))
    };
    let service = full.start().await;

    for _ in 0..3 {
        let reply = service.start_flow().await;
        reply.is_problem(503, "capacity_exhausted");
    }
}

#[tokio::test]
async fn a_start_that_the_store_does_not_take_gives_its_token_back() {
    let service = gated(fixed(HARDLY_ANY_TPS)).await;
    service.faults.fail_reads(1);
    let failed = service.start_flow().await;
    failed.is_problem(503, "store_unavailable");

    service.start_flow().await.is_answer();
}

#[tokio::test]
async fn a_step_whose_claim_is_not_kept_gives_its_token_back() {
    let service = gated(of_all_steps(fixed(SLOW_TPS))).await;
    let handle = service.registered().await;
    service.refill();
    service.faults.fail_replaces(1);
    let failed = service.step(&handle, "client-data-hash", "").await;
    failed.is_problem(503, "store_unavailable");
    service.steps_end().await;

    let again = service.step(&handle, "client-data-hash", "").await;

    again.is_answer();
}

#[tokio::test]
async fn a_claim_that_cannot_be_seen_gives_its_token_back() {
    let service = gated(of_all_steps(fixed(SLOW_TPS))).await;
    let handle = service.registered().await;
    service.refill();
    let faults = service.faults.clone();
    service.faults.before_next_replace(move || {
        faults.lose_acknowledgements(1);
        faults.fail_reads(1);
    });
    let unseen = service.step(&handle, "client-data-hash", "").await;
    unseen.is_problem(503, "store_unavailable");
    service.steps_end().await;

    let again = service.step(&handle, "client-data-hash", "").await;

    again.is_answer();
}

#[tokio::test]
async fn a_request_that_loses_its_flow_to_another_gives_its_token_back() {
    let without = Service::start().await;
    let service = without
        .beside(another(of_all_steps(fixed(HARDLY_ANY_TPS))))
        .await;
    let handle = without.registered().await;
    let clock = service.clock.clone();
    let over = Duration::from_secs(301);
    service
        .faults
        .before_next_replace(move || clock.advance(over));

    let lost = service.step(&handle, "client-data-hash", "").await;

    lost.is_problem(410, "expired");
    service.start_flow().await.is_answer();
}

#[tokio::test]
async fn a_request_that_is_judged_again_and_called_spends_and_counts_one() {
    let service = gated(of_all_steps(fixed(SLOW_TPS))).await;
    let other = service.beside(another_without_gate()).await;
    let handle = service.registered().await;
    service.refill();
    let mut claim = service.faults.hold_next(Operation::Replace);
    let asking = service.send_step(&handle, "client-data-hash", "");
    claim.arrived().await;
    let hash = "/app-attest/client-data-hash";
    other.backend.once(hash, Answer::nothing());
    let failed = other.step(&handle, "client-data-hash", "").await;
    failed.is_problem(502, "backend_unavailable");

    claim.release();
    let reply = asking.await.expect("a reply");

    reply.is_answer();
    assert!(service.gate().law.tokens < 1.0, "{:?}", service.gate());
    let metrics = service.get("/metrics").await;
    let of_steps = r#"{backend="default",class="step",decision="admitted",mode="enforce"} 1"#;
    assert!(metrics.text().contains(of_steps), "{}", metrics.text());
}

#[tokio::test]
async fn a_call_that_has_no_time_left_gives_its_token_back_and_is_no_sample() {
    let hasty = Setup {
        backend_timeout: Duration::ZERO,
        ..setup(fixed(HARDLY_ANY_TPS))
    };
    let service = hasty.start().await;

    for _ in 0..3 {
        let reply = service.start_flow().await;
        reply.is_problem(504, "backend_timeout");
    }

    assert_eq!(service.backend.calls(), 0);
    assert_eq!(service.gate().law.ewma_ms, None);
}

#[tokio::test]
async fn a_start_that_the_backend_refuses_has_spent_its_token() {
    let service = gated(fixed(HARDLY_ANY_TPS)).await;
    let refusal = Answer::status(422, r#"{"status":"rejected"}"#);
    service.backend.once("/app-attest/register", refusal);
    let refused = service.start_flow().await;
    refused.is_problem(502, "backend_error");

    let next = service.start_flow().await;

    next.is_problem(429, "admission_limited");
}

#[tokio::test]
async fn a_keyed_start_that_is_tried_again_spends_another_token() {
    let service = gated(fixed(SLOW_TPS)).await;
    service
        .backend
        .once("/app-attest/register", Answer::nothing());
    let failed = service.ask(keyed("k")).await;
    failed.is_problem(502, "backend_unavailable");

    let early = service.ask(keyed("k")).await;
    service.refill();
    let again = service.ask(keyed("k")).await;

    early.is_problem(429, "admission_limited");
    again.is_answer();
}

#[tokio::test]
async fn two_processes_have_a_gate_each() {
    let one = gated(fixed(HARDLY_ANY_TPS)).await;
    let other = one.beside(another(fixed(HARDLY_ANY_TPS))).await;

    one.start_flow().await.is_answer();
    other.start_flow().await.is_answer();

    one.start_flow().await.is_problem(429, "admission_limited");
}

#[tokio::test]
async fn an_operators_expiry_needs_no_token() {
    let service = gated(of_all_steps(fixed(HARDLY_ANY_TPS))).await;
    let handle = service.registered().await;

    let reply = service.step(&handle, "expire", "").await;

    reply.is_answer();
}
