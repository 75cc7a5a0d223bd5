//! What an operator sets.

use std::time::Duration;

use super::pid::Gains;

/// The settings of one backend's gate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// The latency that is aimed at.
    pub target_ms: f64,
    /// The weight of a new sample in the average: above 0, at most 1.
    pub ewma_alpha: f64,
    /// The gains of the controller.
    pub gains: Gains,
    /// The time between two control steps; not zero.
    pub period: Duration,
    /// The lowest rate, above 0: the probes that notice a recovery.
    pub rate_min_tps: f64,
    /// The highest rate, at least the lowest.
    pub rate_max_tps: f64,
    /// The most admissions at once, at least 1; fewer where the rate is low.
    pub burst_max_tokens: f64,
}
