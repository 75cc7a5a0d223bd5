//! Every metric of the service in one struct.

use std::sync::Arc;
use std::time::Duration;

use integrator_core::flow::history::Transition;
use integrator_core::protocol::{Protocol, Step};
use jiff::Timestamp;
use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Error, Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder,
};

use super::request::Exchange;
use crate::backend::error::CallError;
use crate::store::Census;

/// Buckets of every histogram, in seconds.
const BUCKETS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
/// Stands for a protocol or step that no definition names.
const UNKNOWN: &str = "unknown";
/// Methods that are told apart; any other is `other`, so that callers cannot make labels.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// The metrics of one process.
pub struct Metrics {
    registry: Registry,
    flows: IntGaugeVec,
    oldest_age: GaugeVec,
    state_duration: HistogramVec,
    transitions: IntCounterVec,
    rejections: IntCounterVec,
    replays: IntCounterVec,
    backend_requests: IntCounterVec,
    backend_duration: HistogramVec,
    http_duration: HistogramVec,
    expired: IntCounterVec,
    removed: IntCounterVec,
    store_flows: IntGauge,
    store_duration: HistogramVec,
    sweep_lag: Gauge,
    stale_commits: IntCounter,
}

impl Metrics {
    /// Registers every metric.
    ///
    /// # Errors
    ///
    /// The registry's, where two metrics had one name.
    pub fn new() -> Result<Self, Error> {
        let registry = Registry::new();
        let into = &registry;
        registry.register(Box::new(ProcessCollector::for_self()))?;
        build_info(into)?;
        Ok(Self {
            flows: gauges(
                into,
                "flows",
                "Flows stored, by protocol and state.",
                &["protocol", "state"],
            )?,
            oldest_age: register(
                into,
                GaugeVec::new(
                    named(
                        "flow_oldest_age_seconds",
                        "Age of the oldest flow in each state.",
                    ),
                    &["protocol", "state"],
                )?,
            )?,
            state_duration: histogram(
                into,
                "flow_state_duration_seconds",
                "Time that flows spent in a state before they left it.",
                &["protocol", "state"],
            )?,
            transitions: counters(
                into,
                "flow_transitions_total",
                "Recorded answers by the move they made.",
                &["protocol", "step", "from", "to"],
            )?,
            rejections: counters(
                into,
                "rejections_total",
                "Problem replies to step requests.",
                &["protocol", "step", "code"],
            )?,
            replays: counters(
                into,
                "replays_total",
                "Recorded answers told again.",
                &["protocol", "step"],
            )?,
            backend_requests: counters(
                into,
                "backend_requests_total",
                "Calls to the backend by HTTP status, 'unavailable' or 'timeout'.",
                &["protocol", "step", "status"],
            )?,
            backend_duration: histogram(
                into,
                "backend_request_duration_seconds",
                "Time that calls to the backend took.",
                &["protocol", "step"],
            )?,
            http_duration: histogram(
                into,
                "http_request_duration_seconds",
                "Time from a request's head to its reply's.",
                &["route", "method", "status"],
            )?,
            expired: counters(
                into,
                "flows_expired_total",
                "Flows that reached their deadline.",
                &["protocol"],
            )?,
            removed: counters(
                into,
                "flows_removed_total",
                "Ended flows removed after their retention.",
                &["protocol"],
            )?,
            store_flows: register(
                into,
                IntGauge::with_opts(named(
                    "store_flows",
                    "Flows stored, ended ones included until they are removed.",
                ))?,
            )?,
            store_duration: histogram(
                into,
                "store_operation_duration_seconds",
                "Time that operations of the store took.",
                &["store", "operation"],
            )?,
            sweep_lag: register(
                into,
                Gauge::with_opts(named(
                    "sweep_lag_seconds",
                    "How long the most overdue flow had waited for the last sweep.",
                ))?,
            )?,
            stale_commits: register(
                into,
                IntCounter::with_opts(named(
                    "stale_commits_total",
                    "Answers dropped because their claim or their flow had ended.",
                ))?,
            )?,
            registry,
        })
    }

    /// All metrics in the Prometheus text format; `census` gives those that are states of the
    /// store.
    ///
    /// # Errors
    ///
    /// The encoder's.
    pub fn render(&self, census: &Census, now: Timestamp) -> Result<String, Error> {
        self.store_flows.set(signed(census.flows));
        self.flows.reset();
        self.oldest_age.reset();
        for state in &census.states {
            let labels = [&*state.protocol, &*state.state];
            self.flows
                .with_label_values(&labels)
                .set(signed(state.flows));
            let age = state
                .oldest_issued_ms
                .map_or(0, |issued| now.as_millisecond() - issued);
            self.oldest_age.with_label_values(&labels).set(seconds(age));
        }
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    /// Measures an operation of the store.
    pub fn store_operation(&self, store: &str, operation: &str, took: Duration) {
        self.store_duration
            .with_label_values(&[store, operation])
            .observe(took.as_secs_f64());
    }

    pub(super) fn exchange(&self, exchange: &Exchange<'_>) {
        let known = METHODS.iter().find(|method| **method == exchange.method);
        let method = known.copied().unwrap_or("other");
        let status = exchange.status.to_string();
        let labels = [exchange.route, method, &status];
        self.http_duration
            .with_label_values(&labels)
            .observe(exchange.took.as_secs_f64());
        if let Some(code) = exchange.code.filter(|_| exchange.is_step()) {
            let protocol = exchange.protocol.unwrap_or(UNKNOWN);
            let step = exchange.step.unwrap_or(UNKNOWN);
            self.rejections
                .with_label_values(&[protocol, step, code])
                .inc();
        }
    }

    pub(super) fn moved(&self, protocol: &Protocol, transition: &Transition, in_state: Duration) {
        let name = protocol.name();
        let from = protocol.state_name(transition.from);
        let to = protocol.state_name(transition.to);
        match &transition.cause {
            Some(cause) => {
                let step = protocol.step_by_id(cause.step).name();
                self.transitions
                    .with_label_values(&[name, step, from, to])
                    .inc();
            }
            None => self.expired.with_label_values(&[name]).inc(),
        }
        if from != to {
            self.state_duration
                .with_label_values(&[name, from])
                .observe(in_state.as_secs_f64());
        }
    }

    pub(super) fn called(
        &self,
        protocol: &Protocol,
        step: &Step,
        ended: Result<u16, &CallError>,
        took: Duration,
    ) {
        let status = match ended {
            Ok(status) => status.to_string(),
            Err(CallError::Unavailable { .. }) => "unavailable".to_owned(),
            Err(CallError::TimedOut { .. }) => "timeout".to_owned(),
        };
        let labels = [protocol.name(), step.name()];
        self.backend_requests
            .with_label_values(&[labels[0], labels[1], &status])
            .inc();
        self.backend_duration
            .with_label_values(&labels)
            .observe(took.as_secs_f64());
    }

    pub(super) fn replayed(&self, protocol: &Protocol, step: &Step) {
        self.replays
            .with_label_values(&[protocol.name(), step.name()])
            .inc();
    }

    pub(super) fn late(&self) {
        self.stale_commits.inc();
    }

    pub(super) fn removed(&self, protocol: &Protocol) {
        self.removed.with_label_values(&[protocol.name()]).inc();
    }

    pub(super) fn swept(&self, lag: Duration) {
        self.sweep_lag.set(lag.as_secs_f64());
    }
}

fn build_info(into: &Registry) -> Result<(), Error> {
    let labels = ["version", "commit", "rustc"];
    let info = gauges(into, "build_info", "What runs; always 1.", &labels)?;
    let values = [
        env!("CARGO_PKG_VERSION"),
        env!("INTEGRATOR_COMMIT"),
        env!("INTEGRATOR_RUSTC"),
    ];
    info.with_label_values(&values).set(1);
    Ok(())
}

fn named(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace("integrator")
}

fn counters(
    into: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<IntCounterVec, Error> {
    register(into, IntCounterVec::new(named(name, help), labels)?)
}

fn gauges(into: &Registry, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec, Error> {
    register(into, IntGaugeVec::new(named(name, help), labels)?)
}

fn histogram(
    into: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<HistogramVec, Error> {
    let options = HistogramOpts::from(named(name, help)).buckets(BUCKETS.to_vec());
    register(into, HistogramVec::new(options, labels)?)
}

fn register<C: Collector + Clone + 'static>(into: &Registry, metric: C) -> Result<C, Error> {
    into.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn seconds(milliseconds: i64) -> f64 {
    Duration::from_millis(milliseconds.max(0).unsigned_abs()).as_secs_f64()
}

/// A function that measures the store's operations, for the store to call.
pub fn store_timer(
    metrics: &Arc<Metrics>,
) -> impl Fn(&'static str, &'static str, Duration) + Send + Sync + 'static {
    let metrics = metrics.clone();
    move |store, operation, took| metrics.store_operation(store, operation, took)
}
