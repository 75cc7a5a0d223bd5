//! What the loop shows of itself.

use super::regime::Regime;

/// The state of the loop at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Readings {
    /// The smoothed latency; none before the first sample.
    pub ewma_ms: Option<f64>,
    /// The latency that is aimed at.
    pub setpoint_ms: f64,
    /// The set point less the latency that the latest control step acted on; none before a step
    /// had any to act on.
    pub error_ms: Option<f64>,
    /// The proportional term.
    pub p_tps: f64,
    /// The integral term: the rate that the backend was last shown to bear.
    pub i_tps: f64,
    /// The derivative term.
    pub d_tps: f64,
    /// The rate in force.
    pub rate_tps: f64,
    /// The highest rate that may be in force now.
    pub rate_max_tps: f64,
    /// Admissions that may come at once.
    pub tokens: f64,
    /// How far the gate is open.
    pub regime: Regime,
}
