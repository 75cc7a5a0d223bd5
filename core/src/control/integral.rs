//! The integral term: the rate that the backend was last shown to bear.
//!
//! It is a rate, not a sum of errors: it lies within the bounds of the output, and it moves
//! towards what was really admitted while the backend is quick, and towards what the backend
//! really works off while it is not (tracking, or back-calculation: Åström and Hägglund). So it
//! cannot wind up, neither while the output is held at an end nor while there is no demand, and
//! it does not outlast by long what it was shown.
//!
//! What it was worth when the backend became too slow is remembered, as TCP remembers half of
//! its window as the threshold of slow start (RFC 5681, 3.1): a backend that is quick again is
//! given that back at once, and only beyond it the way is slow.

/// The share of the rate from which on admissions are limited by it, and not by demand.
const BINDS_SHARE: f64 = 0.8;

/// How slowly the integral goes up to what is admitted while the backend is quick enough: the
/// later steps of the flows just admitted have not arrived yet, and clients take their time.
const TRACK_UP_SECONDS: f64 = 5.0;

/// How slowly it comes down to what is worked off while the backend is too slow and the rate
/// binds: at once, at the usual period, since that is measured and not inferred.
const TRACK_DOWN_SECONDS: f64 = 0.5;

/// How many times what is admitted the integral may be for long: what nobody has used lately is
/// a claim, not knowledge, and a storm would put it to the test all at once.
const HEADROOM: f64 = 2.0;

/// How slowly the integral is forgotten down to that.
const FORGET_SECONDS: f64 = 10.0;

/// Below this rate starts come too unevenly for a quiet while or a slow one to mean anything: the
/// integral is neither forgotten nor tracked further down, and only sums up.
const QUIET_TPS: f64 = 5.0;

/// What of its throughput a backend is trusted with that was too slow at it: what is left over
/// works off the queue.
const BORNE_SHARE: f64 = 0.85;

/// How quickly the integral climbs back to what is remembered: within a few periods, so that one
/// quick period after a slow one does not undo what the slow one said.
const CLIMB_SECONDS: f64 = 0.5;

/// The share of the target that a latency may be for the integral to climb: well below it.
const CLIMB_BELOW: f64 = 0.5;

/// What is known at a control step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) error_ms: f64,
    pub(super) setpoint_ms: f64,
    pub(super) admitted_tps: f64,
    /// The starts that the backend works off in a second.
    pub(super) worked_off_tps: f64,
    /// The rate that was in force.
    pub(super) rate_tps: f64,
}

/// What is remembered between the steps that had an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Memory {
    /// The rate that was borne before the backend last became too slow.
    borne_tps: f64,
    /// The backend was too slow at the latest such step.
    slow: bool,
    /// The integral has climbed since the backend last became too slow.
    climbed: bool,
}

impl Memory {
    /// The integral after a control step, before it is held within its bounds.
    ///
    /// `ki` is the gain in force: scheduled, in tps per millisecond and second. On the way up a
    /// step stands for the time that one start takes at the rate, where that is more than a
    /// period: there are no answers in between that could open a gate whose floor is low.
    pub(super) fn next(&mut self, integral_tps: f64, ki: f64, period_s: f64, known: Known) -> f64 {
        self.remember(integral_tps, known);
        let up_s = period_s.max((1.0 / known.rate_tps).min(TRACK_UP_SECONDS));
        let summed_s = if known.error_ms > 0.0 { up_s } else { period_s };
        let summed = integral_tps + integration(ki, summed_s, known);
        let tracked = summed + tracking(summed, (up_s, period_s), known);
        tracked + self.climb(tracked, up_s, known)
    }

    /// A climb that ended too high lowers what is remembered, and by no more than that share: it
    /// may have been stopped on its way by something else than its height.
    fn remember(&mut self, integral_tps: f64, known: Known) {
        let turned = known.error_ms < 0.0 && !self.slow;
        self.slow = known.error_ms < 0.0;
        if !turned {
            return;
        }
        let climbed = std::mem::take(&mut self.climbed);
        let bears_tps = integral_tps.min(BORNE_SHARE * known.worked_off_tps);
        if integral_tps >= self.borne_tps {
            self.borne_tps = bears_tps;
        } else if climbed {
            self.borne_tps = bears_tps.max(BORNE_SHARE * self.borne_tps);
        }
    }

    fn climb(&mut self, integral_tps: f64, period_s: f64, known: Known) -> f64 {
        let well_below = known.error_ms > CLIMB_BELOW * known.setpoint_ms;
        if !well_below || !binds(known) || integral_tps >= self.borne_tps {
            return 0.0;
        }
        self.climbed = true;
        (period_s / CLIMB_SECONDS).min(1.0) * (self.borne_tps - integral_tps)
    }
}

/// The integral after a period in which nobody called, and the backend was quick before it.
pub(super) fn unused(integral_tps: f64, period_s: f64, admitted_tps: f64) -> f64 {
    let kept_tps = kept(admitted_tps).min(integral_tps);
    integral_tps - (period_s / FORGET_SECONDS).min(1.0) * (integral_tps - kept_tps)
}

/// What is kept for long of an integral where so much is admitted.
fn kept(admitted_tps: f64) -> f64 {
    (HEADROOM * admitted_tps).max(QUIET_TPS)
}

/// Whether admissions are limited by the rate.
fn binds(known: Known) -> bool {
    known.admitted_tps >= BINDS_SHARE * known.rate_tps
}

/// The sum of the errors, up only while the rate binds: while it does not, a low latency says
/// nothing of a higher rate.
fn integration(ki: f64, period_s: f64, known: Known) -> f64 {
    if known.error_ms > 0.0 && !binds(known) {
        return 0.0;
    }
    // Beyond twice the set point a higher latency says no more of how much too high the rate is.
    ki * known.error_ms.max(-known.setpoint_ms) * period_s
}

/// The way towards what was admitted where that was borne, down to some headroom above it where
/// it was little, and down to what is worked off where the backend is too slow and has enough to
/// do: where it is asked for less than the rate, its answers tell what was asked and not what it
/// bears.
fn tracking(integral_tps: f64, (up_s, period_s): (f64, f64), known: Known) -> f64 {
    let quick = known.error_ms > 0.0;
    let admitted = known.admitted_tps;
    let kept = kept(admitted);
    let bears = (BORNE_SHARE * known.worked_off_tps).max(QUIET_TPS);
    let (to_tps, passed) = if quick && admitted > integral_tps {
        (admitted, up_s / TRACK_UP_SECONDS)
    } else if quick && kept < integral_tps {
        (kept, period_s / FORGET_SECONDS)
    } else if known.error_ms < 0.0 && binds(known) && bears < integral_tps {
        (bears, period_s / TRACK_DOWN_SECONDS)
    } else {
        return 0.0;
    };
    passed.min(1.0) * (to_tps - integral_tps)
}
