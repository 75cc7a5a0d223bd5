//! `[telemetry]`: traces, which this build does not send.

use super::setting::{Feature, Gate, Kind, Setting};

pub(super) const SETTINGS: &[Setting] = &[Setting::new(
    "telemetry.otlp_endpoint",
    Kind::Url,
    Feature::Traces,
    "The collector that traces are sent to; without it none are.",
)
.gate(Gate::Absent)];
