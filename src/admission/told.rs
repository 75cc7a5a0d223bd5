//! What a gate tells of itself.

use std::sync::Arc;
use std::time::Duration;

use integrator_core::control::law::{Readings, Regime};

use super::decision::Class;
use super::options::Mode;

/// Why a request may not pass now.
#[derive(Clone, Debug, PartialEq)]
pub struct Limited {
    /// The backend that is spared.
    pub backend: Arc<str>,
    /// Its smoothed latency, once a call ended.
    pub ewma_ms: Option<f64>,
    /// The latency that the rate of this moment comes from, once anything is known of it. Above
    /// the smoothed one where calls under way take longer.
    pub acted_on_ms: Option<f64>,
    /// The latency that is aimed at.
    pub target_ms: f64,
    /// How many requests may pass in a second, as it is now.
    pub rate_tps: f64,
    /// When there is a token at this rate, if nobody else takes it.
    pub retry_after: Duration,
}

impl Limited {
    /// The time to wait in whole milliseconds, never too short and at least one.
    #[must_use]
    pub fn retry_after_ms(&self) -> u64 {
        let whole = self.retry_after.as_nanos().div_ceil(1_000_000);
        u64::try_from(whole).unwrap_or(u64::MAX).max(1)
    }

    /// The same in whole seconds.
    #[must_use]
    pub fn retry_after_seconds(&self) -> u64 {
        self.retry_after_ms().div_ceil(1000)
    }
}

/// A regime that gave way to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turn {
    /// Whether decisions are enforced.
    pub mode: Mode,
    /// The regime that was told last.
    pub from: Regime,
    /// The regime now.
    pub to: Regime,
    /// The backend's smoothed latency, once a call ended.
    pub ewma_ms: Option<f64>,
    /// How many requests may pass in a second now.
    pub rate_tps: f64,
}

/// Where a gate stands.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The backend in front of which it is.
    pub backend: Arc<str>,
    /// Whether decisions are enforced.
    pub mode: Mode,
    /// The kinds of requests that it decides on.
    pub classes: &'static [Class],
    /// Where its law stands.
    pub law: Readings,
}
