//! Gates that only observe, and none at all.

use super::{HARDLY_ANY_TPS, Mode, Options, Service, fixed, gated};

fn observing() -> Options {
    Options {
        mode: Mode::Observe,
        ..fixed(HARDLY_ANY_TPS)
    }
}

#[tokio::test]
async fn a_gate_that_observes_refuses_nothing() {
    let service = gated(observing()).await;

    for _ in 0..5 {
        service.start_flow().await.is_answer();
    }

    assert_eq!(service.backend.calls(), 5);
}

#[tokio::test]
async fn what_a_gate_that_observes_would_have_refused_spends_nothing() {
    let service = gated(observing()).await;
    service.start_flow().await.is_answer();
    let before = service.gate().law.tokens;

    service.start_flow().await.is_answer();

    assert_eq!(service.gate().law.tokens, before);
}

#[tokio::test]
async fn without_admission_control_nothing_is_held_back_and_nothing_is_measured() {
    let service = Service::start().await;

    for _ in 0..60 {
        service.start_flow().await.is_answer();
    }

    assert_eq!(service.shared.gates.readings().len(), 0);
    let metrics = service.get("/metrics").await;
    let mut lines = metrics.text().lines();
    assert_eq!(
        lines.find(|line| line.starts_with("integrator_admission_")),
        None
    );
}
