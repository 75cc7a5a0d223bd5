//! The loop closed over a real backend: what its calls come to moves the rate.

use std::time::Duration;

use integrator_core::control::law::Regime;

use super::{START, Service, between, gated};
use crate::harness::{Answer, Request};

const REGISTER: &str = "/app-attest/register";

/// A gate that may let from one start a second to fifty pass.
fn wide() -> super::Options {
    let mut options = between(1.0, 50.0);
    options.law.burst_max_tokens = 50.0;
    options
}

/// Starts for so long by the service's clock, ten a second, each answered or refused at once;
/// how many were refused by the gate.
async fn starts(service: &Service, seconds: u32) -> u32 {
    let mut refused = 0;
    for _ in 0..seconds * 10 {
        let reply = service.start_flow().await;
        refused += u32::from(reply.status == 429);
        service.clock.advance(Duration::from_millis(100));
    }
    refused
}

/// A start whose call takes so long by the service's clock, if the gate lets it pass.
async fn start_that_takes(service: &Service, took: Duration) {
    if service.gate().law.tokens < 1.0 {
        service.clock.advance(took);
        return;
    }
    let answer = Answer::json(r#"{"flowID":"f"}"#);
    let mut hold = service.backend.hold(REGISTER, answer);
    let asking = service.send(Request::post("/v1/flows/start", START));
    hold.arrived().await;
    service.clock.advance(took);
    hold.release();
    asking.await.expect("a reply").is_answer();
}

#[tokio::test]
async fn a_backend_that_answers_at_once_opens_the_gate() {
    let service = gated(wide()).await;

    starts(&service, 30).await;

    assert_eq!(starts(&service, 5).await, 0);
}

#[tokio::test]
async fn a_slow_backend_lowers_the_rate() {
    let service = gated(wide()).await;
    starts(&service, 30).await;
    let before = service.gate().law.rate_tps;

    for _ in 0..10 {
        start_that_takes(&service, Duration::from_secs(1)).await;
    }

    let after = service.gate().law;
    assert!(after.rate_tps < before / 2.0, "{before} {after:?}");
    assert!(after.ewma_ms.expect("samples") > 200.0, "{after:?}");
}

#[tokio::test]
async fn an_answer_is_a_sample_whatever_it_says() {
    for status in [200, 404, 429, 500, 503] {
        let service = gated(wide()).await;
        service.backend.once(REGISTER, Answer::status(status, "{}"));

        service.start_flow().await;

        assert_eq!(service.gate().law.ewma_ms, Some(0.0), "{status}");
    }
}

#[tokio::test]
async fn a_call_that_our_own_stop_cuts_off_is_no_sample() {
    let service = gated(wide()).await;
    let mut hold = service.backend.hold(REGISTER, Answer::json("{}"));
    let asking = service.send(Request::post("/v1/flows/start", START));
    hold.arrived().await;
    service.clock.advance(Duration::from_secs(2));

    service.shared.cut.cancel();
    let reply = asking.await.expect("a reply");

    reply.is_problem(503, "shutting_down");
    assert_eq!(service.gate().law.ewma_ms, None);
}

#[tokio::test]
async fn a_dead_backend_closes_the_gate_and_the_trickle_of_probes_opens_it_again() {
    let service = gated(wide()).await;
    service.backend.always(REGISTER, Answer::nothing());
    starts(&service, 30).await;
    let dead = service.gate().law;
    let calls = service.backend.calls();
    starts(&service, 10).await;
    let probes = service.backend.calls() - calls;

    service
        .backend
        .always(REGISTER, Answer::json(r#"{"flowID":"f"}"#));
    starts(&service, 30).await;

    assert_eq!((dead.regime, dead.rate_tps), (Regime::Closed, 1.0));
    assert!((9..=11).contains(&probes), "{probes}");
    assert_eq!(service.gate().law.regime, Regime::Open);
    assert_eq!(starts(&service, 5).await, 0);
}
