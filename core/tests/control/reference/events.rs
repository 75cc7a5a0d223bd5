//! What the reference makes of each event.

use std::time::Duration;

use integrator_core::control::law::Options;
use proptest::prelude::*;

use super::{Reference, Remembered};
use crate::world::{DEADLINE, Event};

impl Reference {
    pub(crate) fn happen(&mut self, pause: Duration, event: &Event) {
        self.pass(self.now + pause);
        match event {
            Event::Start => {
                if self.admit() {
                    self.send();
                }
            }
            Event::Unused => self.unused += u32::from(self.admit()),
            Event::GiveBack => {
                if self.unused > 0 {
                    self.unused -= 1;
                    self.tokens = (self.tokens + 1.0).min(self.burst() + self.lent);
                    self.admitted -= 1.0;
                }
            }
            Event::Step => self.send(),
            Event::Answer(index) => {
                if let Some(call) = self.take(index) {
                    let took = (self.now - call.sent).as_secs_f64() * 1e3;
                    self.answered(took);
                }
            }
            Event::Fail(index) => {
                if let Some(call) = self.take(index) {
                    let lost = DEADLINE.max(self.now - call.sent).as_secs_f64() * 1e3;
                    if lost >= self.options.target_ms {
                        self.failures_in_a_row += 1;
                        self.first_answer_may_be_old = false;
                    }
                    self.quick.clear();
                    self.end();
                    self.sample(lost.min(5.0 * self.options.target_ms));
                }
            }
            Event::Forget(index) => drop(self.take(index)),
            Event::Ceiling(tps) => {
                let Options {
                    rate_min_tps,
                    rate_max_tps,
                    ..
                } = self.options;
                self.ceiling = tps.clamp(rate_min_tps, rate_max_tps);
                self.integral = self.integral.min(self.ceiling);
                self.rate = self.rate.min(self.ceiling);
                self.lend();
                self.tokens = self.tokens.min(self.burst() + self.lent);
            }
        }
    }

    fn admit(&mut self) -> bool {
        let there_is_one = self.tokens >= 1.0 - 1e-9;
        if there_is_one {
            self.tokens = (self.tokens - 1.0).max(0.0);
            self.admitted += 1.0;
        } else {
            self.refused = true;
            self.lend();
        }
        there_is_one
    }

    fn send(&mut self) {
        self.calls.push(Remembered {
            sent: self.now,
            old: false,
        });
    }

    /// A call that ends, unless it is too old to tell anything.
    fn take(&mut self, index: &prop::sample::Index) -> Option<Remembered> {
        if self.calls.is_empty() {
            return None;
        }
        let call = self.calls.remove(index.index(self.calls.len()));
        (!call.old).then_some(call)
    }

    /// One more call of the period has ended.
    fn end(&mut self) {
        if let Some([_, ended, _]) = self.spans.last_mut() {
            *ended += 1.0;
        }
    }

    fn answered(&mut self, took: f64) {
        let target = self.options.target_ms;
        self.end();
        if let Some([_, _, answered]) = self.spans.last_mut() {
            *answered += 1.0;
        }
        self.quick.push(took);
        if took >= target {
            self.quick.clear();
        }
        let back = self.failures_in_a_row >= 3;
        let shut = self.rate <= 2.0 * self.options.rate_min_tps;
        let largest = self.quick.iter().copied().fold(target / 2.0, f64::max);
        let slow = self.ewma.is_some_and(|ewma| ewma > largest);
        if back {
            self.calls.iter_mut().for_each(|call| call.old = true);
            self.spans = vec![[0.0, 1.0, 1.0]];
        }
        let seed = if back || self.first_answer_may_be_old {
            Some(took)
        } else if shut && slow && self.quick.len() >= 3 {
            self.quick.iter().copied().reduce(f64::max)
        } else {
            None
        };
        if seed.is_some() {
            self.ewma = None;
            self.averages.clear();
            self.note("anew");
        }
        self.first_answer_may_be_old = back;
        self.failures_in_a_row = 0;
        self.note("answers");
        self.sample(seed.unwrap_or(took));
    }

    fn sample(&mut self, ms: f64) {
        let alpha = self.options.ewma_alpha;
        let average = self.ewma.map_or(ms, |ewma| ewma + alpha * (ms - ewma));
        self.ewma = Some(average);
        self.averages.push(average);
        self.note("samples");
    }
}
