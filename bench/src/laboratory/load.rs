//! How many new users come, and when.

use std::iter::{Copied, Peekable};
use std::slice;
use std::time::Duration;

use super::chance::{Chance, Stream};

/// New users come as a Poisson process whose rate changes from phase to phase, and in crowds.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    phases: Vec<Phase>,
    crowds: Vec<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Phase {
    until: Duration,
    users_per_s: f64,
}

impl Load {
    /// Phases in order: until when, and how many users a second.
    pub fn new(phases: impl IntoIterator<Item = (Duration, f64)>) -> Self {
        let phase = |(until, users_per_s)| Phase { until, users_per_s };
        Self {
            phases: phases.into_iter().map(phase).collect(),
            crowds: Vec::new(),
        }
    }

    /// The same, and at each of these moments, which are in order, so many users at once.
    #[must_use]
    pub fn with_crowds(self, moments: impl IntoIterator<Item = Duration>, of: usize) -> Self {
        let crowd = |moment| std::iter::repeat_n(moment, of);
        let crowds = moments.into_iter().flat_map(crowd).collect();
        Self { crowds, ..self }
    }

    /// When the last phase is over.
    pub fn ends_at(&self) -> Duration {
        self.phases
            .last()
            .map_or(Duration::ZERO, |phase| phase.until)
    }

    /// How many users a second come at this moment.
    pub fn at(&self, now: Duration) -> f64 {
        let phase = self.phases.iter().find(|phase| now < phase.until);
        phase.map_or(0.0, |phase| phase.users_per_s)
    }

    /// The arrivals of a run.
    pub fn arrivals(&self, seed: u64) -> Arrivals<'_> {
        let singles = Singles {
            phases: &self.phases,
            now: Duration::ZERO,
            chance: Chance::new(seed, Stream::Arrivals),
        };
        Arrivals {
            singles: singles.peekable(),
            crowds: self.crowds.iter().copied().peekable(),
        }
    }
}

/// The moments at which new users come.
#[derive(Debug)]
pub struct Arrivals<'a> {
    singles: Peekable<Singles<'a>>,
    crowds: Peekable<Copied<slice::Iter<'a, Duration>>>,
}

impl Iterator for Arrivals<'_> {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        match (self.singles.peek(), self.crowds.peek()) {
            (Some(single), Some(crowd)) if single <= crowd => self.singles.next(),
            (_, Some(_)) => self.crowds.next(),
            (_, None) => self.singles.next(),
        }
    }
}

/// Those who come by themselves.
#[derive(Debug)]
struct Singles<'a> {
    phases: &'a [Phase],
    now: Duration,
    chance: Chance,
}

impl Iterator for Singles<'_> {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        while let Some((phase, later)) = self.phases.split_first() {
            if phase.users_per_s > 0.0 {
                let mean = Duration::from_secs_f64(phase.users_per_s.recip());
                let next = self.now + self.chance.exponential(mean);
                if next < phase.until {
                    self.now = next;
                    return Some(next);
                }
            }
            // A Poisson process has no memory: what the next phase brings is drawn anew.
            self.now = phase.until;
            self.phases = later;
        }
        None
    }
}
