//! What the log tells of admission control: that a gate closes and opens, and of what it refuses
//! no more than of other refusals.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot arrange what it needs fails"
)]

use std::time::Duration;

use appattest_integrator::admission::options::Options;
use insta::assert_snapshot;
use integrator_core::control::law;

use crate::harness::gates::between;
use crate::harness::log::Log;
use crate::harness::service::START;
use crate::harness::{Answer, Request, Service, Setup};

const REGISTERED: &str = r#"{"flowID":"flow-1"}"#;
/// Control periods enough for a gate to go from one end to the other.
const LONG: Duration = Duration::from_secs(30);

/// A gate that believes its latest sample.
fn options() -> Options {
    let options = between(1.0, 10.0);
    Options {
        law: law::Options {
            target_ms: 100.0,
            ewma_alpha: 1.0,
            burst_max_tokens: 5.0,
            ..options.law
        },
        ..options
    }
}

async fn service() -> Service {
    let setup = Setup {
        admission: Some(options()),
        ..Setup::default()
    };
    setup.start().await
}

/// A start whose call takes two seconds, and the periods after it.
async fn closes(service: &Service) {
    let answer = Answer::json(REGISTERED);
    let mut hold = service.backend.hold("/app-attest/register", answer);
    let asking = service.send(Request::post("/v1/flows/start", START));
    hold.arrived().await;
    service.clock.advance(Duration::from_secs(2));
    hold.release();
    asking.await.expect("it is answered").is_answer();
    service.clock.advance(LONG);
    service.orchestrator.tell_turns();
}

/// A probe that is answered at once, and the periods after it.
async fn opens(service: &Service) {
    service.post("/v1/flows/start", START).await.is_answer();
    service.clock.advance(LONG);
    service.orchestrator.tell_turns();
}

fn of_regimes(log: &Log) -> Vec<String> {
    let mut lines = log.lines();
    lines.retain(|line| line.contains("message=admission regime changed"));
    lines
}

#[tokio::test]
async fn a_gate_that_closes_and_opens_again_is_two_lines_of_which_the_first_is_a_warning() {
    let log = Log::start();
    let service = service().await;

    closes(&service).await;
    opens(&service).await;

    // How far it has opened is the law's.
    let lines = of_regimes(&log);
    let told = lines.iter().map(|line| {
        let (before, rate) = line.split_once(" rate_tps=").expect("a rate");
        let (rate, after) = rate.split_once(' ').expect("more fields");
        assert!(rate.parse::<f64>().is_ok(), "{line}");
        format!("{before} rate_tps=… {after}")
    });
    assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r#"
    WARN message=admission regime changed backend="default" regime_from="open" regime_to="closed" ewma_ms=2000.0 rate_tps=… mode="enforce"
    INFO message=admission regime changed backend="default" regime_from="closed" regime_to="open" ewma_ms=0.0 rate_tps=… mode="enforce"
    "#);
}

#[tokio::test]
async fn refusals_write_their_requests_lines_and_no_others() {
    let service = service().await;
    closes(&service).await;
    let log = Log::start();

    let mut refused = 0;
    for _ in 0..50 {
        let reply = service.post("/v1/flows/start", START).await;
        refused += usize::from(reply.status == 429);
    }

    let lines = log.lines();
    let of_requests = lines.iter().filter(|line| line.contains("message=request"));
    let limited = of_requests.filter(|line| line.contains("code=\"admission_limited\""));
    assert!(refused > 40, "{refused}");
    assert_eq!(limited.count(), refused);
    // What was let in has its transition and, of two lines each, the request.
    assert_eq!(lines.len(), refused + 2 * (50 - refused), "{lines:#?}");
}

#[tokio::test]
async fn the_line_of_a_refused_start_is_that_of_any_other_refusal_of_a_start() {
    let full = Setup {
        max_flows: 0,
        ..Setup::default()
    };
    let gate = service().await;
    closes(&gate).await;
    while gate.post("/v1/flows/start", START).await.status == 200 {}
    let full = full.start().await;
    let log = Log::start();

    gate.post("/v1/flows/start", START).await;
    full.post("/v1/flows/start", START).await;

    let names = |line: &String| {
        let words = line.split(' ').filter_map(|word| word.split_once('='));
        let names = words.map(|(name, _)| name.to_owned());
        names.collect::<Vec<_>>()
    };
    let lines = log.lines();
    let lines: Vec<_> = lines
        .iter()
        .filter(|line| line.contains("message=request"))
        .collect();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(
        lines[0].contains("code=\"admission_limited\""),
        "{lines:#?}"
    );
    assert!(
        lines[1].contains("code=\"capacity_exhausted\""),
        "{lines:#?}"
    );
    assert_eq!(names(lines[0]), names(lines[1]));
}
