//! The spans of a trace: each is opened here, so that this file holds everything that a trace can
//! tell. Identifiers and names are in it, and never an artifact, a key, a header's value or a body.
//!
//! Where traces are not sent nobody listens to [`TARGET`]: no span is made then, and opening one
//! costs a look at one flag.

use std::fmt::Write;

use integrator_core::flow::record::Flow;
use integrator_core::protocol::{Protocol, Step};
use tracing::field::Empty;
use tracing::{Level, Span};

/// What the layer that sends traces listens to, and the log does not.
pub const TARGET: &str = "appattest_integrator::trace";

/// The methods that HTTP defines; any other is the caller's text.
const METHODS: [&str; 9] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
];

/// Opens a span about a step of a flow.
macro_rules! step_span {
    ($name:literal, $about:expr $(, $($field:tt)+)?) => {{
        let AboutStep { flow, protocol, step, attempt } = $about;
        tracing::info_span!(
            target: TARGET,
            $name,
            integrator.flow_handle = flow.handle().as_str(),
            integrator.correlation_id = &*flow.origin().correlation_id,
            integrator.protocol = protocol.name(),
            integrator.step = step.name(),
            integrator.attempt_id = attempt,
            "error.type" = Empty,
            otel.status_code = Empty,
            $($($field)+)?
        )
    }};
}

/// What a span about a step tells of it.
#[derive(Clone, Copy, Debug)]
pub struct AboutStep<'a> {
    /// The flow.
    pub flow: &'a Flow,
    /// Its protocol.
    pub protocol: &'a Protocol,
    /// The step.
    pub step: &'a Step,
    /// The attempt id of the call.
    pub attempt: &'a str,
}

/// A request to this service, until its reply's head is made. `route` is a route's template.
#[must_use]
pub fn request(method: &str, route: Option<&str>) -> Span {
    if !tracing::span_enabled!(target: TARGET, Level::INFO) {
        return Span::none();
    }
    let known = METHODS.contains(&method);
    let mut name = String::from(if known { method } else { "HTTP" });
    if let Some(route) = route {
        // Writing to a String cannot fail.
        let _infallible = write!(name, " {route}");
    }
    tracing::info_span!(
        target: TARGET,
        "request",
        otel.name = name,
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = if known { method } else { "_OTHER" },
        http.route = route,
        http.response.status_code = Empty,
        "error.type" = Empty,
        integrator.flow_handle = Empty,
        integrator.correlation_id = Empty,
        integrator.protocol = Empty,
        integrator.step = Empty,
        integrator.state = Empty,
        integrator.attempt_id = Empty,
        integrator.replayed = Empty,
    )
}

/// The writing of a claim.
#[must_use]
pub fn claim(about: AboutStep<'_>) -> Span {
    step_span!("claim", about)
}

/// The one call that a claim allows; `host` and `port` are the backend's.
#[must_use]
pub fn call(about: AboutStep<'_>, host: &str, port: u16) -> Span {
    if !tracing::span_enabled!(target: TARGET, Level::INFO) {
        return Span::none();
    }
    let method = about.step.sends().method().as_str();
    let template = about.step.path().text();
    step_span!(
        "call",
        about,
        otel.name = format!("{method} {template}"),
        otel.kind = "client",
        http.request.method = method,
        url.template = template,
        server.address = host,
        server.port = port,
        http.response.status_code = Empty,
        integrator.backend = about.protocol.backend(),
    )
}

/// Tells how a call ended: with a whole answer of this status, or without one, for this reason.
pub fn called(span: &Span, ended: Result<u16, &str>) {
    match ended {
        Ok(status) => {
            span.record("http.response.status_code", status);
            if status >= 400 {
                failed(span, status.to_string().as_str());
            }
        }
        Err(reason) => failed(span, reason),
    }
}

/// The saving of a whole answer.
#[must_use]
pub fn commit(about: AboutStep<'_>) -> Span {
    step_span!("commit", about, integrator.state = Empty)
}

/// The letting go of a claim whose call brought nothing to save.
#[must_use]
pub fn release(about: AboutStep<'_>) -> Span {
    step_span!("release", about)
}

/// An operation of the store, as part of what is being traced; of the many that no request waits
/// for there is no span.
#[must_use]
pub fn store(kind: &'static str, operation: &'static str) -> Span {
    if Span::current().is_disabled() || !tracing::span_enabled!(target: TARGET, Level::INFO) {
        return Span::none();
    }
    tracing::info_span!(
        target: TARGET,
        "store",
        otel.name = format!("store {operation}"),
        integrator.store = kind,
        integrator.store_operation = operation,
    )
}

/// Tells that what a span is about failed; `reason` is a word of a closed set.
pub fn failed(span: &Span, reason: &str) {
    span.record("error.type", reason);
    span.record("otel.status_code", "error");
}
