//! Users: they come, try a step, are told what became of it, and go on, come back or give up.

use std::time::Duration;

use super::{DEADLINE, Event, STEPS, Setting, World};
use crate::laboratory::clients::User;
use crate::laboratory::record::Begun;

impl World<'_> {
    pub(super) fn arrive(&mut self) {
        let number = self.users.len();
        let Setting { clients, seed, .. } = self.setting;
        let user = User::new(clients, *seed, number, self.now);
        self.users.push(user);
        self.record.open.arrived += 1;
        self.try_step(number);
    }

    pub(super) fn try_step(&mut self, number: usize) {
        let Some(user) = self.users.get_mut(number) else {
            return;
        };
        user.begin_try(self.now);
        self.record.counts.tries += 1;
        self.record.open.start_tries += u64::from(user.step == 0);
        let patience = self.setting.clients.patience;
        if patience < DEADLINE {
            let attempt = user.attempt;
            let leaves = Event::Leaves {
                user: number,
                attempt,
            };
            self.agenda.put(self.now + patience, leaves);
        }
        let step = user.step;
        if user.answered {
            self.record.counts.without_call += 1;
            self.advance(number);
        } else if user.call.is_some() {
            self.record.counts.without_call += 1;
        } else {
            self.pass_gate(number, step);
        }
    }

    pub(super) fn leave(&mut self, number: usize, attempt: u32) {
        let Some(user) = self.users.get_mut(number) else {
            return;
        };
        if user.attempt != attempt || !user.waiting {
            return;
        }
        if user.step == 0 {
            // A start without a key that is tried again begins another flow.
            user.call = None;
        }
        self.wait(number, None);
    }

    /// What the end of a call means to the user whose step it was.
    pub(super) fn tell(&mut self, call: usize, number: usize, step: usize, answered: bool) {
        if answered && step == 0 {
            self.begin(call, number);
        }
        let Some(user) = self
            .users
            .get_mut(number)
            .filter(|user| user.call == Some(call))
        else {
            return;
        };
        user.call = None;
        match (answered, user.waiting) {
            (true, true) => self.advance(number),
            (true, false) => user.answered = true,
            (false, true) => self.wait(number, None),
            (false, false) => {}
        }
    }

    fn begin(&mut self, call: usize, number: usize) {
        self.record.open.started += 1;
        let flow = self.record.begun.len();
        let user = self.users.get_mut(number);
        // An answer that comes after its client has left begins a flow that nobody knows.
        if let Some(user) = user.filter(|user| user.call == Some(call)) {
            user.flow = Some(flow);
        }
        self.record.begun.push(Begun {
            at: self.now,
            finished: None,
        });
    }

    fn advance(&mut self, number: usize) {
        let Some(user) = self.users.get_mut(number) else {
            return;
        };
        let thinks = user.advance(&self.setting.clients);
        if user.step < STEPS {
            self.agenda.put(self.now + thinks, Event::Tries(number));
            return;
        }
        let flow = user.flow;
        self.record.open.finished += 1;
        if let Some(begun) = flow.and_then(|flow| self.record.begun.get_mut(flow)) {
            begun.finished = Some(self.now);
        }
    }

    pub(super) fn wait(&mut self, number: usize, retry_after: Option<Duration>) {
        let Some(user) = self.users.get_mut(number) else {
            return;
        };
        match user.wait(&self.setting.clients, self.now, retry_after) {
            Some(wait) => self.agenda.put(self.now + wait, Event::Tries(number)),
            None => self.record.counts.given_up += 1,
        }
    }
}
