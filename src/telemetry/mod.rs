//! What is told of the service to people and machines: metrics and logs, fed from one event each,
//! and traces.

mod artifacts;
mod escape;
pub mod format;
pub mod log;
pub mod metrics;
pub mod request;
pub mod traces;

use std::sync::Arc;
use std::time::Duration;

use integrator_core::flow::history::Transition;
use integrator_core::flow::record::Flow;
use integrator_core::json::Value;
use integrator_core::protocol::{Protocol, Step};
use tracing::Span;

use self::metrics::Metrics;
use self::request::Exchange;
use crate::orchestrator::event::{CallError, Event, Observer, Regime, Turn};
use crate::trace_context;

/// Takes everything that is to be told.
pub struct Telemetry {
    metrics: Arc<Metrics>,
    log_artifacts: bool,
}

impl Telemetry {
    /// Telemetry over these metrics. With `log_artifacts`, log lines of step requests tell the
    /// length and digest of each artifact.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>, log_artifacts: bool) -> Self {
        Self {
            metrics,
            log_artifacts,
        }
    }

    /// The metrics.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// What the log may tell of a request's artifacts: nothing, unless the operator asked.
    #[must_use]
    pub fn artifacts(&self, step: &Step, body: &[u8]) -> Option<String> {
        if self.log_artifacts {
            artifacts::digests(step, body)
        } else {
            None
        }
    }

    /// Tells of one request and its reply.
    pub fn exchange(&self, exchange: &Exchange<'_>) {
        self.metrics.exchange(exchange);
        traces::record(exchange, &Span::current());
        let flow_id = exchange.flow_id.map(plain);
        tracing::info!(
            method = exchange.method,
            route = exchange.route,
            status = exchange.status,
            code = exchange.code,
            durationMs = exchange.took.as_secs_f64() * 1e3,
            flowHandle = exchange.flow_handle,
            flowID = flow_id.as_deref(),
            correlationID = exchange.correlation_id,
            protocol = exchange.protocol,
            step = exchange.step,
            state = exchange.state,
            attemptID = exchange.attempt,
            backendStatus = exchange.backend_status,
            replayed = exchange.replayed,
            traceID = exchange.trace_id,
            artifacts = exchange.artifacts,
            "request"
        );
    }
}

impl Observer for Telemetry {
    fn observe(&self, event: Event<'_>) {
        let trace_id = trace_context::id_of_task();
        match event {
            Event::Moved {
                flow,
                protocol,
                transition,
                in_state,
                by: _,
            } => {
                self.metrics.moved(protocol, transition, in_state);
                log_transition(flow, protocol, transition, in_state.as_secs_f64() * 1e3);
            }
            Event::Called {
                flow,
                protocol,
                step,
                ended,
                took,
            } => {
                self.metrics.called(protocol, step, ended, took);
                if let Err(error) = ended {
                    log_unanswered(flow, protocol, step, error, took);
                }
            }
            Event::Decided { backend, decided } => self.metrics.decided(backend, decided),
            Event::Turned { backend, turn } => log_turn(backend, turn),
            Event::Replayed { protocol, step } => self.metrics.replayed(protocol, step),
            Event::Late {
                flow,
                protocol,
                step,
            } => {
                self.metrics.late();
                tracing::warn!(
                    flowHandle = flow.handle().as_str(),
                    correlationID = &*flow.origin().correlation_id,
                    protocol = protocol.name(),
                    step = step.name(),
                    attemptID = attempt_of(flow),
                    traceID = trace_id,
                    "a late answer was dropped"
                );
            }
            Event::StoreFailed { flow, cause } => tracing::error!(
                flowHandle = flow.handle().as_str(),
                correlationID = &*flow.origin().correlation_id,
                attemptID = attempt_of(flow),
                traceID = trace_id,
                cause,
                "the store does not answer"
            ),
            Event::Unreadable { flows, cause } => tracing::error!(
                flows,
                cause,
                "a search passed over records that cannot be read"
            ),
            Event::Unwatchable { handle, cause } => tracing::error!(
                flowHandle = handle.as_str(),
                cause,
                "an event stream ended: its flow cannot be read"
            ),
            Event::Removed { protocol } => self.metrics.removed(protocol),
            Event::Watched { begins } => self.metrics.watched(begins),
            Event::Swept { lag, at } => self.metrics.swept(lag, at),
        }
    }
}

fn log_unanswered(
    flow: &Flow,
    protocol: &Protocol,
    step: &Step,
    error: &CallError,
    took: Duration,
) {
    tracing::warn!(
        flowHandle = flow.handle().as_str(),
        correlationID = &*flow.origin().correlation_id,
        protocol = protocol.name(),
        step = step.name(),
        attemptID = attempt_of(flow),
        traceID = trace_context::id_of_task(),
        durationMs = took.as_secs_f64() * 1e3,
        cause = %error,
        "the backend gave no whole answer"
    );
}

fn log_transition(flow: &Flow, protocol: &Protocol, transition: &Transition, in_state_ms: f64) {
    let cause = transition.cause.as_ref();
    let flow_id = flow.flow_id().map(|raw| plain(raw));
    tracing::info!(
        flowHandle = flow.handle().as_str(),
        flowID = flow_id.as_deref(),
        correlationID = &*flow.origin().correlation_id,
        protocol = protocol.name(),
        step = cause.map(|cause| protocol.step_by_id(cause.step).name()),
        from = protocol.state_name(transition.from),
        to = protocol.state_name(transition.to),
        version = transition.version,
        attemptID = cause.map(|cause| cause.attempt.as_str()),
        backendStatus = cause.map(|cause| cause.backend_status),
        traceID = trace_context::id_of_task(),
        stateDurationMs = in_state_ms,
        "transition"
    );
}

/// A gate that closes is worth waking for; what it does otherwise is its work.
fn log_turn(backend: &str, turn: Turn) {
    let (from, to) = (turn.from.as_str(), turn.to.as_str());
    match turn.to {
        Regime::Closed => tracing::warn!(
            backend,
            regime_from = from,
            regime_to = to,
            ewma_ms = turn.ewma_ms,
            rate_tps = turn.rate_tps,
            mode = turn.mode.as_str(),
            "admission regime changed"
        ),
        Regime::Open | Regime::Regulating => tracing::info!(
            backend,
            regime_from = from,
            regime_to = to,
            ewma_ms = turn.ewma_ms,
            rate_tps = turn.rate_tps,
            mode = turn.mode.as_str(),
            "admission regime changed"
        ),
    }
}

/// The attempt id of the call that a claimed flow waits for.
fn attempt_of(flow: &Flow) -> Option<&str> {
    flow.claim().map(|claim| claim.attempt.as_str())
}

/// A JSON string's content as people read it.
fn plain(raw: &[u8]) -> String {
    let decoded = Value::parse(raw, 1)
        .ok()
        .and_then(|value| value.decoded_string());
    String::from_utf8_lossy(decoded.as_deref().unwrap_or(raw)).into_owned()
}
