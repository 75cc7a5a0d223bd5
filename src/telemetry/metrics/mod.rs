//! Every metric of the service in one struct, exposed in the Prometheus text format.

mod definitions;
mod exchanges;
mod flows;
mod register;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use integrator_core::flow::history::Transition;
use integrator_core::protocol::{Protocol, Step};
use jiff::Timestamp;
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Error, Gauge, HistogramVec, IntCounter, IntGauge, IntGaugeVec, Registry, TextEncoder,
};

use self::definitions::DefinitionMetrics;
use self::exchanges::ExchangeMetrics;
use self::flows::FlowMetrics;
use self::register::Registrar;
use super::request::Exchange;
use crate::orchestrator::Census;
use crate::orchestrator::event::CallError;

/// The metrics of one process.
pub struct Metrics {
    registry: Registry,
    /// Held while gauges are set and read, so that one scrape does not see another's reset.
    scrape: Mutex<()>,
    flows: FlowMetrics,
    exchanges: ExchangeMetrics,
    store_flows: IntGauge,
    store_up: IntGauge,
    store_durability: IntGaugeVec,
    store_duration: HistogramVec,
    sweep_lag: Gauge,
    stale_commits: IntCounter,
    definitions: DefinitionMetrics,
}

impl Metrics {
    /// Registers every metric.
    ///
    /// # Errors
    ///
    /// The registry's, where two metrics had one name.
    pub fn new() -> Result<Self, Error> {
        let registry = Registry::new();
        registry.register(Box::new(ProcessCollector::for_self()))?;
        let registrar = Registrar(&registry);
        let build = ["version", "commit", "rustc"];
        let build_info = registrar.gauges("build_info", &build, "What runs; always 1.")?;
        let version = env!("CARGO_PKG_VERSION");
        let values = [version, env!("INTEGRATOR_COMMIT"), env!("INTEGRATOR_RUSTC")];
        build_info.with_label_values(&values).set(1);
        Ok(Self {
            flows: FlowMetrics::new(&registrar)?,
            exchanges: ExchangeMetrics::new(&registrar)?,
            store_flows: registrar.gauge(
                "store_flows",
                "Flows stored, ended ones included until they are removed.",
            )?,
            store_up: registrar.gauge(
                "store_up",
                "1 where the store answered this scrape; where it is 0 the gauges of what is \
                 stored are left out or stand at 0.",
            )?,
            store_durability: registrar.gauges(
                "store_durability",
                &["class"],
                "What acknowledged writes survive; 1 at the class of the store in use.",
            )?,
            store_duration: registrar.durations(
                "store_operation_duration_seconds",
                &["store", "operation"],
                "Time that operations of the store took.",
            )?,
            sweep_lag: registrar.seconds(
                "sweep_lag_seconds",
                "How long the most overdue flow had waited for the last sweep.",
            )?,
            stale_commits: registrar.counter(
                "stale_commits_total",
                "Answers dropped because their claim or their flow had ended.",
            )?,
            definitions: DefinitionMetrics::new(&registrar)?,
            scrape: Mutex::default(),
            registry,
        })
    }

    /// Shows the counters of these protocols before anything is counted.
    pub fn expect<'a>(&self, protocols: impl Iterator<Item = &'a str>) {
        protocols.for_each(|protocol| self.flows.expect(protocol));
    }

    /// Tells when the protocols in use were loaded.
    pub fn protocols_loaded(&self, at: Timestamp) {
        self.definitions.loaded(at);
    }

    /// Counts a reload of the protocols by its outcome, `loaded` or `refused`.
    pub fn protocols_reloaded(&self, outcome: &str) {
        self.definitions.reloaded(outcome);
    }

    /// All metrics as text; `census` gives those that are states of the store, where it answers.
    ///
    /// # Errors
    ///
    /// The encoder's.
    pub fn render(&self, census: Option<&Census>, now: Timestamp) -> Result<String, Error> {
        let _alone = self.scrape.lock().unwrap_or_else(PoisonError::into_inner);
        let none = Census::default();
        self.store_up.set(i64::from(census.is_some()));
        let census = census.unwrap_or(&none);
        self.store_flows.set(signed(census.flows));
        self.flows.count(census, now);
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    /// Tells what acknowledged writes survive.
    pub fn store_durability(&self, class: &str) {
        self.store_durability.reset();
        self.store_durability.with_label_values(&[class]).set(1);
    }

    /// Measures an operation of the store.
    pub fn store_operation(&self, store: &str, operation: &str, took: Duration) {
        self.store_duration
            .with_label_values(&[store, operation])
            .observe(took.as_secs_f64());
    }

    pub(super) fn exchange(&self, exchange: &Exchange<'_>) {
        self.exchanges.exchange(exchange);
    }

    pub(super) fn called(
        &self,
        protocol: &Protocol,
        step: &Step,
        ended: Result<u16, &CallError>,
        took: Duration,
    ) {
        self.exchanges.called(protocol, step, ended, took);
    }

    pub(super) fn moved(&self, protocol: &Protocol, transition: &Transition, in_state: Duration) {
        self.flows.moved(protocol, transition, in_state);
    }

    pub(super) fn replayed(&self, protocol: &Protocol, step: &Step) {
        self.flows.replayed(protocol, step);
    }

    pub(super) fn removed(&self, protocol: &Protocol) {
        self.flows.removed(protocol);
    }

    pub(super) fn late(&self) {
        self.stale_commits.inc();
    }

    pub(super) fn swept(&self, lag: Duration) {
        self.sweep_lag.set(lag.as_secs_f64());
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
