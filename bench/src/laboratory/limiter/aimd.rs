//! Additive increase, multiplicative decrease, of the calls in flight.
//!
//! After `AIMDLimit` of Netflix's concurrency-limits 0.5.4, commit `39c74f7ef47f`
//! (`concurrency-limits-core/src/main/java/com/netflix/concurrency/limits/limit/AIMDLimit.java`),
//! with its default parameters.

use std::time::Duration;

use super::{CallNumber, Ended, LEAST_WAIT, Limiter, Limits, Shown};

/// It begins at the least.
const LIMITS: Limits = Limits {
    least: 20.0,
    greatest: 200.0,
};
const BACKOFF_RATIO: f64 = 0.9;
const TIMEOUT: Duration = Duration::from_secs(5);

/// The limit grows by one with each answer while half of it is used, and shrinks by a tenth with
/// each call that was lost or took too long.
#[derive(Clone, Copy, Debug)]
pub struct Aimd {
    timeout: Duration,
    limits: Limits,
    limit: f64,
    in_flight: usize,
}

impl Aimd {
    /// As published: a call took too long after 5 s.
    pub fn published() -> Self {
        Self::too_long_after(TIMEOUT)
    }

    /// As published, but for the time after which a call took too long.
    pub fn too_long_after(timeout: Duration) -> Self {
        Self {
            timeout,
            limits: LIMITS,
            limit: LIMITS.least,
            in_flight: 0,
        }
    }

    /// The same between other limits.
    #[must_use]
    pub fn within(self, limits: Limits) -> Self {
        let limit = limits.least;
        Self {
            limits,
            limit,
            ..self
        }
    }
}

impl Limiter for Aimd {
    fn admit(&mut self, _now: Duration) -> Result<(), Duration> {
        if (self.in_flight as f64) < self.limit {
            Ok(())
        } else {
            Err(LEAST_WAIT)
        }
    }

    fn sent(&mut self, _now: Duration, _call: CallNumber) {
        self.in_flight += 1;
    }

    fn ended(&mut self, _now: Duration, ended: Ended) {
        self.in_flight -= 1;
        if !ended.answered || ended.took > self.timeout {
            self.limit = (self.limit * BACKOFF_RATIO).floor();
        } else if ended.in_flight as f64 * 2.0 >= self.limit {
            self.limit += 1.0;
        }
        self.limit = self.limits.keep(self.limit);
    }

    fn shows(&mut self, _now: Duration) -> Shown {
        Shown {
            concurrency: Some(self.limit),
            ..Shown::default()
        }
    }
}
