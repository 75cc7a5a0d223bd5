//! Limiters: what stands in the integrator's place of admission, and is fed the same in every run.
//!
//! A call that got no answer is told to all of them as one that took the whole deadline, a refused
//! connection too. That is the service's own rule; it spares those that look at latency alone a
//! backend which seems fast because it is gone.
//!
//! Those that limit calls in flight count every call, whether or not it had to be admitted: a new
//! flow is let in while there is room beside the steps of flows that have begun.

mod aimd;
mod envoy;
mod fixed;
mod gradient2;
mod law;
mod none;

use std::fmt;
use std::time::Duration;

use super::plant::CallNumber;

pub use aimd::Aimd;
pub use envoy::Envoy;
pub use fixed::Fixed;
pub use gradient2::Gradient2;
pub use law::Controlled;
pub use none::Unlimited;

/// How a call ended, or that it did not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ended {
    /// Which call it was.
    pub call: CallNumber,
    /// When it was sent.
    pub sent: Duration,
    /// How long it took; the deadline, if it was not answered.
    pub took: Duration,
    /// Whether there was an answer.
    pub answered: bool,
    /// The calls in flight when it was sent, itself included.
    pub in_flight: usize,
}

/// Between how many calls in flight a limiter of those moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The least limit, with which it begins.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
}

impl Limits {
    fn keep(self, limit: f64) -> f64 {
        limit.max(self.least).min(self.greatest)
    }
}

/// What a limiter shows of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shown {
    /// Flows per second, where it limits a rate.
    pub rate_tps: Option<f64>,
    /// Calls in flight, where it limits those.
    pub concurrency: Option<f64>,
    /// What it takes the latency to be.
    pub latency_ms: Option<f64>,
}

/// Decides whether a call may be made.
pub trait Limiter: fmt::Debug {
    /// Admits a call, or says how long to wait before the next try.
    ///
    /// # Errors
    ///
    /// When the call is not admitted.
    fn admit(&mut self, now: Duration) -> Result<(), Duration>;

    /// A call leaves for the backend, whether or not it had to be admitted.
    fn sent(&mut self, now: Duration, call: CallNumber);

    /// A call ended.
    fn ended(&mut self, now: Duration, ended: Ended);

    /// What it shows.
    fn shows(&mut self, now: Duration) -> Shown;
}

/// The wait that a limiter tells which knows none: the least that `Retry-After` can say.
const LEAST_WAIT: Duration = Duration::from_secs(1);
