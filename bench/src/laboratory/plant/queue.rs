//! A queue before a fixed number of workers, which may slow down when too much waits.

use std::collections::VecDeque;
use std::time::Duration;

use super::{CallNumber, Full, Plant, Service};
use crate::laboratory::agenda::Agenda;

/// Beyond how many calls work slows, as it does when memory, caches or locks run short.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knee {
    /// The calls that are held without harm. With twice as many, work takes twice as long.
    pub calls: usize,
    /// How many times as long work takes at worst.
    pub slowest: f64,
}

/// First come, first served; a call whose caller has left is worked on all the same.
#[derive(Debug)]
pub struct Queue {
    workers: usize,
    most: usize,
    service: Service,
    knee: Option<Knee>,
    working: Agenda<CallNumber>,
    waiting: VecDeque<CallNumber>,
}

impl Queue {
    /// A queue of at most `most` calls, those that are worked on included.
    pub fn new(workers: usize, most: usize, service: Service) -> Self {
        Self {
            workers,
            most,
            service,
            knee: None,
            working: Agenda::default(),
            waiting: VecDeque::new(),
        }
    }

    /// The same, but slower beyond a knee.
    #[must_use]
    pub fn with_knee(mut self, knee: Knee) -> Self {
        self.knee = Some(knee);
        self
    }

    fn begin(&mut self, now: Duration, call: CallNumber, slowness: f64) {
        // The call itself is in neither place at this moment.
        let held = self.holds() + 1;
        let crowding = self.knee.map_or(1.0, |knee| {
            (held as f64 / knee.calls as f64).clamp(1.0, knee.slowest)
        });
        let takes = self.service.draw(slowness * crowding);
        self.working.put(now + takes, call);
    }
}

impl Plant for Queue {
    fn arrive(&mut self, now: Duration, call: CallNumber, slowness: f64) -> Result<(), Full> {
        if self.holds() >= self.most {
            return Err(Full);
        }
        if self.working.len() < self.workers {
            self.begin(now, call, slowness);
        } else {
            self.waiting.push_back(call);
        }
        Ok(())
    }

    fn next_at(&self) -> Option<Duration> {
        self.working.next_at()
    }

    fn end(&mut self, slowness: f64) -> Option<CallNumber> {
        let (now, ended) = self.working.take()?;
        if let Some(next) = self.waiting.pop_front() {
            self.begin(now, next, slowness);
        }
        Some(ended)
    }

    fn holds(&self) -> usize {
        self.working.len() + self.waiting.len()
    }

    fn crash(&mut self) -> Vec<CallNumber> {
        let mut lost = self.working.clear();
        lost.extend(self.waiting.drain(..));
        lost
    }
}
