//! No limit.

use std::time::Duration;

use super::{CallNumber, Ended, Limiter, Shown};

/// Admits everything.
#[derive(Clone, Copy, Debug)]
pub struct Unlimited;

impl Limiter for Unlimited {
    fn admit(&mut self, _now: Duration) -> Result<(), Duration> {
        Ok(())
    }

    fn sent(&mut self, _now: Duration, _call: CallNumber) {}

    fn ended(&mut self, _now: Duration, _ended: Ended) {}

    fn shows(&mut self, _now: Duration) -> Shown {
        Shown::default()
    }
}
