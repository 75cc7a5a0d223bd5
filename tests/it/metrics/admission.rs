//! Metrics of admission control: exact counts after a scripted run, and none where it is off.

use std::collections::BTreeSet;
use std::time::Duration;

use appattest_integrator::admission::options::{Mode, Options, Scope};
use insta::assert_snapshot;
use integrator_core::control::law;

use crate::harness::gates::fixed;
use crate::harness::service::{ASSERT, START};
use crate::harness::{Answer, Request, Service, Setup};

/// A gate that lets one request through in a second, whatever the latency.
pub(super) fn one_a_second(mode: Mode, scope: Scope) -> Options {
    let options = fixed(1.0);
    Options {
        mode,
        scope,
        law: law::Options {
            target_ms: 100.0,
            ewma_alpha: 0.5,
            ..options.law
        },
        ..options
    }
}

async fn service(mode: Mode, scope: Scope) -> Service {
    let setup = Setup {
        admission: Some(one_a_second(mode, scope)),
        ..Setup::default()
    };
    setup.start().await
}

async fn counted(service: &Service) -> String {
    let reply = service.get("/metrics").await;
    let lines = reply.text().lines();
    let ours = lines.filter(|line| line.starts_with("integrator_admission_"));
    ours.collect::<Vec<_>>().join("\n")
}

/// A start whose call takes 300 ms, and two that come meanwhile; half a second later, a step that
/// nobody may take now, and one that is called.
async fn run(service: &Service) {
    let answer = Answer::json(r#"{"flowID":"flow-1"}"#);
    let mut hold = service.backend.hold("/app-attest/register", answer);
    let asking = service.send(Request::post("/v1/flows/start", START));
    hold.arrived().await;
    for _ in 0..2 {
        service.post("/v1/flows/start", START).await;
    }
    service.clock.advance(Duration::from_millis(300));
    hold.release();
    let handle = asking.await.expect("it is answered").string("/flowHandle");
    service.clock.advance(Duration::from_millis(500));
    service.step(&handle, "assert", ASSERT).await;
    service.step(&handle, "client-data-hash", "").await;
}

#[tokio::test]
async fn where_admission_control_is_off_it_has_no_series() {
    let service = Service::start().await;
    run(&service).await;

    let text = counted(&service).await;

    assert_eq!(text, "");
}

#[tokio::test]
async fn what_a_gate_refuses_and_lets_through_is_counted_exactly_beside_where_it_stands() {
    let service = service(Mode::Enforce, Scope::NewFlows).await;
    run(&service).await;

    let text = counted(&service).await;

    let terms = ["_p_tps", "_i_tps", "_d_tps", "_regime"];
    let lines = text.lines();
    let lines = lines.filter(|line| !terms.iter().any(|term| line.contains(term)));
    assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r#"
    integrator_admission_decisions_total{backend="default",class="new_flow",decision="admitted",mode="enforce"} 1
    integrator_admission_decisions_total{backend="default",class="new_flow",decision="refused",mode="enforce"} 2
    integrator_admission_error_ms{backend="default"} -200
    integrator_admission_ewma_ms{backend="default"} 150
    integrator_admission_rate_max_tps{backend="default"} 1
    integrator_admission_rate_tps{backend="default"} 1
    integrator_admission_setpoint_ms{backend="default"} 100
    integrator_admission_tokens{backend="default"} 0.8
    "#);
}

#[tokio::test]
async fn the_terms_of_the_controller_are_the_laws_own() {
    let service = service(Mode::Enforce, Scope::NewFlows).await;
    run(&service).await;

    let text = counted(&service).await;

    let [reading] = service.orchestrator.gates().try_into().expect("one gate");
    let law = reading.law;
    assert!(law.p_tps < 0.0, "{law:?}");
    for (term, value) in [("p", law.p_tps), ("i", law.i_tps), ("d", law.d_tps)] {
        let value = value + 0.0;
        let line = format!("integrator_admission_{term}_tps{{backend=\"default\"}} {value}");
        assert!(text.lines().any(|told| told == line), "{line} in {text}");
    }
}

#[tokio::test]
async fn what_a_gate_would_refuse_is_counted_and_steps_too_where_they_need_tokens() {
    let service = service(Mode::Observe, Scope::AllSteps).await;
    run(&service).await;

    let text = counted(&service).await;

    let decisions = text.lines().filter(|line| line.contains("_decisions_"));
    assert_snapshot!(decisions.collect::<Vec<_>>().join("\n"), @r#"
    integrator_admission_decisions_total{backend="default",class="new_flow",decision="admitted",mode="observe"} 1
    integrator_admission_decisions_total{backend="default",class="new_flow",decision="refused",mode="observe"} 2
    integrator_admission_decisions_total{backend="default",class="step",decision="admitted",mode="observe"} 0
    integrator_admission_decisions_total{backend="default",class="step",decision="refused",mode="observe"} 1
    "#);
}

#[tokio::test]
async fn before_a_call_has_ended_there_is_no_latency_and_all_else_is_there() {
    let service = service(Mode::Enforce, Scope::NewFlows).await;

    let text = counted(&service).await;

    assert!(!text.contains("integrator_admission_ewma_ms"), "{text}");
    assert!(!text.contains("integrator_admission_error_ms"), "{text}");
    let refused = r#"{backend="default",class="new_flow",decision="refused",mode="enforce"} 0"#;
    assert!(text.contains(refused), "{text}");
    let names = text.lines().filter_map(|line| line.split('{').next());
    let names: BTreeSet<_> = names.collect();
    assert_eq!(names.len(), 9, "{text}");
}

#[tokio::test]
async fn the_regime_is_the_one_of_three_that_the_law_is_in() {
    let service = service(Mode::Enforce, Scope::NewFlows).await;
    run(&service).await;

    let text = counted(&service).await;

    let [reading] = service.orchestrator.gates().try_into().expect("one gate");
    let regime = format!("{:?}", reading.law.regime).to_lowercase();
    assert_ne!(regime, "open");
    let line = format!(r#"_regime{{backend="default",regime="{regime}"}} 1"#);
    assert!(text.contains(&line), "{line} in {text}");
    let regimes = text.lines().filter(|line| line.contains("_regime{"));
    let values = regimes.filter_map(|line| line.rsplit(' ').next());
    let mut values: Vec<_> = values.collect();
    values.sort_unstable();
    assert_eq!(values, ["0", "0", "1"]);
}
