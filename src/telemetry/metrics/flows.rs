//! How flows move.

use std::time::Duration;

use integrator_core::flow::history::Transition;
use integrator_core::protocol::{Protocol, Step};
use jiff::Timestamp;

use super::families::Families;
use crate::orchestrator::Census;

impl Families {
    /// Sets the gauges that are states of the store.
    pub(super) fn count(&self, census: &Census, now: Timestamp) {
        self.flows.reset();
        self.flow_oldest_age.reset();
        for state in &census.states {
            let labels = [&*state.protocol, &*state.state];
            self.flows
                .with_label_values(&labels)
                .set(super::signed(state.flows));
            let issued = state.oldest_issued_ms;
            let age = issued.map_or(0, |issued| now.as_millisecond().saturating_sub(issued));
            let age = Duration::from_millis(age.max(0).unsigned_abs());
            self.flow_oldest_age
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
                self.flow_transitions
                    .with_label_values(&[name, step, from, to])
                    .inc();
            }
            None => self.flows_expired.with_label_values(&[name]).inc(),
        }
        if from != to {
            self.flow_state_duration
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
        self.flows_removed
            .with_label_values(&[protocol.name()])
            .inc();
    }
}
