//! The law as it is written down, run step by step in its own time, with every call remembered.

mod events;
mod integral;

use std::collections::BTreeMap;
use std::time::Duration;

use integrator_core::control::law::Options;

/// How long nobody must have been held back before a handful may come at once.
const CALM: Duration = Duration::from_secs(5);

/// A call that the reference remembers.
struct Remembered {
    sent: Duration,
    /// It was under way when the backend came back, and tells of the outage only.
    old: bool,
}

/// The formulas of `docs/ADMISSION_CONTROL.md`, with no thought for speed or memory.
pub(crate) struct Reference {
    options: Options,
    now: Duration,
    next_step: Duration,
    calls: Vec<Remembered>,
    samples: BTreeMap<&'static str, f64>,
    pub(crate) ewma: Option<f64>,
    averages: Vec<f64>,
    quick: Vec<f64>,
    /// For each period the time spent under way, and the calls that ended and were answered.
    spans: Vec<[f64; 3]>,
    failures_in_a_row: u32,
    first_answer_may_be_old: bool,
    measured: Option<(Duration, f64)>,
    slope: f64,
    began: bool,
    outage: bool,
    error: f64,
    learnt: f64,
    pub(crate) integral: f64,
    borne: f64,
    slow: bool,
    climbed: bool,
    pub(crate) rate: f64,
    ceiling: f64,
    admitted: f64,
    admitted_average: f64,
    admitted_most: f64,
    answered_average: f64,
    answered_seconds: Vec<f64>,
    started_average: f64,
    pub(crate) tokens: f64,
    lent: f64,
    unused: u32,
    refused: bool,
    held_back: Option<Duration>,
}

impl Reference {
    pub(crate) fn new(options: Options) -> Self {
        let start = (options.rate_max_tps / 10.0).max(options.rate_min_tps);
        let mut reference = Self {
            options,
            now: Duration::ZERO,
            next_step: options.period,
            calls: Vec::new(),
            samples: BTreeMap::new(),
            ewma: None,
            averages: Vec::new(),
            quick: Vec::new(),
            spans: vec![[0.0; 3]],
            failures_in_a_row: 0,
            first_answer_may_be_old: false,
            measured: None,
            slope: 0.0,
            began: false,
            outage: false,
            error: 0.0,
            learnt: start,
            integral: start,
            borne: 0.0,
            slow: false,
            climbed: false,
            rate: start,
            ceiling: options.rate_max_tps,
            admitted: 0.0,
            admitted_average: 0.0,
            admitted_most: 0.0,
            answered_average: 0.0,
            answered_seconds: Vec::new(),
            started_average: 0.0,
            tokens: 0.0,
            lent: 0.0,
            unused: 0,
            refused: false,
            held_back: None,
        };
        reference.lend();
        reference.tokens = reference.burst() + reference.lent;
        reference
    }

    fn burst(&self) -> f64 {
        let window = self.options.period.as_secs_f64().max(0.5);
        (self.rate * window).clamp(1.0, self.options.burst_max_tokens)
    }

    fn is_open(&self) -> bool {
        let stepped = self.next_step - self.options.period;
        self.held_back.is_none_or(|since| stepped - since >= CALM)
    }

    /// An open gate lends what is missing to ten tokens; any other takes back what it lent.
    fn lend(&mut self) {
        if self.is_open() && !self.refused {
            let ten = self.options.burst_max_tokens.min(10.0);
            self.lent = (ten - self.burst()).max(0.0);
        } else {
            self.tokens -= self.lent;
            self.lent = 0.0;
        }
        // What has to be paid off is never more than half a second of the rate.
        self.tokens = self.tokens.max(-0.5 * self.rate);
    }

    fn pass(&mut self, until: Duration) {
        while self.next_step <= until {
            self.fill(self.next_step);
            self.next_step += self.options.period;
            self.step();
        }
        self.fill(until);
    }

    fn fill(&mut self, until: Duration) {
        let passed = (until - self.now).as_secs_f64();
        self.tokens = (self.tokens + self.rate * passed).min(self.burst() + self.lent);
        let underway = self.calls.iter().filter(|call| !call.old).count();
        if let Some([spent, ..]) = self.spans.last_mut() {
            *spent += underway as f64 * passed * 1e3;
        }
        self.now = until;
    }

    fn count(&self, what: &'static str) -> f64 {
        self.samples.get(what).copied().unwrap_or(0.0)
    }

    fn note(&mut self, what: &'static str) {
        *self.samples.entry(what).or_default() += 1.0;
    }

    /// The larger of the mean average of the period and of Little's law over a second.
    fn measure(&self) -> Option<f64> {
        let underway = self.calls.iter().any(|call| !call.old);
        if self.count("samples") == 0.0 && !underway {
            return None;
        }
        let [spent, ended, _] = self.second();
        let stay = spent / (ended + 1.0);
        let mean = self.averages.iter().sum::<f64>() / self.averages.len() as f64;
        let average = if self.averages.is_empty() {
            self.ewma
        } else {
            Some(mean)
        };
        match average {
            Some(average) => Some(average.max(stay)),
            None => Some(stay).filter(|stay| *stay >= self.options.target_ms),
        }
    }

    /// The latest second in whole periods, summed up.
    fn second(&self) -> [f64; 3] {
        let latest = self.spans.iter().rev().take(self.periods());
        latest.fold([0.0; 3], |[spent, ended, answered], [a, b, c]| {
            [spent + a, ended + b, answered + c]
        })
    }

    /// Answers a second over the latest second.
    fn answered_tps(&self) -> f64 {
        let [_, _, answered] = self.second();
        answered / (self.periods() as f64 * self.options.period.as_secs_f64())
    }

    fn periods(&self) -> usize {
        let second = Duration::from_secs(1).as_nanos();
        let periods = second.div_ceil(self.options.period.as_nanos());
        usize::try_from(periods)
            .unwrap_or(usize::MAX)
            .min(self.spans.len())
    }

    fn step(&mut self) {
        let h = self.options.period.as_secs_f64();
        let weight = (h / 0.5_f64.max(5.0 / self.rate)).min(1.0);
        self.admitted_average += weight * (self.admitted / h - self.admitted_average);
        self.admitted_most = self.admitted_most.max(self.admitted_average);
        if let Some(m) = self.measure() {
            self.control(m, h);
        } else if self.calls.iter().all(|call| call.old) {
            self.idle(h);
        }
        if std::mem::take(&mut self.refused) || self.error < 0.0 || self.outage {
            self.held_back = Some(self.now);
        }
        self.lend();
        self.admitted = 0.0;
        self.averages.clear();
        self.samples.clear();
        self.spans.push([0.0; 3]);
    }

    fn idle(&mut self, h: f64) {
        let admitted = self.most_admitted();
        self.answered_seconds.push(0.0);
        if self.error <= 0.0 {
            return;
        }
        let kept = (2.0 * admitted).max(5.0).min(self.learnt);
        self.learnt += (h / 10.0).min(1.0) * (kept - self.learnt);
        self.learnt = self.learnt.max(self.options.rate_min_tps);
        self.actuate();
    }

    fn control(&mut self, m: f64, h: f64) {
        let (target, floor) = (self.options.target_ms, self.options.rate_min_tps);
        self.error = target - m;
        self.slope = match self.measured {
            Some((at, before)) if self.count("anew") == 0.0 => {
                let passed = (self.now - at).as_secs_f64();
                let weight = passed / (passed + h.max(0.5));
                self.slope + weight * ((m - before) / passed - self.slope)
            }
            _ => 0.0,
        };
        self.measured = Some((self.now, m));
        let answered = self.count("answers") > 0.0;
        let admitted = if answered { self.most_admitted() } else { 0.0 };
        self.answered_seconds
            .push(if answered { self.answered_tps() } else { 0.0 });
        if answered {
            let weight = (h / 20.0).min(1.0);
            self.answered_average += weight * (self.answered_tps() - self.answered_average);
            self.started_average += weight * (admitted - self.started_average);
        }
        self.outage = self.failures_in_a_row >= 3;
        if !std::mem::replace(&mut self.began, true) && self.error > 0.0 && !self.outage {
            self.learnt = (self.rate / (1.0 + self.share()).min(2.0)).max(floor);
            self.integral = self.learnt.min(self.ceiling);
            return;
        }
        if answered {
            let next = self.integrate(self.learnt.min(self.ceiling), admitted, h);
            if next < self.ceiling || self.learnt < self.ceiling {
                self.learnt = next.clamp(floor, self.ceiling);
            }
        }
        self.actuate();
    }

    fn share(&self) -> f64 {
        let gains = self.options.gains;
        (gains.kp * self.error - gains.kd * self.slope) / 200.0
    }

    fn actuate(&mut self) {
        self.integral = self.learnt.min(self.ceiling);
        let most = if self.error < 0.0 { 1.0 } else { 2.0 };
        let factor = (1.0 + self.share()).min(most);
        let unbound = if self.outage {
            0.0
        } else {
            self.integral * factor
        };
        self.rate = unbound.clamp(self.options.rate_min_tps, self.ceiling);
    }

    /// The most since an answer came or nothing was asked.
    fn most_admitted(&mut self) -> f64 {
        std::mem::take(&mut self.admitted_most).clamp(0.0, self.rate)
    }
}
