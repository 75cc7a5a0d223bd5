//! A limit that somebody wrote down after a load test.

use std::time::Duration;

use super::{CallNumber, Ended, Limiter, Shown};

/// A token bucket whose rate never changes.
#[derive(Clone, Copy, Debug)]
pub struct Fixed {
    rate_tps: f64,
    burst_tokens: f64,
    tokens: f64,
    filled: Duration,
}

impl Fixed {
    /// So many a second, and so many at once.
    pub fn new(rate_tps: f64, burst_tokens: f64) -> Self {
        Self {
            rate_tps,
            burst_tokens,
            tokens: burst_tokens,
            filled: Duration::ZERO,
        }
    }
}

impl Limiter for Fixed {
    fn admit(&mut self, now: Duration) -> Result<(), Duration> {
        let gained = now.saturating_sub(self.filled).as_secs_f64() * self.rate_tps;
        self.tokens = (self.tokens + gained).min(self.burst_tokens);
        self.filled = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - self.tokens) / self.rate_tps))
    }

    fn sent(&mut self, _now: Duration, _call: CallNumber) {}

    fn ended(&mut self, _now: Duration, _ended: Ended) {}

    fn shows(&mut self, _now: Duration) -> Shown {
        Shown {
            rate_tps: Some(self.rate_tps),
            ..Shown::default()
        }
    }
}
