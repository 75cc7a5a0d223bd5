//! How the reference learns what the backend bears.

use super::Reference;

impl Reference {
    /// The starts a second that the backend answers, by the calls of a start so far.
    fn worked_off(&self, h: f64) -> f64 {
        let ages = (1..).map(|age| f64::from(age) * h);
        let latest = self.answered_seconds.iter().rev().zip(ages);
        let held = latest.take_while(|(_, age)| *age <= 2.0_f64.max(h));
        let most = held.map(|(answered, _)| *answered).fold(0.0, f64::max);
        let calls = self.answered_average / self.started_average;
        most / if calls.is_finite() {
            calls.max(1.0)
        } else {
            1.0
        }
    }

    fn remember(&mut self, i: f64, bears: f64, e: f64) {
        if e < 0.0 && !self.slow {
            if i >= self.borne {
                self.borne = bears.min(i);
            } else if self.climbed {
                self.borne = bears.min(i).max(0.85 * self.borne);
            }
            self.climbed = false;
        }
        self.slow = e < 0.0;
    }

    pub(super) fn integrate(&mut self, before: f64, a: f64, h: f64) -> f64 {
        let (e, ki, target) = (self.error, self.options.gains.ki, self.options.target_ms);
        let mut i = before;
        let up = h.max((1.0 / self.rate).min(5.0));
        let binds = a >= 0.8 * self.rate;
        let bears = 0.85 * self.worked_off(h);
        self.remember(i, bears, e);
        if e < 0.0 {
            i += i / 200.0 * ki * e.max(-target) * h;
        } else if binds {
            i += i / 200.0 * ki * e * up;
        }
        if e > 0.0 && a > i {
            i += (up / 5.0).min(1.0) * (a - i);
        } else if e > 0.0 && (2.0 * a).max(5.0) < i {
            i += (h / 10.0).min(1.0) * ((2.0 * a).max(5.0) - i);
        } else if e < 0.0 && binds && bears.max(5.0) < i {
            i += (h / 0.5).min(1.0) * (bears.max(5.0) - i);
        }
        if e > target / 2.0 && binds && i < self.borne {
            self.climbed = true;
            i += (up / 0.5).min(1.0) * (self.borne - i);
        }
        i
    }
}
