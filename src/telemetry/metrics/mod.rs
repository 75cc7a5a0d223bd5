//! Every metric of the service in one struct, exposed in the Prometheus text format.

mod admission;
mod definitions;
mod exchanges;
mod families;
mod flows;
mod register;
mod telling;

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use integrator_core::flow::history::Transition;
use integrator_core::protocol::{Protocol, Step};
use jiff::Timestamp;
use prometheus::process_collector::ProcessCollector;
use prometheus::{Error, Registry, TextEncoder};

pub use self::families::DEFINITIONS;
use self::families::Families;
pub use self::register::{Definition, Kind};
pub use self::telling::SpansDropped;
use super::request::Exchange;
use crate::orchestrator::Census;
use crate::orchestrator::event::{CallError, Decided, Reading};

/// The metrics of one process.
pub struct Metrics {
    registry: Registry,
    families: Families,
    /// Held while gauges are set and read, so that one scrape does not see another's reset.
    scrape: Mutex<()>,
    /// Whoever knows how many log lines were dropped.
    dropped_lines: OnceLock<Box<dyn Fn() -> u64 + Send + Sync>>,
}

impl Metrics {
    /// Registers every metric, and those of the process itself.
    ///
    /// # Errors
    ///
    /// The registry's, where two metrics had one name.
    pub fn new() -> Result<Self, Error> {
        let registry = Registry::new();
        registry.register(Box::new(ProcessCollector::for_self()))?;
        let families = Families::register(&registry)?;
        let version = env!("CARGO_PKG_VERSION");
        let build = [version, env!("INTEGRATOR_COMMIT"), env!("INTEGRATOR_RUSTC")];
        families.build_info.with_label_values(&build).set(1);
        families.show_telling();
        Ok(Self {
            dropped_lines: OnceLock::new(),
            registry,
            families,
            scrape: Mutex::default(),
        })
    }

    /// Tells how many flows may be stored.
    pub fn flows_max(&self, most: u64) {
        self.families.flows_max.set(signed(most));
    }

    /// Tells which protocols are in use since when, and shows their counters before anything is
    /// counted.
    pub fn protocols_loaded<'a>(
        &self,
        protocols: impl Iterator<Item = &'a Protocol>,
        at: Timestamp,
    ) {
        let _alone = self.alone();
        self.families.show(protocols);
        self.families.loaded(at);
    }

    /// Counts a reload of the protocols by its outcome, `loaded` or `refused`.
    pub fn protocols_reloaded(&self, outcome: &str) {
        self.families.reloaded(outcome);
    }

    /// Takes the count of dropped log lines from whoever writes them; the first one is believed.
    pub fn count_dropped_lines(&self, count: impl Fn() -> u64 + Send + Sync + 'static) {
        let _first = self.dropped_lines.set(Box::new(count));
    }

    /// Counts spans that were dropped.
    pub(super) fn spans_dropped(&self, reason: SpansDropped, spans: u64) {
        self.families.spans_dropped(reason, spans);
    }

    /// All metrics as text; `census` gives those that are states of the store, where it answers,
    /// and `gates` those of admission control, where it is on.
    ///
    /// # Errors
    ///
    /// The encoder's.
    pub fn render(
        &self,
        census: Option<&Census>,
        gates: &[Reading],
        now: Timestamp,
    ) -> Result<String, Error> {
        let _alone = self.alone();
        let none = Census::default();
        self.families.store_up.set(i64::from(census.is_some()));
        let census = census.unwrap_or(&none);
        self.families.store_flows.set(signed(census.flows));
        self.families.count(census, now);
        self.families.gates(gates);
        if let Some(count) = self.dropped_lines.get() {
            self.families.lines_dropped(count());
        }
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    /// Tells what acknowledged writes survive.
    pub fn store_durability(&self, class: &str) {
        let durability = &self.families.store_durability;
        durability.reset();
        durability.with_label_values(&[class]).set(1);
    }

    /// Measures an operation of the store.
    pub fn store_operation(&self, store: &str, operation: &str, took: Duration) {
        let labels = [store, operation];
        let duration = &self.families.store_operation_duration;
        let duration = duration.with_label_values(&labels);
        duration.observe(took.as_secs_f64());
    }

    /// Counts records of the audit stream that were synced.
    pub fn audit_written(&self, records: u64) {
        self.families.audit_records.inc_by(records);
    }

    /// Counts records of the audit stream that are lost.
    pub fn audit_lost(&self, records: u64) {
        self.families.audit_records_lost.inc_by(records);
    }

    /// Counts a try to write the audit file that failed.
    pub fn audit_failed(&self) {
        self.families.audit_write_failures.inc();
    }

    pub(super) fn exchange(&self, exchange: &Exchange<'_>) {
        self.families.exchange(exchange);
    }

    pub(super) fn called(
        &self,
        protocol: &Protocol,
        step: &Step,
        ended: Result<u16, &CallError>,
        took: Duration,
    ) {
        self.families.called(protocol, step, ended, took);
    }

    pub(super) fn moved(&self, protocol: &Protocol, transition: &Transition, in_state: Duration) {
        self.families.moved(protocol, transition, in_state);
    }

    pub(super) fn decided(&self, backend: &str, decided: Decided) {
        self.families.decided(backend, decided);
    }

    pub(super) fn replayed(&self, protocol: &Protocol, step: &Step) {
        self.families.replayed(protocol, step);
    }

    pub(super) fn removed(&self, protocol: &Protocol) {
        self.families.removed(protocol);
    }

    pub(super) fn watched(&self, begins: bool) {
        let streams = &self.families.event_streams;
        if begins { streams.inc() } else { streams.dec() }
    }

    pub(super) fn late(&self) {
        self.families.stale_commits.inc();
    }

    pub(super) fn swept(&self, lag: Duration, at: Timestamp) {
        self.families.sweep_lag.set(lag.as_secs_f64());
        self.families.sweep_timestamp.set(unix_seconds(at));
    }

    fn alone(&self) -> MutexGuard<'_, ()> {
        self.scrape.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn unix_seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1e3
}
