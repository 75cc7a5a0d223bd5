//! The sensor: one latency for each control step, out of calls that ended and calls under way.

use std::time::Duration;

use super::ewma::Ewma;
use super::underway::{Call, Underway, Window};

/// The longest latency that is told apart from a longer one: the longest deadline of a call
/// that can be configured.
const LATENCY_MAX_MS: f64 = 600_000.0;

/// Failures in a row that are an outage and not bad luck: at a tenth of calls failing, one in
/// a thousand runs is this long.
const OUTAGE_FAILURES: u32 = 3;

/// The most that a failure weighs, in targets: one or two among answers hold back for a while,
/// and what is beyond that only takes longer to unlearn, at the rate of a gate that is shut.
const FAILURE_TARGETS: f64 = 5.0;

/// Quick answers in a row that a shut gate takes for a quick backend: it gets a probe a second
/// or so, and to unlearn an average of slow answers would take it many.
const QUICK_ANSWERS: u32 = 3;

/// The share of the target above which an average is worth unlearning: below it the rate goes
/// back to what was borne anyhow.
const UNLEARNT_SHARE: f64 = 0.5;

/// How a call ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// The backend answered, whatever it said: how long that took is a sample.
    Answered,
    /// No answer: timeout, refused connection, reset. The deadline is the sample, however soon
    /// the call failed, and at most five times the target.
    Unanswered {
        /// The longest that the call might have taken.
        deadline: Duration,
    },
}

/// What is known of the backend's latency.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sensor {
    ewma: Ewma,
    underway: Underway,
    target_ms: f64,
    standing: Standing,
    quick: QuickRun,
    since_step: SinceStep,
}

/// What the latest samples say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Standing {
    /// So many failures in a row, none or a few.
    Answering { failures: u32 },
    /// Answered once after an outage, by a call that the outage may have held up itself.
    Returning,
}

/// The latest answers in a row that were below the target.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct QuickRun {
    answers: u32,
    largest_ms: f64,
}

/// What has come in since the control step before.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct SinceStep {
    samples: u32,
    /// The average after each sample, summed up.
    averages_ms: f64,
    answered: bool,
    anew: bool,
}

/// What a control step acts on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Measurement {
    pub(super) latency_ms: f64,
    /// Answers per second over the latest second, if one came since the step before.
    pub(super) answered_tps: Option<f64>,
    /// The average began anew since the step before: its change is no slope.
    pub(super) anew: bool,
    /// The latest calls were all without an answer, so many that it is an outage.
    pub(super) outage: bool,
}

impl Sensor {
    /// A sensor without samples.
    pub(super) fn new(alpha: f64, target_ms: f64, underway: Underway) -> Self {
        Self {
            ewma: Ewma::new(alpha),
            underway,
            target_ms,
            standing: Standing::Answering { failures: 0 },
            quick: QuickRun::default(),
            since_step: SinceStep::default(),
        }
    }

    pub(super) fn ewma_ms(&self) -> Option<f64> {
        self.ewma.value()
    }

    /// Goes on at that moment, as if no time had passed.
    pub(super) fn skip(&mut self, to: Duration) {
        self.underway.skip(to);
    }

    /// Whether there are calls under way.
    pub(super) fn waits(&self) -> bool {
        self.underway.any()
    }

    pub(super) fn sent(&mut self, now: Duration) -> Call {
        self.underway.sent(now)
    }

    pub(super) fn forgotten(&mut self, now: Duration, call: Call) {
        let _untold = self.underway.forgotten(now, call);
    }

    /// A call ended; `shut` is whether the gate lets only probes through.
    pub(super) fn ended(&mut self, now: Duration, call: Call, end: End, shut: bool) {
        let Some(took) = self.underway.ended(now, call) else {
            return;
        };
        match end {
            End::Answered => self.answered(sample_ms(took), shut),
            End::Unanswered { deadline } => self.unanswered(took.max(deadline)),
        }
    }

    /// A failure may come at once and is still no quick answer: it counts as the deadline, or
    /// as what shuts the gate anyhow. One that was given less than the target, as after a slow
    /// store, says nothing of an outage.
    fn unanswered(&mut self, lost: Duration) {
        let lost_ms = sample_ms(lost);
        if lost_ms >= self.target_ms {
            let failures = match self.standing {
                Standing::Answering { failures } => failures.saturating_add(1),
                Standing::Returning => 1,
            };
            self.standing = Standing::Answering { failures };
        }
        self.quick = QuickRun::default();
        self.sample(lost_ms.min(FAILURE_TARGETS * self.target_ms));
    }

    fn answered(&mut self, sample_ms: f64, shut: bool) {
        self.since_step.answered = true;
        self.underway.answered();
        self.quick = self.quick.and(sample_ms, self.target_ms);
        if self.returns() {
            self.begin_anew(sample_ms);
        } else if shut && self.is_quick_again() {
            self.begin_anew(self.quick.largest_ms);
        } else {
            self.sample(sample_ms);
        }
    }

    /// Deadlines are no latencies: after an outage the average begins anew with the first
    /// answer, and what was sent before it is not asked any more. That answer may itself have
    /// been held up, so the first one to a call that was sent after it begins the average again.
    fn returns(&mut self) -> bool {
        let after_outage = self.standing.is_outage();
        let again = self.standing == Standing::Returning;
        self.standing = if after_outage {
            self.underway.begin_epoch();
            Standing::Returning
        } else {
            Standing::Answering { failures: 0 }
        };
        after_outage || again
    }

    fn is_quick_again(&self) -> bool {
        let unlearnt_ms = self.quick.largest_ms.max(UNLEARNT_SHARE * self.target_ms);
        let average_is_slow = self.ewma.value().is_some_and(|ewma| ewma > unlearnt_ms);
        average_is_slow && self.quick.answers >= QUICK_ANSWERS
    }

    fn begin_anew(&mut self, sample_ms: f64) {
        self.ewma.forget();
        self.since_step.samples = 0;
        self.since_step.averages_ms = 0.0;
        self.since_step.anew = true;
        self.sample(sample_ms);
    }

    fn sample(&mut self, sample_ms: f64) {
        self.ewma.sample(sample_ms);
        self.since_step.samples = self.since_step.samples.saturating_add(1);
        self.since_step.averages_ms += self.ewma.value().unwrap_or_default();
    }

    /// The latency at a control step; none where nothing is known, or nothing new.
    ///
    /// The average is read after each sample, and not only at the step: the few samples that it
    /// holds are too nervous to be looked at in one instant.
    pub(super) fn measure(&mut self, now: Duration) -> Option<Measurement> {
        let since = std::mem::take(&mut self.since_step);
        let Window {
            stay_ms,
            answered_tps,
        } = self.underway.end_period(now);
        if since.samples == 0 && !self.underway.any() {
            return None;
        }
        let average_ms = match since.samples {
            0 => self.ewma.value(),
            samples => Some(since.averages_ms / f64::from(samples)),
        };
        let latency_ms = match average_ms {
            Some(average_ms) => average_ms.max(stay_ms),
            // A call that has just left says nothing yet of a backend that nothing is known of.
            None if stay_ms < self.target_ms => return None,
            None => stay_ms,
        };
        Some(Measurement {
            latency_ms: latency_ms.min(LATENCY_MAX_MS),
            answered_tps: since.answered.then_some(answered_tps),
            anew: since.anew,
            outage: self.standing.is_outage(),
        })
    }
}

impl Standing {
    fn is_outage(self) -> bool {
        match self {
            Self::Answering { failures } => failures >= OUTAGE_FAILURES,
            Self::Returning => false,
        }
    }
}

impl QuickRun {
    fn and(self, sample_ms: f64, target_ms: f64) -> Self {
        if sample_ms >= target_ms {
            return Self::default();
        }
        Self {
            answers: self.answers.saturating_add(1),
            largest_ms: self.largest_ms.max(sample_ms),
        }
    }
}

fn sample_ms(latency: Duration) -> f64 {
    (latency.as_secs_f64() * 1e3).min(LATENCY_MAX_MS)
}
