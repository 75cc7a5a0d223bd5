//! Which definitions are in use, and how reloads ended.

use jiff::Timestamp;
use prometheus::{Error, Gauge, IntCounterVec};

use super::register::Registrar;

/// How a reload may end.
const OUTCOMES: [&str; 2] = ["loaded", "refused"];

pub(super) struct DefinitionMetrics {
    reloads: IntCounterVec,
    loaded: Gauge,
}

impl DefinitionMetrics {
    pub(super) fn new(registrar: &Registrar<'_>) -> Result<Self, Error> {
        let reloads = registrar.counters(
            "protocol_reloads_total",
            &["outcome"],
            "Reloads of the protocol definitions.",
        )?;
        for outcome in OUTCOMES {
            reloads.with_label_values(&[outcome]).inc_by(0);
        }
        Ok(Self {
            reloads,
            loaded: registrar.seconds(
                "protocols_loaded_timestamp_seconds",
                "When the protocol definitions in use were loaded, in Unix time.",
            )?,
        })
    }

    pub(super) fn loaded(&self, at: Timestamp) {
        self.loaded.set(at.as_millisecond() as f64 / 1e3);
    }

    pub(super) fn reloaded(&self, outcome: &str) {
        self.reloads.with_label_values(&[outcome]).inc();
    }
}
