//! A plant, and the troubles that befall it.

use std::time::Duration;

use super::{CallNumber, Plant};
use crate::laboratory::chance::{Chance, Stream};

/// What goes wrong for a while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trouble {
    /// It is gone: connections are refused, and what it held is reset.
    Refuses,
    /// It takes calls and never answers them; what it held is never answered either.
    Hangs,
    /// Work takes this many times as long.
    Slow(f64),
    /// This share of the calls is taken and never answered; the others are, as ever.
    Loses(f64),
}

/// A trouble with its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Disturbance {
    /// When it begins.
    pub from: Duration,
    /// When it is over.
    pub until: Duration,
    /// What it is.
    pub trouble: Trouble,
}

/// What becomes of a call that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It may be answered.
    Taken,
    /// It is refused at once.
    Refused,
}

/// The backend of a run.
#[derive(Debug)]
pub struct Backend {
    plant: Box<dyn Plant>,
    disturbances: Vec<Disturbance>,
    losses: Chance,
}

impl Backend {
    /// A plant with its troubles; what it loses comes from the run's seed.
    pub fn new(plant: Box<dyn Plant>, disturbances: Vec<Disturbance>, seed: u64) -> Self {
        Self {
            plant,
            disturbances,
            losses: Chance::new(seed, Stream::Losses),
        }
    }

    /// When its troubles begin.
    pub fn troubles_at(&self) -> impl Iterator<Item = Duration> {
        self.disturbances.iter().map(|disturbance| disturbance.from)
    }

    /// Begins a trouble; tells the calls whose callers learn at once that they are lost.
    pub fn trouble_begins(&mut self, now: Duration) -> Vec<CallNumber> {
        match self.trouble(now) {
            Some(Trouble::Refuses) => self.plant.crash(),
            Some(Trouble::Hangs) => {
                self.plant.crash();
                Vec::new()
            }
            Some(Trouble::Slow(_) | Trouble::Loses(_)) | None => Vec::new(),
        }
    }

    /// Gives it a call.
    pub fn arrive(&mut self, now: Duration, call: CallNumber) -> Arrival {
        match self.trouble(now) {
            Some(Trouble::Refuses) => Arrival::Refused,
            Some(Trouble::Hangs) => Arrival::Taken,
            Some(Trouble::Loses(share)) if self.losses.uniform() < share => Arrival::Taken,
            Some(Trouble::Slow(_) | Trouble::Loses(_)) | None => {
                let slowness = self.slowness(now);
                match self.plant.arrive(now, call, slowness) {
                    Ok(()) => Arrival::Taken,
                    Err(super::Full) => Arrival::Refused,
                }
            }
        }
    }

    /// When the next call is answered.
    pub fn next_at(&self) -> Option<Duration> {
        self.plant.next_at()
    }

    /// Answers the next call, which is due `now`.
    pub fn answer(&mut self, now: Duration) -> Option<CallNumber> {
        let slowness = self.slowness(now);
        self.plant.end(slowness)
    }

    /// How many calls it holds, those included whose callers have left.
    pub fn holds(&self) -> usize {
        self.plant.holds()
    }

    fn slowness(&self, now: Duration) -> f64 {
        match self.trouble(now) {
            Some(Trouble::Slow(times)) => times,
            Some(Trouble::Refuses | Trouble::Hangs | Trouble::Loses(_)) | None => 1.0,
        }
    }

    fn trouble(&self, now: Duration) -> Option<Trouble> {
        let now_in =
            |disturbance: &&Disturbance| (disturbance.from..disturbance.until).contains(&now);
        let disturbance = self.disturbances.iter().find(now_in)?;
        Some(disturbance.trouble)
    }
}
