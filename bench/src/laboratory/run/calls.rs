//! Calls: admitted or not, sent, and ended by an answer, by the deadline or by a reset.

use std::time::Duration;

use super::{Call, DEADLINE, Event, Scope, World};
use crate::laboratory::limiter::Ended;
use crate::laboratory::plant::Arrival;

impl World<'_> {
    /// Past the gate, if it opens, and on to the backend.
    pub(super) fn pass_gate(&mut self, number: usize, step: usize) {
        let is_guarded = step == 0 || self.setting.scope == Scope::AllSteps;
        let admitted = if is_guarded {
            self.limiter.admit(self.now)
        } else {
            Ok(())
        };
        match admitted {
            Ok(()) => self.send(number, step),
            Err(wait) => {
                self.record.counts.refused += 1;
                self.record.open.refused += 1;
                // Whole seconds, and at least one: the reply's header can say nothing else.
                let told = wait.as_secs_f64().ceil().max(1.0);
                self.wait(number, Some(Duration::from_secs_f64(told)));
            }
        }
    }

    fn send(&mut self, user: usize, step: usize) {
        let call = self.calls.len();
        self.in_flight += 1;
        self.record.counts.calls += 1;
        self.calls.push(Call {
            user,
            step,
            sent: self.now,
            in_flight: self.in_flight,
            open: true,
        });
        if let Some(user) = self.users.get_mut(user) {
            user.call = Some(call);
        }
        self.limiter.sent(self.now, call);
        match self.backend.arrive(self.now, call) {
            Arrival::Taken => self.agenda.put(self.now + DEADLINE, Event::Deadline(call)),
            Arrival::Refused => self.reset(call),
        }
    }

    pub(super) fn time_out(&mut self, call: usize) {
        if self.end(call, false) {
            self.record.counts.timed_out += 1;
        }
    }

    pub(super) fn reset(&mut self, call: usize) {
        if self.end(call, false) {
            self.record.counts.reset += 1;
        }
    }

    pub(super) fn answer(&mut self, call: usize) {
        if self.end(call, true) {
            self.record.counts.answered += 1;
        } else {
            self.record.counts.wasted += 1;
        }
    }

    /// Ends a call that is still open; whether it was.
    fn end(&mut self, number: usize, answered: bool) -> bool {
        let Some(call) = self.calls.get_mut(number).filter(|call| call.open) else {
            return false;
        };
        call.open = false;
        self.in_flight -= 1;
        let (user, step) = (call.user, call.step);
        let took = if answered {
            self.now - call.sent
        } else {
            DEADLINE
        };
        let ended = Ended {
            call: number,
            sent: call.sent,
            took,
            answered,
            in_flight: call.in_flight,
        };
        self.limiter.ended(self.now, ended);
        let latency_ms = took.as_secs_f64() * 1e3;
        self.record.latencies.push((self.now, latency_ms));
        self.record.open.ended += 1;
        self.record.open.latency_ms += latency_ms;
        self.record.open.unanswered += u64::from(!answered);
        self.tell(number, user, step, answered);
        true
    }
}
