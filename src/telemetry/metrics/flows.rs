//! How flows move.

use std::time::Duration;

use integrator_core::flow::history::Transition;
use integrator_core::protocol::{Protocol, Step};
use jiff::Timestamp;
use prometheus::{Error, GaugeVec, HistogramVec, IntCounterVec, IntGaugeVec};

use super::register::Registrar;
use crate::orchestrator::Census;

pub(super) struct FlowMetrics {
    flows: IntGaugeVec,
    oldest_age: GaugeVec,
    state_duration: HistogramVec,
    transitions: IntCounterVec,
    replays: IntCounterVec,
    expired: IntCounterVec,
    removed: IntCounterVec,
}

impl FlowMetrics {
    pub(super) fn new(registrar: &Registrar<'_>) -> Result<Self, Error> {
        let state = ["protocol", "state"];
        Ok(Self {
            flows: registrar.gauges("flows", &state, "Flows stored, by protocol and state.")?,
            oldest_age: registrar.ages(
                "flow_oldest_age_seconds",
                &state,
                "Age of the oldest flow in each state.",
            )?,
            state_duration: registrar.durations(
                "flow_state_duration_seconds",
                &state,
                "Time that flows spent in a state before they left it.",
            )?,
            transitions: registrar.counters(
                "flow_transitions_total",
                &["protocol", "step", "from", "to"],
                "Recorded answers, by the move they made.",
            )?,
            replays: registrar.counters(
                "replays_total",
                &["protocol", "step"],
                "Recorded answers told again.",
            )?,
            expired: registrar.counters(
                "flows_expired_total",
                &["protocol"],
                "Flows that reached their deadline.",
            )?,
            removed: registrar.counters(
                "flows_removed_total",
                &["protocol"],
                "Ended flows removed after their retention.",
            )?,
        })
    }

    /// Shows a protocol's counters from the start, so that their first event is an increase.
    pub(super) fn expect(&self, protocol: &str) {
        for counter in [&self.expired, &self.removed] {
            counter.with_label_values(&[protocol]).inc_by(0);
        }
    }

    /// Sets the gauges that are states of the store.
    pub(super) fn count(&self, census: &Census, now: Timestamp) {
        self.flows.reset();
        self.oldest_age.reset();
        for state in &census.states {
            let labels = [&*state.protocol, &*state.state];
            self.flows
                .with_label_values(&labels)
                .set(super::signed(state.flows));
            let issued = state.oldest_issued_ms;
            let age = issued.map_or(0, |issued| now.as_millisecond().saturating_sub(issued));
            let age = Duration::from_millis(age.max(0).unsigned_abs());
            self.oldest_age
                .with_label_values(&labels)
                .set(age.as_secs_f64());
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

    pub(super) fn replayed(&self, protocol: &Protocol, step: &Step) {
        self.replays
            .with_label_values(&[protocol.name(), step.name()])
            .inc();
    }

    pub(super) fn removed(&self, protocol: &Protocol) {
        self.removed.with_label_values(&[protocol.name()]).inc();
    }
}
