//! Metrics: exact counts after a scripted run, and labels that no caller can make.

use std::collections::BTreeSet;
use std::time::Duration;

use insta::assert_snapshot;

use crate::harness::service::{ASSERT, START};
use crate::harness::{Answer, Request, Service};

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

/// A run of which every count is known.
async fn scripted() -> Service {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    service
        .step(&handle, "client-data-hash", "")
        .await
        .is_answer();
    service
        .backend
        .once("/app-attest/verify", Answer::nothing());
    service.step(&handle, "assert", ASSERT).await;
    service
        .backend
        .once("/app-attest/verify", Answer::status(503, ""));
    service.step(&handle, "assert", ASSERT).await;
    service.clock.advance(Duration::from_secs(2));
    service.step(&handle, "assert", ASSERT).await.is_answer();
    service.step(&handle, "assert", ASSERT).await.is_answer();
    service.step(&handle, "assert", OTHER).await;
    let expiring = service.registered().await;
    service.step(&expiring, "assert", ASSERT).await;
    service.step(&expiring, "nothing", "").await;
    service.post("/v1/flows/start", "[]").await;
    service.clock.advance(Duration::from_secs(400));
    service.sweep().await;
    service.clock.advance(Duration::from_secs(500));
    service.sweep().await;
    service
}

#[tokio::test]
async fn a_scripted_run_is_counted_exactly() {
    let service = scripted().await;

    let reply = service.get("/metrics").await;

    reply.is_answer();
    let counted = samples(reply.text());
    let counted = counted.iter().filter(|line| !is_of_the_shell(line));
    let counted: Vec<_> = counted.copied().collect();
    assert_snapshot!(counted.join("
"), @r#"
integrator_backend_request_duration_seconds_sum{protocol="app-attest",step="assert"} 0
integrator_backend_request_duration_seconds_count{protocol="app-attest",step="assert"} 3
integrator_backend_request_duration_seconds_sum{protocol="app-attest",step="client-data-hash"} 0
integrator_backend_request_duration_seconds_count{protocol="app-attest",step="client-data-hash"} 1
integrator_backend_request_duration_seconds_sum{protocol="app-attest",step="start"} 0
integrator_backend_request_duration_seconds_count{protocol="app-attest",step="start"} 2
integrator_backend_requests_total{protocol="app-attest",status="200",step="assert"} 1
integrator_backend_requests_total{protocol="app-attest",status="200",step="client-data-hash"} 1
integrator_backend_requests_total{protocol="app-attest",status="200",step="start"} 2
integrator_backend_requests_total{protocol="app-attest",status="503",step="assert"} 1
integrator_backend_requests_total{protocol="app-attest",status="unavailable",step="assert"} 1
integrator_flow_oldest_age_seconds{protocol="app-attest",state="created"} 0
integrator_flow_oldest_age_seconds{protocol="app-attest",state="expired"} 900
integrator_flow_oldest_age_seconds{protocol="app-attest",state="hash_issued"} 0
integrator_flow_oldest_age_seconds{protocol="app-attest",state="registered"} 0
integrator_flow_oldest_age_seconds{protocol="app-attest",state="verified"} 0
integrator_flow_state_duration_seconds_sum{protocol="app-attest",state="created"} 0
integrator_flow_state_duration_seconds_count{protocol="app-attest",state="created"} 2
integrator_flow_state_duration_seconds_sum{protocol="app-attest",state="hash_issued"} 2
integrator_flow_state_duration_seconds_count{protocol="app-attest",state="hash_issued"} 1
integrator_flow_state_duration_seconds_sum{protocol="app-attest",state="registered"} 298
integrator_flow_state_duration_seconds_count{protocol="app-attest",state="registered"} 2
integrator_flow_transitions_total{from="created",protocol="app-attest",step="start",to="registered"} 2
integrator_flow_transitions_total{from="hash_issued",protocol="app-attest",step="assert",to="verified"} 1
integrator_flow_transitions_total{from="registered",protocol="app-attest",step="client-data-hash",to="hash_issued"} 1
integrator_flows{protocol="app-attest",state="created"} 0
integrator_flows{protocol="app-attest",state="expired"} 1
integrator_flows{protocol="app-attest",state="hash_issued"} 0
integrator_flows{protocol="app-attest",state="registered"} 0
integrator_flows{protocol="app-attest",state="verified"} 0
integrator_flows_expired_total{protocol="app-attest"} 1
integrator_flows_removed_total{protocol="app-attest"} 1
integrator_protocol_reloads_total{outcome="loaded"} 0
integrator_protocol_reloads_total{outcome="refused"} 0
integrator_protocols_loaded_timestamp_seconds 1768651200
integrator_rejections_total{code="backend_error",protocol="app-attest",step="assert"} 1
integrator_rejections_total{code="backend_unavailable",protocol="app-attest",step="assert"} 1
integrator_rejections_total{code="invalid_input",protocol="app-attest",step="start"} 1
integrator_rejections_total{code="not_found",protocol="app-attest",step="unknown"} 1
integrator_rejections_total{code="sequence_violation",protocol="app-attest",step="assert"} 1
integrator_rejections_total{code="terminal_state",protocol="app-attest",step="assert"} 1
integrator_replays_total{protocol="app-attest",step="assert"} 1
integrator_replays_total{protocol="app-attest",step="client-data-hash"} 1
integrator_stale_commits_total 0
integrator_store_flows 1
integrator_store_up 1
integrator_sweep_lag_seconds 0
"#);
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
    assert_snapshot!(counted.join("
"), @r#"
integrator_http_request_duration_seconds_sum{method="POST",route="/v1/flows/start",status="200"} 0
integrator_http_request_duration_seconds_count{method="POST",route="/v1/flows/start",status="200"} 2
integrator_http_request_duration_seconds_sum{method="POST",route="/v1/flows/start",status="400"} 0
integrator_http_request_duration_seconds_count{method="POST",route="/v1/flows/start",status="400"} 1
integrator_http_request_duration_seconds_sum{method="POST",route="/v1/flows/{flowHandle}/{step}",status="200"} 0
integrator_http_request_duration_seconds_count{method="POST",route="/v1/flows/{flowHandle}/{step}",status="200"} 4
integrator_http_request_duration_seconds_sum{method="POST",route="/v1/flows/{flowHandle}/{step}",status="404"} 0
integrator_http_request_duration_seconds_count{method="POST",route="/v1/flows/{flowHandle}/{step}",status="404"} 1
integrator_http_request_duration_seconds_sum{method="POST",route="/v1/flows/{flowHandle}/{step}",status="409"} 0
integrator_http_request_duration_seconds_count{method="POST",route="/v1/flows/{flowHandle}/{step}",status="409"} 2
integrator_http_request_duration_seconds_sum{method="POST",route="/v1/flows/{flowHandle}/{step}",status="502"} 0
integrator_http_request_duration_seconds_count{method="POST",route="/v1/flows/{flowHandle}/{step}",status="502"} 2
integrator_store_operation_duration_seconds_sum{operation="answers",store="KIND"} 0
integrator_store_operation_duration_seconds_count{operation="answers",store="KIND"} 2
integrator_store_operation_duration_seconds_sum{operation="census",store="KIND"} 0
integrator_store_operation_duration_seconds_count{operation="census",store="KIND"} 1
integrator_store_operation_duration_seconds_sum{operation="create",store="KIND"} 0
integrator_store_operation_duration_seconds_count{operation="create",store="KIND"} 2
integrator_store_operation_duration_seconds_sum{operation="due",store="KIND"} 0
integrator_store_operation_duration_seconds_count{operation="due",store="KIND"} 2
integrator_store_operation_duration_seconds_sum{operation="load",store="KIND"} 0
integrator_store_operation_duration_seconds_count{operation="load",store="KIND"} 11
integrator_store_operation_duration_seconds_sum{operation="now",store="KIND"} 0
integrator_store_operation_duration_seconds_count{operation="now",store="KIND"} 8
integrator_store_operation_duration_seconds_sum{operation="replace",store="KIND"} 0
integrator_store_operation_duration_seconds_count{operation="replace",store="KIND"} 12
"#);
}

#[tokio::test]
async fn counters_end_in_total_and_histograms_have_the_buckets_that_are_promised() {
    let service = scripted().await;

    let reply = service.get("/metrics").await;

    let types = reply
        .text()
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE integrator_"));
    for line in types {
        let (name, kind) = line.split_once(' ').unwrap();
        assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
        let gauge = [
            "flow_oldest_age_seconds",
            "protocols_loaded_timestamp_seconds",
            "sweep_lag_seconds",
        ]
        .contains(&name);
        assert_eq!(
            name.ends_with("_seconds") && !gauge,
            kind == "histogram",
            "{line}"
        );
    }
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
async fn content_type_is_that_of_prometheus_text() {
    let service = Service::start().await;
    let reply = service.get("/metrics").await;
    assert_eq!(
        reply.header("content-type"),
        Some("text/plain; version=0.0.4")
    );
}

/// Everything before the value of a sample.
fn series(text: &str) -> BTreeSet<String> {
    let ours = text.lines().filter(|line| line.starts_with("integrator_"));
    ours.filter_map(|line| line.rsplit_once(' '))
        .map(|(series, _)| series.to_owned())
        .collect()
}

async fn hostile(service: &Service, round: usize) {
    let mut client = service.connect().await;
    let handle = format!("{round:032}");
    let requests = [
        Request::get(format!("/evil/{round}?x={round}")),
        Request::get(format!("/v1/flows/{handle}/status")),
        Request::post(format!("/v1/flows/{handle}/step-{round}"), ""),
        Request::post(format!("/v1/flows/start?protocol=p{round}"), START),
        Request::post(format!("/v1/flows/start?q{round}=1"), START),
        Request::post("/v1/flows/start", format!("{round}")),
        Request::new(&format!("M{round}"), "/v1/flows/start"),
        Request::get(format!("/v1/flows/{handle}/steps/s{round}/response")),
        Request::get(format!("/v1/protocols/p{round}")),
        Request::post("/v1/flows/start", START)
            .header("x-correlation-id", format!("\"c{round} \\\"")),
        Request::post("/v1/flows/start", START).header("content-type", format!("t/{round}")),
    ];
    for request in requests {
        client.ask(&request).await;
    }
}

#[tokio::test]
async fn callers_cannot_make_series() {
    let service = Service::start().await;
    hostile(&service, 0).await;
    let before = series(service.get("/metrics").await.text());
    let before_again = series(service.get("/metrics").await.text());

    for round in 1..200 {
        hostile(&service, round).await;
    }

    let after = series(service.get("/metrics").await.text());
    let new: Vec<_> = after.difference(&before_again).collect();
    assert!(new.is_empty(), "{new:?}");
    assert!(before.is_subset(&after));
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
