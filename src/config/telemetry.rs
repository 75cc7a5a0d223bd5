//! `[telemetry]`: where traces go.

use super::setting::{Feature, Kind, Setting};
use super::settled::Settled;
use crate::backend::base_url::BaseUrl;

const OTLP_ENDPOINT: &str = "telemetry.otlp_endpoint";

pub(super) const SETTINGS: &[Setting] = &[Setting::new(
    OTLP_ENDPOINT,
    Kind::Url,
    Feature::Traces,
    "The collector that traces are sent to, by OTLP over HTTP; without it none are.",
)];

/// What is told beside logs and metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telemetry {
    /// The collector; without one no traces are sent.
    pub otlp_endpoint: Option<BaseUrl>,
}

impl Telemetry {
    pub(super) fn assemble(settled: &Settled) -> Telemetry {
        Telemetry {
            otlp_endpoint: settled.url(OTLP_ENDPOINT).ok().cloned(),
        }
    }
}
