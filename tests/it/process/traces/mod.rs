//! Traces on their way to a real collector.

mod received;

use integrator_testbed::collector::Collector;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use rustix::process::Signal;

use self::received::{Received, attributes, hex};
use super::{Launch, Process};
use crate::harness::service::START;
use crate::harness::{Answer, Backend, Request};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";
const ATTESTATION: &str = "UExBTlRFRC1hdHRlc3RhdGlvbg";
const KEY: &str = "UExBTlRFRC1rZXk";
const ANSWER: &str = "planted-answer";

/// A service that sends its traces to a collector, which passes them on to a sink.
struct Scene {
    backend: Backend,
    sink: Backend,
    collector: Collector,
}

impl Scene {
    async fn set() -> Self {
        let sink = Backend::start().await;
        sink.always("/v1/traces", Answer::typed(None, ""));
        let address = sink.address;
        let collector = tokio::task::spawn_blocking(move || {
            Collector::start(env!("CARGO_TARGET_TMPDIR"), address)
        });
        Self {
            backend: Backend::start().await,
            sink,
            collector: collector.await.expect("it comes up"),
        }
    }

    fn launch(&self) -> Launch {
        Launch::service(&self.backend)
            .with(
                "INTEGRATOR__TELEMETRY__OTLP_ENDPOINT",
                &self.collector.url(),
            )
            // None of these is read.
            .with("OTEL_TRACES_SAMPLER", "always_off")
            .with("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
            .with("OTEL_RESOURCE_ATTRIBUTES", "stranger=planted")
            .with("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1")
    }
}

fn start(sampled: bool) -> Request {
    let flags = if sampled { "01" } else { "00" };
    Request::post(
        "/v1/flows/start",
        format!(r#"{{"keyID_base64":"{KEY}","attestationObject_base64":"{ATTESTATION}"}}"#),
    )
    .header("x-correlation-id", "caller-7")
    .header("authorization", "Bearer planted-secret")
    .header("traceparent", format!("00-{TRACE}-{PARENT}-{flags}"))
    .header("tracestate", "vendor=opaque")
}

async fn dropped(process: &Process, reason: &str) -> u64 {
    let metrics = process.ask(Request::get("/metrics")).await;
    let name = format!("integrator_trace_spans_dropped_total{{reason=\"{reason}\"}} ");
    let mut lines = metrics.text().lines();
    let value = lines.find_map(|line| line.strip_prefix(&name));
    value.expect("a metric").parse().expect("a number")
}

#[tokio::test]
async fn a_step_is_one_trace_from_the_callers_span_to_the_backends() {
    let scene = Scene::set().await;
    let answer = format!(r#"{{"flowID":"flow-1","note":"{ANSWER}"}}"#);
    scene
        .backend
        .always("/app-attest/register", Answer::json(answer));
    let process = scene.launch().start().await;

    let reply = process.ask(start(true)).await;

    assert_eq!(reply.status, 200, "{}", reply.text());
    let received = Received::until(&scene.sink, |all| all.has("POST /v1/flows/start")).await;
    let request = received.one("POST /v1/flows/start");
    let call = received.one("POST /app-attest/register");
    for span in &received.spans {
        assert_eq!(hex(&span.trace_id), TRACE, "{span:#?}");
        assert_eq!(span.trace_state, "vendor=opaque");
    }
    assert_eq!(hex(&request.parent_span_id), PARENT);
    assert_eq!(request.kind, SpanKind::Server as i32);
    assert_eq!(
        received.below(request),
        ["store now", "claim", "POST /app-attest/register", "commit"]
    );
    assert_eq!(received.below(received.one("claim")), ["store create"]);
    assert_eq!(
        received.below(received.one("commit")),
        ["store now", "store replace"]
    );
    assert_eq!(call.kind, SpanKind::Client as i32);
    let seen = scene.backend.last();
    let sent = format!("00-{TRACE}-{}-01", hex(&call.span_id));
    assert_eq!(seen.header("traceparent"), Some(sent.as_str()));
    assert_eq!(seen.header("tracestate"), Some("vendor=opaque"));
}

#[tokio::test]
async fn spans_tell_who_and_where_and_nothing_that_a_caller_or_a_backend_wrote() {
    let scene = Scene::set().await;
    let answer = format!(r#"{{"flowID":"flow-1","note":"{ANSWER}"}}"#);
    scene
        .backend
        .always("/app-attest/register", Answer::json(answer));
    let process = scene.launch().start().await;

    let reply = process.ask(start(true)).await;
    let handle = reply.string("/flowHandle");
    let odd = Request::new("PLANTED", "/planted-path?planted-query=1").header("cookie", "planted");
    process.ask(odd).await;

    let received = Received::until(&scene.sink, |all| {
        all.has("HTTP") && all.has("POST /v1/flows/start")
    })
    .await;
    let seen = scene.backend.last();
    let attempt = seen.header("idempotency-key").expect("an attempt id");
    let call = attributes(received.one("POST /app-attest/register"));
    let port = scene.backend.address.port().to_string();
    for (name, value) in [
        ("http.request.method", "POST"),
        ("url.template", "/app-attest/register"),
        ("server.address", "127.0.0.1"),
        ("server.port", &port),
        ("http.response.status_code", "200"),
        ("integrator.backend", "default"),
        ("integrator.flow_handle", &handle),
        ("integrator.correlation_id", "caller-7"),
        ("integrator.protocol", "app-attest"),
        ("integrator.step", "start"),
        ("integrator.attempt_id", attempt),
    ] {
        assert_eq!(
            call.get(name).map(String::as_str),
            Some(value),
            "{name} of {call:#?}"
        );
    }
    let request = attributes(received.one("POST /v1/flows/start"));
    for (name, value) in [
        ("http.route", "/v1/flows/start"),
        ("http.response.status_code", "200"),
        ("integrator.flow_handle", &handle),
        ("integrator.state", "registered"),
    ] {
        assert_eq!(
            request.get(name).map(String::as_str),
            Some(value),
            "{name} of {request:#?}"
        );
    }
    let odd = attributes(received.one("HTTP"));
    assert_eq!(
        odd.get("http.request.method").map(String::as_str),
        Some("_OTHER")
    );
    assert_eq!(odd.get("error.type").map(String::as_str), Some("not_found"));
    assert_eq!(received.resource["service.name"], "appattest-integrator");
    for planted in [ATTESTATION, KEY, ANSWER, "planted", "PLANTED", "stranger"] {
        assert!(!received.holds(planted), "{planted}");
    }
}

#[tokio::test]
async fn a_step_that_fails_says_where_and_why() {
    let scene = Scene::set().await;
    scene
        .backend
        .once("/app-attest/register", Answer::nothing());
    let process = scene.launch().start().await;

    let reply = process.ask(start(true)).await;

    assert_eq!(reply.code().as_deref(), Some("backend_unavailable"));
    let received = Received::until(&scene.sink, |all| all.has("POST /v1/flows/start")).await;
    let request = received.one("POST /v1/flows/start");
    assert_eq!(
        received.below(request),
        ["store now", "claim", "POST /app-attest/register", "release"]
    );
    for name in ["POST /app-attest/register", "POST /v1/flows/start"] {
        let span = received.one(name);
        let told = attributes(span);
        assert_eq!(
            told.get("error.type").map(String::as_str),
            Some("backend_unavailable")
        );
        // 2 is an error.
        assert_eq!(
            span.status.as_ref().map(|status| status.code),
            Some(2),
            "{name}"
        );
    }
}

#[tokio::test]
async fn what_a_caller_does_not_have_sampled_is_passed_on_and_not_sent() {
    let scene = Scene::set().await;
    let process = scene.launch().start().await;

    process.ask(start(false)).await;
    let unsampled = scene.backend.last();
    process.ask(Request::post("/v1/flows/start", START)).await;

    let received = Received::until(&scene.sink, |all| all.has("POST /v1/flows/start")).await;
    let parent = unsampled.header("traceparent").expect("a parent");
    assert!(parent.starts_with(&format!("00-{TRACE}-")), "{parent}");
    assert!(parent.ends_with("-00"), "{parent}");
    assert_eq!(unsampled.header("tracestate"), Some("vendor=opaque"));
    let begun_here = received.one("POST /v1/flows/start");
    assert!(begun_here.parent_span_id.is_empty());
    assert_ne!(hex(&begun_here.trace_id), TRACE);
}

#[tokio::test]
async fn the_end_of_the_service_sends_what_waits_and_the_log_names_the_trace() {
    let scene = Scene::set().await;
    let mut process = scene.launch().start().await;
    process.ask(start(true)).await;
    process.ask(Request::get("/readyz")).await;

    process.signal(Signal::TERM);
    assert_eq!(process.ended().await, Some(0));

    let received = Received::until(&scene.sink, |all| all.has("POST /v1/flows/start")).await;
    assert!(!received.has("GET /readyz"), "probes are not traced");
    process.says("stopped").await;
    let log = process.log();
    let told = format!("\"traceID\":\"{TRACE}\"");
    for message in [
        "\"message\":\"transition\"",
        "\"route\":\"/v1/flows/start\"",
    ] {
        let line = log
            .iter()
            .find(|line| line.contains(message))
            .expect("a line");
        assert!(line.contains(&told), "{line}");
    }
}

#[tokio::test]
async fn a_collector_that_is_away_holds_nobody_up_and_is_told_of_once_and_when_it_is_back() {
    let scene = Scene::set().await;
    scene.collector.kill();
    let mut process = scene.launch().start().await;

    process.start_flow().await;
    process.says("the collector takes no traces").await;
    let lost = dropped(&process, "not_sent").await;
    // A second message fails before the collector is back.
    process.start_flow().await;
    while dropped(&process, "not_sent").await == lost {
        tokio::task::yield_now().await;
    }
    scene.collector.restart();
    process.start_flow().await;
    process.says("the collector takes traces again").await;

    assert!(lost > 0);
    Received::until(&scene.sink, |all| all.has("POST /v1/flows/start")).await;
    process.signal(Signal::TERM);
    assert_eq!(process.ended().await, Some(0));
    process.says("stopped").await;
    let log = process.log();
    let outages = log
        .iter()
        .filter(|line| line.contains("the collector takes no traces"));
    assert_eq!(outages.count(), 1, "{log:#?}");
}

#[tokio::test]
async fn a_collector_that_is_silent_does_not_keep_the_service_from_ending() {
    let backend = Backend::start().await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("bound"));
    let launch = Launch::service(&backend).with("INTEGRATOR__TELEMETRY__OTLP_ENDPOINT", &url);
    let mut process = launch.start().await;
    process.start_flow().await;
    let begun = tokio::time::Instant::now();

    process.signal(Signal::TERM);

    assert_eq!(process.ended().await, Some(0));
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
}
