//! Envoy's gradient limiter: the calls in flight follow the ratio of the least latency, which is
//! measured anew from time to time with almost no calls in flight, to the present one.
//!
//! After the gradient controller of the adaptive concurrency filter
//! (`source/extensions/filters/http/adaptive_concurrency/controller/gradient_controller.cc`, commit
//! `054694f90329`), with its default parameters; the two that have none (how often each latency is
//! measured) are those of the example in its documentation. In Envoy it guards every request.

use std::time::Duration;

use super::{CallNumber, Ended, LEAST_WAIT, Limiter, Limits, Shown};
use crate::laboratory::chance::{Chance, Stream};
use crate::laboratory::figures::quantile;

/// How often the limit is adapted, and how often the least latency is measured.
const UPDATE_INTERVAL: Duration = Duration::from_millis(100);
const MIN_RTT_INTERVAL: Duration = Duration::from_secs(60);
/// The part of that interval by which it is lengthened at random.
const JITTER: f64 = 0.15;
/// The calls that measure the least latency, and how many of them may be in flight.
const MIN_RTT_CALLS: usize = 50;
/// It begins at the least, and measures the least latency there.
const LIMITS: Limits = Limits {
    least: 3.0,
    greatest: 1000.0,
};
/// What is added to the least latency for its natural variation.
const BUFFER: f64 = 0.25;
/// Updates in a row at the lowest limit after which the least latency is measured anew.
const UPDATES_AT_MIN: u32 = 5;

/// The limiter.
#[derive(Clone, Debug)]
pub struct Envoy {
    chance: Chance,
    limits: Limits,
    limit: f64,
    in_flight: usize,
    samples_s: Vec<f64>,
    min_rtt_s: f64,
    updates_at_min: u32,
    /// When the last measurement of the least latency began; calls sent before it count no more.
    since: Duration,
    phase: Phase,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// The least latency is being measured; the limit after it.
    Measuring { limit: f64 },
    /// The limit is adapted; when next, and when the least latency is measured next.
    Adapting { update: Duration, measure: Duration },
}

impl Envoy {
    /// A limiter that draws its jitter from this run's seed.
    pub fn new(seed: u64) -> Self {
        Self::within(LIMITS, seed)
    }

    /// As published, but for its limits.
    pub fn within(limits: Limits, seed: u64) -> Self {
        let limit = limits.least;
        Self {
            chance: Chance::new(seed, Stream::Limiter),
            limits,
            limit,
            in_flight: 0,
            samples_s: Vec::new(),
            min_rtt_s: 0.0,
            updates_at_min: 0,
            since: Duration::ZERO,
            phase: Phase::Measuring { limit },
        }
    }

    /// Does what its timers would have done until now.
    fn catch_up(&mut self, now: Duration) {
        while let Phase::Adapting { update, measure } = self.phase {
            if update.min(measure) > now {
                return;
            }
            if measure <= update {
                self.measure(measure);
                return;
            }
            let next = update + UPDATE_INTERVAL;
            self.phase = Phase::Adapting {
                update: next,
                measure,
            };
            if let Some(sample_s) = self.take_samples() {
                self.adapt(sample_s);
            }
            // At once: a call that is sent from this update on is one that measures.
            if self.updates_at_min >= UPDATES_AT_MIN {
                self.measure(update);
                return;
            }
        }
    }

    fn measure(&mut self, since: Duration) {
        let limit = self.limit;
        self.phase = Phase::Measuring { limit };
        self.since = since;
        self.samples_s.clear();
        self.limit = self.limits.least;
        self.updates_at_min = 0;
    }

    fn measured(&mut self, now: Duration, limit: f64) {
        if let Some(sample_s) = self.take_samples() {
            self.min_rtt_s = sample_s;
        }
        self.limit = limit;
        let jitter = self
            .chance
            .between(Duration::ZERO, MIN_RTT_INTERVAL.mul_f64(JITTER));
        self.phase = Phase::Adapting {
            update: now + UPDATE_INTERVAL,
            measure: now + MIN_RTT_INTERVAL + jitter,
        };
    }

    fn adapt(&mut self, sample_s: f64) {
        let gradient = (self.min_rtt_s * (1.0 + BUFFER) / sample_s).clamp(0.5, 2.0);
        let limit = self.limit * gradient;
        let wanted = self.limits.keep((limit + limit.sqrt()).floor());
        let least = self.limits.least;
        let stays_at_min = wanted <= least && self.limit <= least;
        self.updates_at_min = if stays_at_min {
            self.updates_at_min + 1
        } else {
            0
        };
        self.limit = wanted;
    }

    /// The median of the samples, which are then forgotten.
    fn take_samples(&mut self) -> Option<f64> {
        self.samples_s.sort_by(f64::total_cmp);
        let median = quantile(&self.samples_s, 50);
        self.samples_s.clear();
        median.is_finite().then_some(median)
    }
}

impl Limiter for Envoy {
    fn admit(&mut self, now: Duration) -> Result<(), Duration> {
        self.catch_up(now);
        if (self.in_flight as f64) < self.limit {
            Ok(())
        } else {
            Err(LEAST_WAIT)
        }
    }

    fn sent(&mut self, now: Duration, _call: CallNumber) {
        self.catch_up(now);
        self.in_flight += 1;
    }

    fn ended(&mut self, now: Duration, ended: Ended) {
        self.catch_up(now);
        self.in_flight -= 1;
        if ended.sent < self.since {
            return;
        }
        self.samples_s.push(ended.took.as_secs_f64());
        if let Phase::Measuring { limit } = self.phase
            && self.samples_s.len() >= MIN_RTT_CALLS
        {
            self.measured(now, limit);
        }
    }

    fn shows(&mut self, now: Duration) -> Shown {
        self.catch_up(now);
        Shown {
            concurrency: Some(self.limit),
            latency_ms: (self.min_rtt_s > 0.0).then_some(self.min_rtt_s * 1e3),
            ..Shown::default()
        }
    }
}
