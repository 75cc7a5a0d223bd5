//! Netflix's gradient limiter: the calls in flight follow the ratio of long-term to present
//! latency.
//!
//! After `Gradient2Limit` of Netflix's concurrency-limits 0.5.4, commit `39c74f7ef47f`, fed by its
//! `WindowedLimit` with averages over one second
//! (`concurrency-limits-core/src/main/java/com/netflix/concurrency/limits/limit/`), with the default
//! parameters of both. A window counts calls that were dropped as it counts others.

use std::time::Duration;

use super::{CallNumber, Ended, LEAST_WAIT, Limiter, Limits, Shown};

/// It begins at the least.
const LIMITS: Limits = Limits {
    least: 20.0,
    greatest: 200.0,
};
const SMOOTHING: f64 = 0.2;
const QUEUE: f64 = 4.0;
/// How many times the long-term latency the present one may be without harm.
const TOLERANCE: f64 = 1.5;
/// What the long-term latency is cut to, with each window in which it is over twice the present.
const DRIFT: f64 = 0.95;
/// Windows that the long-term latency remembers, and those of which it is the plain mean.
const LONG_WINDOWS: f64 = 600.0;
const WARM_UP: u32 = 10;
/// How long a window is, and how many calls it needs to count.
const WINDOW: Duration = Duration::from_secs(1);
const WINDOW_CALLS: usize = 10;

/// The limiter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gradient2 {
    limit: Limit,
    window: Window,
    /// When the window that is open may be closed.
    closes: Duration,
    in_flight: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Window {
    calls: usize,
    sum_s: f64,
    in_flight_max: usize,
}

#[derive(Clone, Copy, Debug)]
struct Limit {
    limits: Limits,
    estimated: f64,
    long_s: f64,
    /// The sum of the windows of the warm-up, which a cut of their mean does not touch.
    warm_up_s: f64,
    windows: u32,
}

impl Default for Limit {
    fn default() -> Self {
        Self::between(LIMITS)
    }
}

impl Gradient2 {
    /// As published, but for its limits.
    pub fn within(limits: Limits) -> Self {
        Self {
            limit: Limit::between(limits),
            ..Self::default()
        }
    }
}

impl Limit {
    fn between(limits: Limits) -> Self {
        Self {
            limits,
            estimated: limits.least,
            long_s: 0.0,
            warm_up_s: 0.0,
            windows: 0,
        }
    }

    fn remember(&mut self, short_s: f64) {
        if self.windows < WARM_UP {
            self.windows += 1;
            self.warm_up_s += short_s;
            self.long_s = self.warm_up_s / f64::from(self.windows);
        } else {
            self.long_s += (short_s - self.long_s) * 2.0 / (LONG_WINDOWS + 1.0);
        }
    }

    fn update(&mut self, short_s: f64, in_flight: usize) {
        self.remember(short_s);
        let long_s = self.long_s;
        if long_s / short_s > 2.0 {
            self.long_s *= DRIFT;
        }
        if (in_flight as f64) < self.estimated / 2.0 {
            return;
        }
        let gradient = (TOLERANCE * long_s / short_s).clamp(0.5, 1.0);
        let wanted = self.estimated * gradient + QUEUE;
        let smoothed = self.estimated * (1.0 - SMOOTHING) + wanted * SMOOTHING;
        self.estimated = self.limits.keep(smoothed);
    }
}

impl Limiter for Gradient2 {
    fn admit(&mut self, _now: Duration) -> Result<(), Duration> {
        if (self.in_flight as f64) < self.limit.estimated.floor() {
            Ok(())
        } else {
            Err(LEAST_WAIT)
        }
    }

    fn sent(&mut self, _now: Duration, _call: CallNumber) {
        self.in_flight += 1;
    }

    fn ended(&mut self, now: Duration, ended: Ended) {
        self.in_flight -= 1;
        self.window.calls += 1;
        self.window.sum_s += ended.took.as_secs_f64();
        self.window.in_flight_max = self.window.in_flight_max.max(ended.in_flight);
        if now > self.closes {
            let window = std::mem::take(&mut self.window);
            self.closes = now + WINDOW;
            if window.calls >= WINDOW_CALLS {
                let mean_s = window.sum_s / window.calls as f64;
                self.limit.update(mean_s, window.in_flight_max);
            }
        }
    }

    fn shows(&mut self, _now: Duration) -> Shown {
        Shown {
            concurrency: Some(self.limit.estimated),
            latency_ms: (self.limit.windows > 0).then_some(self.limit.long_s * 1e3),
            ..Shown::default()
        }
    }
}
