//! How much is really admitted: what the backend was shown, whatever the rate would allow.

use super::law::WINDOW_SECONDS;

/// The fewest starts that a rate is an average of: around each of them the average swings by a
/// tenth.
const WINDOW_STARTS: f64 = 5.0;

/// Admissions per second, averaged over the window.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Admitted {
    count: f64,
    average_tps: f64,
    /// The most that the average was since an answer came or nothing was asked.
    most_tps: f64,
}

impl Admitted {
    pub(super) fn one(&mut self) {
        self.count += 1.0;
    }

    /// Takes one out again, of an earlier period too: the count may then fall below zero.
    pub(super) fn give_back(&mut self) {
        self.count -= 1.0;
    }

    /// Ends a period in which that rate was in force.
    pub(super) fn end_period(&mut self, period_s: f64, rate_tps: f64) {
        let window_s = WINDOW_SECONDS.max(WINDOW_STARTS / rate_tps);
        let tps = std::mem::take(&mut self.count) / period_s;
        let weight = (period_s / window_s).min(1.0);
        self.average_tps = (1.0 - weight) * self.average_tps + weight * tps;
        self.most_tps = self.most_tps.max(self.average_tps);
    }

    /// What was admitted since it was last taken, at the rate in force: an answer that comes long
    /// after its start meets an average that has fallen since. A burst of saved tokens is no rate
    /// that lasts, and does not count beyond it.
    pub(super) fn take_most(&mut self, rate_tps: f64) -> f64 {
        std::mem::take(&mut self.most_tps).clamp(0.0, rate_tps)
    }
}
