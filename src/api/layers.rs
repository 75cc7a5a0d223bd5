//! What happens to every request and reply, whatever its route: one `Host`, one correlation id,
//! problems written in one place, one log line, one measurement.

use std::any::Any;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::HOST;
use axum::http::{Extensions, HeaderMap, HeaderValue, Response};
use axum::middleware::Next;
use axum::response::IntoResponse;
use tracing::{Instrument as _, Span};

use super::facts::{Artifacts, Facts, TraceId};
use super::headers::{CORRELATION_ID, correlation_id, sent_trace};
use super::problem::Problem;
use super::{Api, entropy_failed};
use crate::entropy;
use crate::orchestrator::code::Code;
use crate::spans;
use crate::telemetry::request::Exchange;
use crate::trace_context;

/// The id that a request is known by before its flow is: the caller's valid one, else a new one.
#[derive(Clone, Debug)]
struct RequestId(Arc<str>);

/// The request's own id, for a flow that it starts.
pub(super) fn generated_id(extensions: &Extensions) -> Arc<str> {
    extensions
        .get::<RequestId>()
        .map_or_else(|| "unknown".into(), |id| id.0.clone())
}

/// The outermost layer.
pub(super) async fn around(
    State(api): State<Api>,
    mut request: Request,
    next: Next,
) -> Response<Body> {
    let begun = api.clock.monotonic();
    let method = request.method().clone();
    let route = route_of(request.extensions());
    let versioned = request.uri().path().starts_with("/v1/");
    let span = span_of(&request);
    let caller_trace = sent_trace(request.headers());
    if let Some(trace) = &caller_trace {
        trace.continue_in(&span);
    }
    let caller_id = correlation_id(request.headers()).ok().flatten();
    let id = match caller_id {
        Some(id) => Ok(id),
        None => entropy::uuid(api.orchestrator.entropy()).map(Arc::from),
    };
    let (id, response) = match id {
        Err(error) => ("unknown".into(), entropy_failed(&error).into_response()),
        Ok(id) => {
            request.extensions_mut().insert(RequestId(id.clone()));
            let response = match one_host(request.headers()) {
                Ok(()) => next.run(request).instrument(span.clone()).await,
                Err(problem) => problem.into_response(),
            };
            (id, response)
        }
    };
    let artifacts = response.extensions().get::<Artifacts>().cloned();
    let trace_id = response.extensions().get::<TraceId>().cloned();
    let trace_id = trace_id
        .map(|TraceId(id)| id)
        .or_else(|| trace_context::id_of_span(&span))
        .or_else(|| caller_trace.map(|trace| trace.id().to_owned()));
    let (mut response, facts) = written(response, &id);
    let id = facts.correlation_id.clone().unwrap_or(id);
    if versioned && let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(CORRELATION_ID, value);
    }
    let exchange = Exchange {
        method: method.as_str(),
        route: &route,
        status: response.status().as_u16(),
        correlation_id: &id,
        flow_handle: facts.flow_handle.as_deref(),
        flow_id: facts.flow_id.as_deref(),
        protocol: facts.protocol.as_deref(),
        step: facts.step.as_deref(),
        state: facts.state.as_deref(),
        attempt: facts.attempt.as_deref(),
        backend_status: facts.backend_status,
        code: facts.code,
        artifacts: artifacts.as_ref().map(|artifacts| artifacts.0.as_str()),
        replayed: response.headers().contains_key("idempotent-replayed"),
        trace_id: trace_id.as_deref(),
        took: api.clock.monotonic().saturating_sub(begun),
    };
    span.in_scope(|| api.telemetry.exchange(&exchange));
    response
}

/// The span of a request. Whoever asks every few seconds whether the service is well is not traced:
/// nobody would find anything between such traces.
fn span_of(request: &Request) -> Span {
    let matched = request.extensions().get::<MatchedPath>();
    let route = matched.map(MatchedPath::as_str);
    match route {
        Some("/livez" | "/readyz" | "/health" | "/metrics") => Span::none(),
        _ => spans::request(request.method().as_str(), route),
    }
}

/// Writes the problem that a reply carries, if it does.
fn written(mut response: Response<Body>, id: &Arc<str>) -> (Response<Body>, Facts) {
    let facts = response.extensions_mut().remove::<Facts>();
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return (response, facts.unwrap_or_default());
    };
    let correlation_id = problem.correlation_id.clone().unwrap_or_else(|| id.clone());
    let attempt = facts.and_then(|facts| facts.attempt);
    let mut facts = Facts {
        attempt,
        ..Facts::of_problem(&problem)
    };
    facts.correlation_id = Some(correlation_id.clone());
    if let Some(cause) = &problem.cause {
        let code = problem.code.as_str();
        tracing::error!(
            correlationID = &*correlation_id,
            code,
            cause,
            "the service failed"
        );
    }
    let allow = response.headers_mut().remove("allow");
    let mut response = problem.write(&correlation_id);
    if let Some(allow) = allow {
        response.headers_mut().insert("allow", allow);
    }
    (response, facts)
}

fn route_of(extensions: &Extensions) -> String {
    let matched = extensions.get::<MatchedPath>();
    matched.map_or("unmatched", MatchedPath::as_str).to_owned()
}

/// RFC 9112 section 3.2: a request has one `Host`. Two, or none, are how requests are smuggled.
fn one_host(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.get_all(HOST).iter().count() == 1 {
        return Ok(());
    }
    let detail = "a request must have exactly one Host header";
    Err(Problem::new(Code::InvalidInput, detail).closing())
}

/// What a handler panics with may quote the request, so it is told to nobody here.
pub(super) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response<Body> {
    drop(panic);
    tracing::error!("a handler panicked; standard error tells where");
    let detail = "the service failed; its log tells more under this correlation id";
    Problem::new(Code::Internal, detail).into_response()
}

/// Paths that no route has.
pub(super) async fn unknown_route() -> Problem {
    Problem::new(
        Code::NotFound,
        "no such path here. Flows begin at POST /v1/flows/start.",
    )
}

/// Paths that have a route, but not for this method.
pub(super) async fn wrong_method() -> Problem {
    let detail = "this path does not take this method; the Allow header lists those it takes";
    Problem::new(Code::MethodNotAllowed, detail)
}
