//! Randomness from a seed. Whatever draws has a stream of its own, so that users arrive and behave
//! alike whichever limiter they meet.

use std::time::Duration;

use rand::SeedableRng;
use rand_distr::{Distribution, Exp1, StandardNormal, StandardUniform};
use rand_pcg::Pcg32;

/// Whose draws these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// When new users come.
    Arrivals,
    /// How long the backend works on a call.
    Service,
    /// What a limiter draws for itself.
    Limiter,
    /// Which calls are lost.
    Losses,
    /// What the user of this number draws.
    User(usize),
}

/// One stream of random numbers, the same for the same seed on one platform.
#[derive(Clone, Debug)]
pub struct Chance(Pcg32);

impl Chance {
    /// The stream of a run's seed.
    pub fn new(seed: u64, stream: Stream) -> Self {
        let number = match stream {
            Stream::Arrivals => 0,
            Stream::Service => 1,
            Stream::Limiter => 2,
            Stream::Losses => u64::MAX,
            Stream::User(user) => 3_u64.saturating_add(u64::try_from(user).unwrap_or(u64::MAX)),
        };
        // Odd multipliers keep neighbouring seeds and streams apart; seeding itself scatters bits.
        let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)
            ^ number.wrapping_mul(0xd1b5_4a32_d192_ed03).rotate_left(32);
        Self(Pcg32::seed_from_u64(mixed))
    }

    /// A number from 0 up to 1, all alike.
    pub fn uniform(&mut self) -> f64 {
        StandardUniform.sample(&mut self.0)
    }

    /// A time from `least` up to `most`, all alike.
    pub fn between(&mut self, least: Duration, most: Duration) -> Duration {
        least + most.saturating_sub(least).mul_f64(self.uniform())
    }

    /// A time that is as likely to end at any moment, with this mean.
    pub fn exponential(&mut self, mean: Duration) -> Duration {
        let drawn: f64 = Exp1.sample(&mut self.0);
        mean.mul_f64(drawn)
    }

    /// A lognormal time with this mean and coefficient of variation.
    pub fn lognormal(&mut self, mean: Duration, variation: f64) -> Duration {
        let variance = variation.mul_add(variation, 1.0).ln();
        let drawn: f64 = StandardNormal.sample(&mut self.0);
        mean.mul_f64(variance.sqrt().mul_add(drawn, -variance / 2.0).exp())
    }
}
