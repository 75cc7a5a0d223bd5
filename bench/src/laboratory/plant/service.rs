//! How long the work on one call takes.

use std::time::Duration;

use crate::laboratory::chance::{Chance, Stream};

/// How times vary around their mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Jitter {
    /// Not at all.
    None,
    /// As the theory of queues likes it: any moment is as likely to be the end.
    Exponential,
    /// Lognormal with this coefficient of variation, as times of real services are.
    Lognormal(f64),
}

/// Draws service times.
#[derive(Debug)]
pub struct Service {
    mean: Duration,
    jitter: Jitter,
    chance: Chance,
}

impl Service {
    /// Times around a mean.
    pub fn new(mean: Duration, jitter: Jitter, seed: u64) -> Self {
        let chance = Chance::new(seed, Stream::Service);
        Self {
            mean,
            jitter,
            chance,
        }
    }

    /// One time, stretched.
    pub fn draw(&mut self, stretched: f64) -> Duration {
        let drawn = match self.jitter {
            Jitter::None => self.mean,
            Jitter::Exponential => self.chance.exponential(self.mean),
            Jitter::Lognormal(variation) => self.chance.lognormal(self.mean, variation),
        };
        drawn.mul_f64(stretched)
    }
}
