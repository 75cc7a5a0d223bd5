//! The actuator: a token bucket whose rate may change.
//!
//! One token admits one call. Tokens come at the rate in force, so whoever changes the rate
//! first lets the old one count up to that moment.

use std::time::Duration;

/// How much of a token may be missing from a whole one: rounding of the sums, no more.
///
/// At the lowest rate of the configuration (0.01 tps) it is worth 100 ns.
pub const TOLERANCE_TOKENS: f64 = 1e-9;

/// The longest that is paid off, in seconds of the rate: a gate that closes soon has probes.
const DEBT_SECONDS: f64 = 0.5;

/// Tokens, the rate at which they come, and how many may be saved.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    rate_tps: f64,
    burst_tokens: f64,
    tokens: f64,
    counted: Duration,
}

impl Bucket {
    /// A full bucket.
    #[must_use]
    pub fn new(rate_tps: f64, burst_tokens: f64, now: Duration) -> Self {
        Self {
            rate_tps,
            burst_tokens,
            tokens: burst_tokens,
            counted: now,
        }
    }

    /// Takes a token, or tells in how long there is one at this rate if nobody else takes it.
    ///
    /// # Errors
    ///
    /// The time to wait; taking then succeeds.
    pub fn take(&mut self, now: Duration) -> Result<(), Duration> {
        self.count(now);
        let missing = 1.0 - self.tokens;
        if missing > TOLERANCE_TOKENS {
            return Err(wait(missing, self.rate_tps));
        }
        self.tokens = (self.tokens - 1.0).max(0.0);
        Ok(())
    }

    /// Puts a token back that was taken and not used; a full bucket stays full.
    pub fn give_back(&mut self, now: Duration) {
        self.count(now);
        self.tokens = (self.tokens + 1.0).min(self.burst_tokens);
    }

    /// Changes the rate and the burst from `now` on; what is saved beyond the burst is lost.
    pub fn change(&mut self, now: Duration, rate_tps: f64, burst_tokens: f64) {
        self.count(now);
        self.rate_tps = rate_tps;
        self.burst_tokens = burst_tokens;
        self.tokens = self.tokens.max(-rate_tps * DEBT_SECONDS);
    }

    /// Takes back tokens that were lent: where they are spent, the next ones pay for them.
    pub fn take_back(&mut self, now: Duration, tokens: f64) {
        self.count(now);
        self.tokens = (self.tokens - tokens).max(-self.rate_tps * DEBT_SECONDS);
    }

    /// The tokens at that time.
    #[must_use]
    pub fn tokens(&self, now: Duration) -> f64 {
        self.balance(now).max(0.0)
    }

    /// The tokens, less than none while some have to be paid off.
    fn balance(&self, now: Duration) -> f64 {
        let elapsed = now.saturating_sub(self.counted).as_secs_f64();
        (self.tokens + self.rate_tps * elapsed).min(self.burst_tokens)
    }

    fn count(&mut self, now: Duration) {
        self.tokens = self.balance(now);
        self.counted = self.counted.max(now);
    }
}

fn wait(missing_tokens: f64, rate_tps: f64) -> Duration {
    // A conversion rounds to the nearest nanosecond, and half of one too early is too early. But
    // a nanosecond for the dust of sums would be a whole second to those who are told seconds.
    let missing_tokens = missing_tokens - TOLERANCE_TOKENS / 2.0;
    let nanoseconds = (missing_tokens / rate_tps * 1e9).ceil();
    Duration::try_from_secs_f64(nanoseconds / 1e9).unwrap_or(Duration::MAX)
}
