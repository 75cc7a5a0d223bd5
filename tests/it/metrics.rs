//! Metrics: exact counts after a scripted run, and labels that no caller can make.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot arrange what it needs fails"
)]

mod admission;
mod series;

use std::time::Duration;

use appattest_integrator::admission::options::{Mode, Options, Scope};
use appattest_integrator::telemetry::metrics::{DEFINITIONS, Kind};
use insta::assert_snapshot;

use self::admission::one_a_second;
use crate::harness::service::{ASSERT, START};
use crate::harness::{Answer, Request, Service, Setup};

const OTHER: &str = r#"{"assertionObject_base64":"b3Ro"}"#;

/// Our samples without what differs by build and without buckets.
fn samples(text: &str) -> Vec<&str> {
    let ours = text.lines().filter(|line| line.starts_with("integrator_"));
    ours.filter(|line| !line.contains("_bucket{") && !line.starts_with("integrator_build_info"))
        .collect()
}

/// Whether a sample tells of HTTP or of the store, and not of flows.
fn is_of_the_shell(line: &str) -> bool {
    line.starts_with("integrator_http") || line.starts_with("integrator_store_operation")
}

/// A protocol that a backend moves by itself.
const NOTICED: &str = r#"
protocol  = "noticed"
title     = "Noticed"
backend   = "default"
ttl       = "5m"
initial   = "created"
terminal  = ["done"]

[steps.start]
from     = ["created"]
call     = "POST /begin"
outcomes = [{ to = "begun", expect = ["/id"] }]
flow_id  = "response:/id"

[steps.notice]
from     = ["begun"]
call     = "POST /notices"
callback = { match = "/id" }
outcomes = [{ to = "done", when = { "/done" = true } }]
"#;

/// A run of which every count is known.
async fn scripted() -> Service {
    scripted_over(None).await
}

/// The same before a gate that refuses nothing, and tells all that gates can tell.
async fn scripted_before_a_gate() -> Service {
    scripted_over(Some(one_a_second(Mode::Observe, Scope::AllSteps))).await
}

async fn scripted_over(admission: Option<Options>) -> Service {
    let setup = Setup {
        protocols: vec![NOTICED.to_owned()],
        admission,
        ..Setup::default()
    };
    let service = setup.start().await;
    client_errs(&service).await;
    backend_fails_and_comes_back(&service).await;
    backend_notices(&service).await;
    backend_is_silent(&service).await;
    backend_is_late(&service).await;
    service.sweep().await;
    service.clock.advance(Duration::from_secs(650));
    service.sweep().await;
    service
}

/// A flow that is left behind, after requests that lead nowhere.
async fn client_errs(service: &Service) {
    let handle = service.registered().await;
    service.step(&handle, "assert", ASSERT).await;
    service.step(&handle, "nothing", "").await;
    service.post("/v1/flows/start", "[]").await;
    let nobody = "/v1/flows/start?protocol=nobody";
    service.post(nobody, START).await;
}

/// A flow to its end, though the backend hangs up and fails; then told again.
async fn backend_fails_and_comes_back(service: &Service) {
    let verify = "/app-attest/verify";
    let handle = service.hash_issued().await;
    let hash = service.step(&handle, "client-data-hash", "").await;
    hash.is_answer();
    for answer in [Answer::nothing(), Answer::status(503, "")] {
        service.backend.once(verify, answer);
        service.step(&handle, "assert", ASSERT).await;
    }
    service.clock.advance(Duration::from_secs(2));
    for _ in 0..2 {
        service.step(&handle, "assert", ASSERT).await.is_answer();
    }
    service.step(&handle, "assert", OTHER).await;
}

/// A flow that a callback ends, a redelivery, and an answer that the definition cannot place.
async fn backend_notices(service: &Service) {
    let begin = "/v1/flows/start?protocol=noticed";
    let notice = "/v1/callbacks/noticed/notice";
    service
        .backend
        .always("/begin", Answer::json(r#"{"id":"n-1"}"#));
    let done = Answer::json(r#"{"done":true}"#);
    service.backend.once("/notices", done);
    service.post(begin, "{}").await.is_answer();
    for _ in 0..2 {
        let told = service.post(notice, r#"{"id":"n-1"}"#).await;
        told.is_answer();
    }
    service.post(notice, r#"{"id":"n-2"}"#).await;
    service.backend.once("/begin", Answer::json("{}"));
    service.post(begin, "{}").await;
}

/// A call that gets no answer in its time.
async fn backend_is_silent(service: &Service) {
    let handle = service.hash_issued().await;
    let mut hold = service
        .backend
        .hold("/app-attest/verify", Answer::json("{}"));
    let asking = service.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;
    service.let_time_jump();
    let reply = asking.await.expect("it is answered");
    reply.is_problem(504, "backend_timeout");
    service.let_time_pass();
}

/// An answer after the flow has expired.
async fn backend_is_late(service: &Service) {
    let verified = Answer::json(r#"{"verified":true}"#);
    let handle = service.hash_issued().await;
    let mut hold = service.backend.hold("/app-attest/verify", verified);
    let asking = service.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;
    service.clock.advance(Duration::from_secs(300));
    hold.release();
    let reply = asking.await.expect("it is answered");
    reply.is_problem(410, "expired");
}

#[tokio::test]
async fn a_scripted_run_is_counted_exactly() {
    let service = scripted().await;

    let reply = service.get("/metrics").await;

    reply.is_answer();
    let counted = samples(reply.text());
    let counted = counted.iter().filter(|line| !is_of_the_shell(line));
    let counted: Vec<_> = counted.copied().collect();
    assert_snapshot!(counted.join("\n"));
}

#[tokio::test]
async fn requests_and_operations_of_the_store_are_counted_exactly() {
    let service = scripted().await;

    let reply = service.get("/metrics").await;

    let counted = samples(reply.text());
    let counted = counted.iter().filter(|line| is_of_the_shell(line));
    let kind = format!("store=\"{}\"", service.store.kind());
    let counted: Vec<_> = counted
        .map(|line| line.replace(&kind, "store=\"KIND\""))
        .collect();
    assert_snapshot!(counted.join("\n"), @r#"
integrator_http_request_duration_seconds_sum{method="POST",route="/v1/callbacks/{protocol}/{step}",status="200"} 0
integrator_http_request_duration_seconds_count{method="POST",route="/v1/callbacks/{protocol}/{step}",status="200"} 2
integrator_http_request_duration_seconds_sum{method="POST",route="/v1/callbacks/{protocol}/{step}",status="404"} 0
integrator_http_request_duration_seconds_count{method="POST",route="/v1/callbacks/{protocol}/{step}",status="404"} 1
integrator_http_request_duration_seconds_sum{method="POST",route="/v1/flows/start",status="200"} 0
integrator_http_request_duration_seconds_count{method="POST",route="/v1/flows/start",status="200"} 5
integrator_http_request_duration_seconds_sum{method="POST",route="/v1/flows/start",status="400"} 0
integrator_http_request_duration_seconds_count{method="POST",route="/v1/flows/start",status="400"} 1
integrator_http_request_duration_seconds_sum{method="POST",route="/v1/flows/start",status="404"} 0
integrator_http_request_duration_seconds_count{method="POST",route="/v1/flows/start",status="404"} 1
integrator_http_request_duration_seconds_sum{method="POST",route="/v1/flows/start",status="502"} 0
integrator_http_request_duration_seconds_count{method="POST",route="/v1/flows/start",status="502"} 1
integrator_http_request_duration_seconds_sum{method="POST",route="/v1/flows/{flowHandle}/{step}",status="200"} 0
integrator_http_request_duration_seconds_count{method="POST",route="/v1/flows/{flowHandle}/{step}",status="200"} 6
integrator_http_request_duration_seconds_sum{method="POST",route="/v1/flows/{flowHandle}/{step}",status="404"} 0
integrator_http_request_duration_seconds_count{method="POST",route="/v1/flows/{flowHandle}/{step}",status="404"} 1
integrator_http_request_duration_seconds_sum{method="POST",route="/v1/flows/{flowHandle}/{step}",status="409"} 0
integrator_http_request_duration_seconds_count{method="POST",route="/v1/flows/{flowHandle}/{step}",status="409"} 2
integrator_http_request_duration_seconds_sum{method="POST",route="/v1/flows/{flowHandle}/{step}",status="410"} 300
integrator_http_request_duration_seconds_count{method="POST",route="/v1/flows/{flowHandle}/{step}",status="410"} 1
integrator_http_request_duration_seconds_sum{method="POST",route="/v1/flows/{flowHandle}/{step}",status="502"} 0
integrator_http_request_duration_seconds_count{method="POST",route="/v1/flows/{flowHandle}/{step}",status="502"} 2
integrator_http_request_duration_seconds_sum{method="POST",route="/v1/flows/{flowHandle}/{step}",status="504"} 0
integrator_http_request_duration_seconds_count{method="POST",route="/v1/flows/{flowHandle}/{step}",status="504"} 1
integrator_store_operation_duration_seconds_sum{operation="answers",store="KIND"} 0
integrator_store_operation_duration_seconds_count{operation="answers",store="KIND"} 3
integrator_store_operation_duration_seconds_sum{operation="census",store="KIND"} 0
integrator_store_operation_duration_seconds_count{operation="census",store="KIND"} 1
integrator_store_operation_duration_seconds_sum{operation="create",store="KIND"} 0
integrator_store_operation_duration_seconds_count{operation="create",store="KIND"} 6
integrator_store_operation_duration_seconds_sum{operation="due",store="KIND"} 0
integrator_store_operation_duration_seconds_count{operation="due",store="KIND"} 2
integrator_store_operation_duration_seconds_sum{operation="find",store="KIND"} 0
integrator_store_operation_duration_seconds_count{operation="find",store="KIND"} 3
integrator_store_operation_duration_seconds_sum{operation="load",store="KIND"} 0
integrator_store_operation_duration_seconds_count{operation="load",store="KIND"} 25
integrator_store_operation_duration_seconds_sum{operation="now",store="KIND"} 0
integrator_store_operation_duration_seconds_count{operation="now",store="KIND"} 21
integrator_store_operation_duration_seconds_sum{operation="replace",store="KIND"} 0
integrator_store_operation_duration_seconds_count{operation="replace",store="KIND"} 29
"#);
}

#[test]
fn counters_end_in_total_and_durations_in_seconds() {
    let gauges_of_time = [
        "integrator_flow_oldest_age_seconds",
        "integrator_flow_ttl_seconds",
        "integrator_protocols_loaded_timestamp_seconds",
        "integrator_sweep_lag_seconds",
        "integrator_sweep_timestamp_seconds",
    ];
    for metric in DEFINITIONS {
        let is_counter = metric.kind == Kind::Counter;
        assert_eq!(metric.name.ends_with("_total"), is_counter, "{metric:?}");
        let is_of_time = metric.name.ends_with("_seconds");
        let is_histogram = metric.kind == Kind::Histogram;
        let is_gauge = gauges_of_time.contains(&metric.name);
        assert_eq!(is_of_time, is_histogram || is_gauge, "{metric:?}");
    }
}

#[tokio::test]
async fn what_is_scraped_has_the_types_and_the_help_of_the_definitions_and_nothing_else() {
    let service = scripted_before_a_gate().await;

    let reply = service.get("/metrics").await;

    let mut told = Vec::new();
    let mut lines = reply.text().lines();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP integrator_") {
            let kind = lines.next().expect("a type after its help");
            told.push(format!("# HELP integrator_{help}\n{kind}"));
        }
    }
    let mut defined: Vec<_> = DEFINITIONS
        .iter()
        .map(|metric| {
            let (name, help) = (metric.name, metric.help.trim_start());
            let kind = format!("{:?}", metric.kind).to_lowercase();
            format!("# HELP {name} {help}\n# TYPE {name} {kind}")
        })
        .collect();
    // A class of durability is told by whoever made the store ready, which is not the harness.
    defined.retain(|metric| !metric.contains("store_durability"));
    told.sort();
    defined.sort();
    assert_eq!(told, defined);
}

#[tokio::test]
async fn histograms_have_the_buckets_that_are_promised() {
    let service = scripted().await;

    let reply = service.get("/metrics").await;

    let bounds = reply.text().lines().filter_map(|line| {
        let line = line.strip_prefix("integrator_flow_state_duration_seconds_bucket")?;
        let line = line.split_once("state=\"registered\",le=\"")?.1;
        line.split_once('"').map(|(bound, _)| bound.to_owned())
    });
    let bounds: Vec<_> = bounds.collect();
    assert_eq!(
        bounds,
        [
            "0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.5", "0.75", "1", "2.5",
            "5", "7.5", "10", "+Inf"
        ]
    );
}

#[tokio::test]
async fn the_process_itself_is_measured() {
    let service = Service::start().await;

    let reply = service.get("/metrics").await;

    for name in [
        "cpu_seconds_total",
        "resident_memory_bytes",
        "open_fds",
        "max_fds",
    ] {
        let of_process = |line: &str| line.starts_with(&format!("process_{name} "));
        assert!(reply.text().lines().any(of_process), "{name}");
    }
}

#[tokio::test]
async fn a_scrape_asks_the_store_for_nothing_but_its_counts() {
    let service = scripted().await;
    let operations = async || {
        let reply = service.get("/metrics").await;
        let of_store =
            |line: &&str| line.starts_with("integrator_store_operation_duration_seconds_count");
        let text = reply.text().to_owned();
        text.lines()
            .filter(of_store)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };

    let (before, after) = (operations().await, operations().await);

    // What a scrape does is counted when it is done, and shown by the next one.
    let changed: Vec<_> = before
        .iter()
        .zip(&after)
        .filter(|(before, after)| before != after)
        .collect();
    assert_eq!(before.len(), after.len());
    assert_eq!(changed.len(), 1, "{changed:?}");
    let count = |line: &String| line.rsplit(' ').next().map(str::to_owned);
    for (before, after) in changed {
        assert!(after.contains("operation=\"census\""), "{after}");
        assert_eq!(count(before).as_deref(), Some("1"));
        assert_eq!(count(after).as_deref(), Some("2"));
    }
}

#[tokio::test]
async fn content_type_is_that_of_prometheus_text() {
    let service = Service::start().await;
    let reply = service.get("/metrics").await;
    assert_eq!(
        reply.header("content-type"),
        Some("text/plain; version=0.0.4")
    );
}

#[tokio::test]
async fn every_problem_reply_of_a_step_route_is_a_rejection() {
    let service = Service::start().await;
    service.ask(Request::get("/v1/flows/start")).await;
    service
        .ask(Request::post("/v1/flows/start", "").header("content-type", "x"))
        .await;
    service.step(&"A".repeat(32), "assert", "").await;
    service.post("/v1/flows/start", "{}").await;

    let rejected = async |protocol: &str, step: &str, code: &str| {
        let labels = format!(r#"{{code="{code}",protocol="{protocol}",step="{step}"}}"#);
        service
            .metric(&format!("integrator_rejections_total{labels}"))
            .await
    };
    assert_eq!(
        rejected("unknown", "unknown", "method_not_allowed").await,
        1.0
    );
    assert_eq!(
        rejected("app-attest", "start", "unsupported_media_type").await,
        1.0
    );
    assert_eq!(rejected("unknown", "unknown", "not_found").await, 1.0);
    assert_eq!(rejected("app-attest", "start", "invalid_input").await, 1.0);
}
