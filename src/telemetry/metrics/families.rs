//! Every metric, told once: its name, type and labels, and what it means.
//!
//! A field's doc comment is the help text that Prometheus shows, and [`DEFINITIONS`] is what tests
//! and pages are held against. Labels take their values from closed sets.

use prometheus::{
    Error, Gauge, GaugeVec, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Registry,
};

use super::register::{Definition, Family, register};

macro_rules! families {
    (@definition $family:ident $name:literal [$($label:literal)*] $($help:literal)+) => {
        Definition {
            name: concat!("integrator_", $name),
            kind: <$family as Family>::KIND,
            labels: &[$($label),*],
            help: concat!($($help),+),
        }
    };
    ($($(#[doc = $help:literal])+ $field:ident: $family:ident $name:literal [$($label:literal)*];)+) => {
        /// The metrics of one process.
        pub(super) struct Families {
            $($(#[doc = $help])+ pub(super) $field: $family,)+
        }

        impl Families {
            /// Makes and registers all of them.
            pub(super) fn register(registry: &Registry) -> Result<Self, Error> {
                Ok(Self {
                    $($field: register::<$family>(
                        registry,
                        &families!(@definition $family $name [$($label)*] $($help)+),
                    )?,)+
                })
            }
        }

        /// Every metric, in the order of the fields.
        pub const DEFINITIONS: &[Definition] = &[
            $(families!(@definition $family $name [$($label)*] $($help)+)),+
        ];
    };
}

families! {
    /// Flows stored, by protocol and state. Over a shared store: those of all instances.
    flows: IntGaugeVec "flows" ["protocol" "state"];
    /// Age of the oldest flow in each state, since its issue; 0 where there is none.
    flow_oldest_age: GaugeVec "flow_oldest_age_seconds" ["protocol" "state"];
    /// How long flows may stand in a state that is not terminal, by the definition in use. The
    /// deadline that a backend gives takes its place for that flow.
    flow_ttl: GaugeVec "flow_ttl_seconds" ["protocol" "state"];
    /// Time that flows spent in a state before they left it.
    flow_state_duration: HistogramVec "flow_state_duration_seconds" ["protocol" "state"];
    /// Recorded answers, by the move they made.
    flow_transitions: IntCounterVec "flow_transitions_total" ["protocol" "step" "from" "to"];
    /// Problem replies to step requests.
    rejections: IntCounterVec "rejections_total" ["protocol" "step" "code"];
    /// Recorded answers told again.
    replays: IntCounterVec "replays_total" ["protocol" "step"];
    /// Calls to the backend, by HTTP status, 'unavailable' or 'timeout'.
    backend_requests: IntCounterVec "backend_requests_total" ["protocol" "step" "status"];
    /// Time that calls to the backend took.
    backend_request_duration: HistogramVec "backend_request_duration_seconds" ["protocol" "step"];
    /// Time from a request's head to its reply's.
    http_request_duration: HistogramVec "http_request_duration_seconds" ["route" "method" "status"];
    /// Flows that expired: at their deadline, or because an operator ended them.
    flows_expired: IntCounterVec "flows_expired_total" ["protocol"];
    /// Ended flows removed after their retention.
    flows_removed: IntCounterVec "flows_removed_total" ["protocol"];
    /// How many flows may be stored before starts are refused.
    flows_max: IntGauge "flows_max" [];
    /// Flows stored, ended ones included until they are removed. Over a shared store: those of all
    /// instances.
    store_flows: IntGauge "store_flows" [];
    /// 1 where the store answered this scrape; where it is 0 the gauges of what is stored are left
    /// out or stand at 0.
    store_up: IntGauge "store_up" [];
    /// What acknowledged writes survive; 1 at the class of the store in use.
    store_durability: IntGaugeVec "store_durability" ["class"];
    /// Time that operations of the store took.
    store_operation_duration: HistogramVec "store_operation_duration_seconds" ["store" "operation"];
    /// Event streams that are open.
    event_streams: IntGauge "event_streams" [];
    /// How long the most overdue flow had waited for the last sweep.
    sweep_lag: Gauge "sweep_lag_seconds" [];
    /// When a sweep last went through all that was due, in Unix time.
    sweep_timestamp: Gauge "sweep_timestamp_seconds" [];
    /// Answers dropped because their claim or their flow had ended.
    stale_commits: IntCounter "stale_commits_total" [];
    /// Reloads of the protocol definitions, by how they ended.
    protocol_reloads: IntCounterVec "protocol_reloads_total" ["outcome"];
    /// 1 where the last reload of the protocol definitions was loaded, or none was asked for yet; 0
    /// where it was refused.
    protocol_reload_successful: IntGauge "protocol_reload_successful" [];
    /// When the protocol definitions in use were loaded, in Unix time.
    protocols_loaded: Gauge "protocols_loaded_timestamp_seconds" [];
    /// Smoothed latency of a backend, as its gate sees it. Calls without an answer count with the
    /// time that they had (broken connections: with the whole timeout), at most five times the
    /// target. Absent before a call has ended.
    admission_ewma: GaugeVec "admission_ewma_ms" ["backend"];
    /// The latency that a gate holds a backend at.
    admission_setpoint: GaugeVec "admission_setpoint_ms" ["backend"];
    /// The set point less the latency that the last control step acted on. Absent before a step
    /// had any to act on.
    admission_error: GaugeVec "admission_error_ms" ["backend"];
    /// What the proportional term adds to the rate.
    admission_p: GaugeVec "admission_p_tps" ["backend"];
    /// The integral term: the rate that the backend was last shown to bear.
    admission_i: GaugeVec "admission_i_tps" ["backend"];
    /// What the derivative term adds to the rate.
    admission_d: GaugeVec "admission_d_tps" ["backend"];
    /// Requests a second that a gate lets through now.
    admission_rate: GaugeVec "admission_rate_tps" ["backend"];
    /// The most requests a second that a gate may let through now, by the setting and the schedule.
    admission_rate_max: GaugeVec "admission_rate_max_tps" ["backend"];
    /// Requests that a gate would let through at once.
    admission_tokens: GaugeVec "admission_tokens" ["backend"];
    /// 1 at the regime that a gate is in, 0 at the others.
    admission_regime: IntGaugeVec "admission_regime" ["backend" "regime"];
    /// Requests that a gate decided on: those refused, and those whose call left for the backend.
    /// In observe mode those refused are those that would have been.
    admission_decisions: IntCounterVec "admission_decisions_total"
        ["backend" "class" "mode" "decision"];
    /// Records of the audit stream that were synced to the disk.
    audit_records: IntCounter "audit_records_total" [];
    /// Records of the audit stream that had no place to wait for the disk.
    audit_records_lost: IntCounter "audit_records_lost_total" [];
    /// Tries to write the audit file that failed.
    audit_write_failures: IntCounter "audit_write_failures_total" [];
    /// Log lines dropped because whoever reads standard output did not keep up.
    log_lines_dropped: IntCounter "log_lines_dropped_total" [];
    /// Spans that were not sent: too many waited, the collector was not reached or took none, or it
    /// refused them.
    trace_spans_dropped: IntCounterVec "trace_spans_dropped_total" ["reason"];
    /// What runs; always 1.
    build_info: IntGaugeVec "build_info" ["version" "commit" "rustc"];
}
