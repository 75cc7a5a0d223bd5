//! The loop put together: latencies in, admissions out.
//!
//! Control steps lie on a fixed grid of periods from the first moment on. They are run when the
//! next thing happens, each with what was known at its own time, so that it does not matter
//! how often or how late anybody looks.

use std::time::Duration;

use super::admitted::Admitted;
use super::bucket::Bucket;
pub use super::options::Options;
use super::pid::{Observed, Pid, Shown};
pub use super::readings::Readings;
pub use super::regime::Regime;
use super::regime::Regimes;
pub use super::sensor::End;
use super::sensor::Sensor;
pub use super::underway::Call;
use super::underway::Underway;

/// The shortest time over which a rate of starts means anything: at ten a second it holds five.
///
/// Admissions are averaged over it and may come in bursts of what it holds, however short the
/// control period is.
pub const WINDOW_SECONDS: f64 = 0.5;

/// What may come at once while the gate is open, however low the rate: a few users who come
/// together are no storm. What this is beyond the usual burst is lent, and due when somebody is
/// refused, so that a storm is given no more than without it.
pub const HANDFUL_TOKENS: f64 = 10.0;

/// The share of the highest rate at which a gate begins that knows nothing of its backend: low
/// enough for a backend that is itself just starting, a few doublings below what it may bear.
pub const START_SHARE: f64 = 0.1;

/// How long control steps are run after the latest news; by then what was learnt is forgotten as
/// far as it ever is, and everything stays as it is.
const NEWS_LASTS: Duration = Duration::from_secs(120);

/// The most of its floor at which a rate is that of a gate that is shut: the probes that notice a
/// recovery, and what the first of them add to it.
const SHUT_FLOORS: f64 = 2.0;

/// The control law of one backend's gate.
#[derive(Clone, Debug, PartialEq)]
pub struct Law {
    options: Options,
    sensor: Sensor,
    pid: Pid,
    bucket: Bucket,
    lent_tokens: f64,
    admitted: Admitted,
    refused: bool,
    regimes: Regimes,
    ceiling_tps: f64,
    stepped: Duration,
    measured: Duration,
    news: Duration,
}

impl Law {
    /// A gate that knows nothing of its backend yet.
    #[must_use]
    pub fn new(options: Options, now: Duration) -> Self {
        let floor_tps = options.rate_min_tps;
        let start_tps = (options.rate_max_tps * START_SHARE).max(floor_tps);
        let period_s = options.period.as_secs_f64();
        let burst_tokens = burst(&options, start_tps);
        let lent_tokens = lent(&options, burst_tokens);
        Self {
            sensor: Sensor::new(
                options.ewma_alpha,
                options.target_ms,
                Underway::new(now, options.period),
            ),
            pid: Pid::new(
                options.gains,
                options.target_ms,
                period_s,
                floor_tps,
                start_tps,
            ),
            bucket: Bucket::new(start_tps, burst_tokens + lent_tokens, now),
            lent_tokens,
            admitted: Admitted::default(),
            refused: false,
            regimes: Regimes::new(),
            ceiling_tps: options.rate_max_tps,
            stepped: now,
            measured: now,
            news: now,
            options,
        }
    }

    /// Takes one token, or tells the exact time until one is there at this rate, alone.
    ///
    /// # Errors
    ///
    /// The time to wait.
    pub fn admit(&mut self, now: Duration) -> Result<(), Duration> {
        self.catch_up(now);
        if self.bucket.take(now).is_ok() {
            self.admitted.one();
            return Ok(());
        }
        self.refused = true;
        self.actuate(now);
        self.bucket.take(now)
    }

    /// The admitted call was not made after all.
    pub fn give_back(&mut self, now: Duration) {
        self.catch_up(now);
        self.bucket.give_back(now);
        self.admitted.give_back();
    }

    /// A call, of any step, leaves for the backend.
    pub fn sent(&mut self, now: Duration) -> Call {
        self.news(now);
        self.sensor.sent(now)
    }

    /// A call ended.
    pub fn ended(&mut self, now: Duration, call: Call, end: End) {
        self.news(now);
        let shut = self.pid.terms().rate_tps <= SHUT_FLOORS * self.options.rate_min_tps;
        self.sensor.ended(now, call, end, shut);
    }

    /// A call that was sent is cut by our own stop: it tells nothing of the backend.
    pub fn forgotten(&mut self, now: Duration, call: Call) {
        self.news(now);
        self.sensor.forgotten(now, call);
    }

    /// Sets a ceiling below the highest rate, from a ramp; a lower one holds at once.
    pub fn ceiling(&mut self, now: Duration, tps: f64) {
        self.catch_up(now);
        let Options {
            rate_min_tps,
            rate_max_tps,
            ..
        } = self.options;
        self.ceiling_tps = tps.max(rate_min_tps).min(rate_max_tps);
        self.pid.hold_below(self.ceiling_tps);
        self.actuate(now);
    }

    /// The state of the loop; reading never changes what later decisions are.
    pub fn read(&mut self, now: Duration) -> Readings {
        self.catch_up(now);
        let terms = self.pid.terms();
        Readings {
            ewma_ms: self.sensor.ewma_ms(),
            setpoint_ms: self.options.target_ms,
            error_ms: self.pid.has_measured().then_some(terms.error_ms),
            p_tps: terms.p_tps,
            i_tps: terms.i_tps,
            d_tps: terms.d_tps,
            rate_tps: terms.rate_tps,
            rate_max_tps: self.ceiling_tps,
            tokens: self.bucket.tokens(now),
            regime: self.regimes.current(),
        }
    }

    fn news(&mut self, now: Duration) {
        self.catch_up(now);
        self.news = self.news.max(now);
    }

    /// Runs the control steps that have become due, each at its own time.
    fn catch_up(&mut self, now: Duration) {
        let period = self.options.period;
        while let Some(due) = self.stepped.checked_add(period)
            && due <= now
        {
            if due.saturating_sub(self.news) > NEWS_LASTS.max(period) {
                self.stepped = latest_step(self.stepped, now, period);
                self.sensor.skip(self.stepped);
                return;
            }
            self.step(due);
            self.stepped = due;
        }
    }

    fn step(&mut self, now: Duration) {
        let rate_tps = self.pid.terms().rate_tps;
        self.admitted
            .end_period(self.options.period.as_secs_f64(), rate_tps);
        if let Some(measured) = self.sensor.measure(now) {
            let passed = now.saturating_sub(std::mem::replace(&mut self.measured, now));
            let observed = Observed {
                latency_ms: measured.latency_ms,
                passed_s: passed.as_secs_f64(),
                shown: measured.answered_tps.map(|answered_tps| Shown {
                    admitted_tps: self.admitted.take_most(rate_tps),
                    answered_tps,
                }),
                anew: measured.anew,
                outage: measured.outage,
            };
            self.pid.step(observed, self.ceiling_tps);
        } else if !self.sensor.waits() {
            let admitted_tps = self.admitted.take_most(rate_tps);
            self.pid.idle(admitted_tps, self.ceiling_tps);
        }
        let looked = self.looked();
        self.regimes.period(now, looked);
        self.actuate(now);
    }

    fn actuate(&mut self, now: Duration) {
        let rate_tps = self.pid.terms().rate_tps;
        let burst_tokens = burst(&self.options, rate_tps);
        if self.refused || self.regimes.current() != Regime::Open {
            let due_tokens = std::mem::take(&mut self.lent_tokens);
            self.bucket.take_back(now, due_tokens);
        } else {
            self.lent_tokens = lent(&self.options, burst_tokens);
        }
        let most_tokens = burst_tokens + self.lent_tokens;
        self.bucket.change(now, rate_tps, most_tokens);
    }

    /// What the period that has just ended looked like.
    fn looked(&mut self) -> Regime {
        let refused = std::mem::take(&mut self.refused);
        let terms = self.pid.terms();
        let slow = terms.error_ms < 0.0 || self.pid.is_outage();
        let floor_tps = self.options.rate_min_tps;
        // A rate that cannot move closes nothing.
        if slow && terms.rate_tps <= floor_tps && floor_tps < self.ceiling_tps {
            Regime::Closed
        } else if slow || refused {
            Regime::Regulating
        } else {
            Regime::Open
        }
    }
}

/// What comes in during a window or a period: a gate that closes does not let through what was
/// saved before, and whoever was refused comes again in step with others.
fn burst(options: &Options, rate_tps: f64) -> f64 {
    let saved_for_s = options.period.as_secs_f64().max(WINDOW_SECONDS);
    (rate_tps * saved_for_s)
        .min(options.burst_max_tokens)
        .max(1.0)
}

/// What an open gate lends beyond that.
fn lent(options: &Options, burst_tokens: f64) -> f64 {
    (HANDFUL_TOKENS.min(options.burst_max_tokens) - burst_tokens).max(0.0)
}

fn latest_step(stepped: Duration, now: Duration, period: Duration) -> Duration {
    let beyond_ns = now.saturating_sub(stepped).as_nanos() % period.as_nanos().max(1);
    // What is left over is less than a period, and a period fits.
    now.saturating_sub(Duration::from_nanos(
        u64::try_from(beyond_ns).unwrap_or(u64::MAX),
    ))
}
