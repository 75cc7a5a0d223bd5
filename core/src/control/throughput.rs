//! How many starts a second the backend works off: its answers, told in starts.
//!
//! A backend that is too slow works as fast as it can, so what it answers is what it bears. What
//! is admitted in the meantime says less: the later calls of a start come seconds after it.

use std::collections::VecDeque;

/// How far back the answers to one start are counted: several times as long as people take from
/// one step to the next.
const PER_START_SECONDS: f64 = 20.0;

/// How long the most that was answered in a second still holds: a backend that hangs, or is cut
/// off, in the middle of a period has not become half as strong.
const HOLD_SECONDS: f64 = 2.0;

/// What was shown in a period with an answer, per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shown {
    /// Starts, or whatever spends tokens, that were admitted.
    pub admitted_tps: f64,
    /// Calls of any step that were answered, in the latest second.
    pub answered_tps: f64,
}

/// Answers and starts over a while, and the answers of the latest seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Throughput {
    answered_average_tps: f64,
    admitted_average_tps: f64,
    /// The latest seconds, one for each period.
    answered_tps: VecDeque<f64>,
}

impl Throughput {
    /// Counts a period, with what was shown if there was an answer.
    pub(super) fn count(&mut self, period_s: f64, shown: Option<Shown>) {
        if let Some(shown) = shown {
            let weight = (period_s / PER_START_SECONDS).min(1.0);
            self.answered_average_tps += weight * (shown.answered_tps - self.answered_average_tps);
            self.admitted_average_tps += weight * (shown.admitted_tps - self.admitted_average_tps);
        }
        let answered_tps = shown.map_or(0.0, |shown| shown.answered_tps);
        self.answered_tps.push_back(answered_tps);
        if self.answered_tps.len() as f64 * period_s > HOLD_SECONDS.max(period_s) {
            self.answered_tps.pop_front();
        }
    }

    /// The starts whose calls the backend answers in a second, at its best of late; a start is at
    /// least one call.
    pub(super) fn starts_tps(&self) -> f64 {
        let calls = self.answered_average_tps / self.admitted_average_tps;
        // No start at all, or not a number where there was no answer either.
        let calls = if calls.is_finite() {
            calls.max(1.0)
        } else {
            1.0
        };
        self.answered_tps.iter().copied().fold(0.0, f64::max) / calls
    }
}
