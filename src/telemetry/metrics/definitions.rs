//! Which protocol definitions are in use, and how reloads ended.

use integrator_core::protocol::Protocol;
use jiff::Timestamp;

use super::families::Families;
use crate::orchestrator::code::Code;

/// How a reload ends whose definitions are in use.
const LOADED: &str = "loaded";

/// How a reload may end.
const OUTCOMES: [&str; 2] = [LOADED, "refused"];

/// Ends of calls that an alert waits for the first of.
const UNANSWERED: [&str; 2] = [super::exchanges::UNAVAILABLE, super::exchanges::TIMEOUT];

/// Problem replies that an alert waits for the first of.
const AWAITED: [Code; 4] = [
    Code::SequenceViolation,
    Code::CapacityExhausted,
    Code::StoreUnavailable,
    Code::Internal,
];

impl Families {
    /// Shows counters before anything is counted: a counter that comes into being with its first
    /// event has never risen, and no alert sees it.
    pub(super) fn show<'a>(&self, protocols: impl Iterator<Item = &'a Protocol>) {
        for outcome in OUTCOMES {
            self.protocol_reloads.with_label_values(&[outcome]);
        }
        self.flow_ttl.reset();
        for protocol in protocols {
            self.show_protocol(protocol);
        }
    }

    fn show_protocol(&self, protocol: &Protocol) {
        let name = protocol.name();
        let error = protocol.state_name(protocol.error());
        for counter in [&self.flows_expired, &self.flows_removed] {
            counter.with_label_values(&[name]);
        }
        for state in protocol
            .states()
            .filter(|state| !protocol.is_terminal(*state))
        {
            let labels = [name, protocol.state_name(state)];
            let ttl = protocol.ttl().as_secs_f64();
            self.flow_ttl.with_label_values(&labels).set(ttl);
        }
        for step in protocol.steps() {
            for code in AWAITED {
                let labels = [name, step.name(), code.as_str()];
                self.rejections.with_label_values(&labels);
            }
            for status in UNANSWERED {
                let labels = [name, step.name(), status];
                self.backend_requests.with_label_values(&labels);
            }
            for from in step.from() {
                let labels = [name, step.name(), protocol.state_name(*from), error];
                self.flow_transitions.with_label_values(&labels);
            }
        }
    }

    pub(super) fn loaded(&self, at: Timestamp) {
        self.protocols_loaded.set(super::unix_seconds(at));
        self.protocol_reload_successful.set(1);
    }

    pub(super) fn reloaded(&self, outcome: &str) {
        self.protocol_reloads.with_label_values(&[outcome]).inc();
        let successful = i64::from(outcome == LOADED);
        self.protocol_reload_successful.set(successful);
    }
}
