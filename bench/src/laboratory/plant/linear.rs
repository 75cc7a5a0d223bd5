//! A plant whose latency grows with what it holds, as one that shares itself among all its calls.

use std::time::Duration;

use super::{CallNumber, Full, Plant, Service};
use crate::laboratory::agenda::Agenda;

/// The latency of a call is the time it takes alone, and a little more for each call that is there.
#[derive(Debug)]
pub struct Linear {
    service: Service,
    growth: f64,
    ends: Agenda<CallNumber>,
}

impl Linear {
    /// `growth`: the part of its own time by which each call that is there slows another.
    pub fn new(service: Service, growth: f64) -> Self {
        Self {
            service,
            growth,
            ends: Agenda::default(),
        }
    }
}

impl Plant for Linear {
    fn arrive(&mut self, now: Duration, call: CallNumber, slowness: f64) -> Result<(), Full> {
        let others = self.ends.len() as f64;
        let stretched = slowness * self.growth.mul_add(others, 1.0);
        self.ends.put(now + self.service.draw(stretched), call);
        Ok(())
    }

    fn next_at(&self) -> Option<Duration> {
        self.ends.next_at()
    }

    fn end(&mut self, _slowness: f64) -> Option<CallNumber> {
        self.ends.take().map(|(_, call)| call)
    }

    fn holds(&self) -> usize {
        self.ends.len()
    }

    fn crash(&mut self) -> Vec<CallNumber> {
        self.ends.clear()
    }
}
