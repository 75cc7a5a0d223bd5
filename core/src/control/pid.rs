//! The controller: a discrete PID of a fixed period, from a latency in milliseconds to a rate.
//!
//! ```text
//! g    = I / REFERENCE_TPS                              the gains go with the rate
//! P    = g * kp * (setpoint - measured)
//! D    = g * kd * d,  d = -slope of measured, filtered  over half a second or a period
//! I    = the rate that was last shown to be borne       see `integral`
//! rate = min(I + P + D, RISE * I), within [floor, ceiling]; the floor in an outage,
//!        and no more than I while the latency is above the set point
//! ```
//!
//! An excess of one start a second lengthens the queue of a backend that bears C of them by
//! 1000 / C ms in a second: the smaller the backend, the steeper its latency. Gains that go
//! with the rate make the loop as quick at ten starts a second as at a thousand.

use super::integral::{self, Memory};
pub use super::throughput::Shown;
use super::throughput::Throughput;

/// The rate at which the gains are those that were configured: the default of `rate_max_tps`.
pub const REFERENCE_TPS: f64 = 200.0;

/// The most that the rate may be of what was shown to be borne: it doubles, it does not leap.
pub const RISE: f64 = 2.0;

/// The shortest time over which a slope is filtered: in a shorter period there are too few
/// samples, and their noise over a shorter time would be a steeper slope.
const FILTER_SECONDS: f64 = 0.5;

/// The gains of the three terms, at the reference rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gains {
    /// Proportional: tps for each millisecond of error.
    pub kp: f64,
    /// Integral: tps for each millisecond of error that lasts a second.
    pub ki: f64,
    /// Derivative: tps for each millisecond by which latency rises in a second.
    pub kd: f64,
}

/// What a control step came to: the terms, and their sum within the bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Terms {
    /// The set point less the measurement: positive where the backend is faster than asked.
    pub error_ms: f64,
    /// The proportional term.
    pub p_tps: f64,
    /// The integral term.
    pub i_tps: f64,
    /// The derivative term.
    pub d_tps: f64,
    /// The rate.
    pub rate_tps: f64,
}

/// What a control step is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observed {
    /// The latency.
    pub latency_ms: f64,
    /// The time since the latency before it was measured: one period or more.
    pub passed_s: f64,
    /// What was admitted and answered, if the backend answered meanwhile: failures alone say
    /// nothing of what it bears, and leave the integral to be resumed after them.
    pub shown: Option<Shown>,
    /// The latency stands in no relation to that of the step before.
    pub anew: bool,
    /// The backend does not answer: whatever the gains, only probes go to it until it does.
    pub outage: bool,
}

/// The controller between two steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Pid {
    gains: Gains,
    setpoint_ms: f64,
    period_s: f64,
    floor_tps: f64,
    measured_ms: Option<f64>,
    slope: f64,
    stepped: bool,
    outage: bool,
    memory: Memory,
    throughput: Throughput,
    /// What the backend was last shown to bear, a ceiling above it or not: the term is what of
    /// it the ceiling allows.
    learnt_tps: f64,
    terms: Terms,
}

impl Pid {
    /// A controller that has measured nothing and stands at `start_tps`.
    #[must_use]
    pub fn new(
        gains: Gains,
        setpoint_ms: f64,
        period_s: f64,
        floor_tps: f64,
        start_tps: f64,
    ) -> Self {
        Self {
            gains,
            setpoint_ms,
            period_s,
            floor_tps,
            measured_ms: None,
            slope: 0.0,
            stepped: false,
            outage: false,
            memory: Memory::default(),
            throughput: Throughput::default(),
            learnt_tps: start_tps,
            terms: Terms {
                i_tps: start_tps,
                rate_tps: start_tps,
                ..Terms::default()
            },
        }
    }

    /// Whether the backend did not answer at the latest step.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        self.outage
    }

    /// Whether any step had a latency to act on.
    #[must_use]
    pub fn has_measured(&self) -> bool {
        self.stepped
    }

    /// What the latest step came to.
    #[must_use]
    pub fn terms(&self) -> Terms {
        self.terms
    }

    /// A ceiling holds at once, measurement or not; what was learnt outlasts it.
    pub fn hold_below(&mut self, ceiling_tps: f64) {
        self.terms.i_tps = self.terms.i_tps.min(ceiling_tps);
        self.terms.rate_tps = self.terms.rate_tps.min(ceiling_tps);
    }

    /// One step at the end of a period in which something was measured.
    pub fn step(&mut self, observed: Observed, ceiling_tps: f64) {
        let error_ms = self.setpoint_ms - observed.latency_ms;
        self.filter(observed);
        self.throughput.count(self.period_s, observed.shown);
        let before_tps = self.terms.rate_tps;
        let first = !std::mem::replace(&mut self.stepped, true);
        self.outage = observed.outage;
        if first && error_ms > 0.0 && !observed.outage {
            // The first good news does not move the rate: the integral is what leads to it.
            let integral = before_tps / self.factor(error_ms);
            self.learnt_tps = integral.max(self.floor_tps);
            self.set(error_ms, ceiling_tps);
            self.terms.rate_tps = before_tps.min(ceiling_tps);
            return;
        }
        if let Some(shown) = observed.shown {
            self.learn(error_ms, shown, ceiling_tps);
        }
        self.set(error_ms, ceiling_tps);
    }

    /// One step at the end of a period in which nobody called: what is not used is forgotten,
    /// unless the backend was too slow and what it bears is what will be asked for again.
    pub fn idle(&mut self, admitted_tps: f64, ceiling_tps: f64) {
        let Terms { error_ms, .. } = self.terms;
        self.throughput.count(self.period_s, None);
        if self.stepped && error_ms > 0.0 {
            let forgotten = integral::unused(self.learnt_tps, self.period_s, admitted_tps);
            self.learnt_tps = forgotten.max(self.floor_tps);
            self.set(error_ms, ceiling_tps);
        }
    }

    /// Acts on the measurement, not on the error, so that a changed set point gives no kick.
    fn filter(&mut self, observed: Observed) {
        let before = self.measured_ms.replace(observed.latency_ms);
        self.slope = match before {
            Some(before) if !observed.anew => {
                let passed_s = observed.passed_s.max(self.period_s);
                let weight = passed_s / (passed_s + self.period_s.max(FILTER_SECONDS));
                let slope = (observed.latency_ms - before) / passed_s;
                (1.0 - weight) * self.slope + weight * slope
            }
            Some(_) | None => 0.0,
        };
    }

    fn learn(&mut self, error_ms: f64, shown: Shown, ceiling_tps: f64) {
        let allowed_tps = self.learnt_tps.min(ceiling_tps);
        let known = integral::Known {
            error_ms,
            setpoint_ms: self.setpoint_ms,
            admitted_tps: shown.admitted_tps,
            worked_off_tps: self.throughput.starts_tps(),
            rate_tps: self.terms.rate_tps,
        };
        let ki = self.gains.ki * allowed_tps / REFERENCE_TPS;
        let next = self.memory.next(allowed_tps, ki, self.period_s, known);
        // At its ceiling the integral tells nothing against what lies above it.
        if next < ceiling_tps || self.learnt_tps < ceiling_tps {
            self.learnt_tps = next.clamp(self.floor_tps, ceiling_tps);
        }
    }

    /// What the integral is multiplied by: all three terms go with it. A latency that falls is
    /// still no reason for more while it is above the set point.
    fn factor(&self, error_ms: f64) -> f64 {
        let Gains { kp, kd, .. } = self.gains;
        let most = if error_ms < 0.0 { 1.0 } else { RISE };
        (1.0 + (kp * error_ms - kd * self.slope) / REFERENCE_TPS).min(most)
    }

    fn set(&mut self, error_ms: f64, ceiling_tps: f64) {
        let i_tps = self.learnt_tps.min(ceiling_tps);
        let scheduled = i_tps / REFERENCE_TPS;
        let rate_tps = if self.outage {
            self.floor_tps
        } else {
            i_tps * self.factor(error_ms)
        };
        self.terms = Terms {
            error_ms,
            p_tps: scheduled * self.gains.kp * error_ms,
            i_tps,
            d_tps: -scheduled * self.gains.kd * self.slope,
            rate_tps: rate_tps.clamp(self.floor_tps, ceiling_tps),
        };
    }
}
