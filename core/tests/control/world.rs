//! A law that is told of random calls, and the calls that it has been told of.

use std::time::Duration;

use integrator_core::control::law::{Call, End, Law, Options, Readings};
use integrator_core::control::pid::Gains;
use proptest::prelude::*;

/// The defaults of the configuration.
pub(crate) fn defaults() -> Options {
    Options {
        target_ms: 200.0,
        ewma_alpha: 0.2,
        gains: Gains {
            kp: 0.5,
            ki: 0.05,
            kd: 0.1,
        },
        period: Duration::from_millis(500),
        rate_min_tps: 1.0,
        rate_max_tps: 200.0,
        burst_max_tokens: 50.0,
    }
}

/// The deadline of a call in these tests.
pub(crate) const DEADLINE: Duration = Duration::from_secs(3);

#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// Asks for admission, and makes the call.
    Start,
    /// Asks for admission, and does not make the call yet.
    Unused,
    /// The oldest admission that was not used goes back.
    GiveBack,
    /// A call that needs no admission.
    Step,
    Answer(prop::sample::Index),
    Fail(prop::sample::Index),
    Forget(prop::sample::Index),
    Ceiling(f64),
}

/// A time in which nothing happens, and what happens after it.
pub(crate) type Play = Vec<(Duration, Event)>;

pub(crate) fn plays(
    pause: impl Strategy<Value = Duration>,
    ceiling: impl Strategy<Value = f64>,
) -> impl Strategy<Value = Play> {
    let index = any::<prop::sample::Index>;
    let event = prop_oneof![
        8 => Just(Event::Start),
        1 => Just(Event::Unused),
        1 => Just(Event::GiveBack),
        4 => Just(Event::Step),
        8 => index().prop_map(Event::Answer),
        5 => index().prop_map(Event::Fail),
        1 => index().prop_map(Event::Forget),
        1 => ceiling.prop_map(Event::Ceiling),
    ];
    prop::collection::vec((pause, event), 1..120)
}

/// Pauses as calls have them.
pub(crate) fn pauses() -> impl Strategy<Value = Duration> {
    prop_oneof![
        6 => (0..200_u64).prop_map(Duration::from_millis),
        3 => (0..3_000_000_000_u64).prop_map(Duration::from_nanos),
    ]
}

/// Options as an operator may come to want them.
pub(crate) fn usual_options() -> impl Strategy<Value = Options> {
    options(
        50.0..1000.0,
        0.05..=1.0,
        0.0..2.0,
        10..2000,
        0.1..5.0,
        1.0..100.0,
    )
}

/// Any options that the configuration allows.
pub(crate) fn any_options() -> impl Strategy<Value = Options> {
    options(
        1.0..600_000.0,
        0.0001..=1.0,
        0.0..1000.0,
        10..60_000,
        0.01..1e6,
        1.0..1e6,
    )
}

fn options(
    target_ms: std::ops::Range<f64>,
    ewma_alpha: std::ops::RangeInclusive<f64>,
    gain: std::ops::Range<f64>,
    period_ms: std::ops::Range<u64>,
    rate_min_tps: std::ops::Range<f64>,
    burst_max_tokens: std::ops::Range<f64>,
) -> impl Strategy<Value = Options> {
    let gains = (gain.clone(), gain.clone(), gain).prop_map(|(kp, ki, kd)| Gains { kp, ki, kd });
    // A rate that cannot move is a fixed rate, as documented.
    let times = prop_oneof![1 => Just(1.0), 9 => 1.0..1000.0_f64];
    let rates = (rate_min_tps, times);
    (
        target_ms,
        ewma_alpha,
        gains,
        period_ms,
        rates,
        burst_max_tokens,
    )
        .prop_map(
            |(target_ms, ewma_alpha, gains, period_ms, (rate_min_tps, times), burst_max_tokens)| {
                Options {
                    target_ms,
                    ewma_alpha,
                    gains,
                    period: Duration::from_millis(period_ms),
                    rate_min_tps,
                    rate_max_tps: rate_min_tps * times,
                    burst_max_tokens,
                }
            },
        )
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) law: Law,
    pub(crate) now: Duration,
    calls: Vec<Call>,
    unused: u32,
}

impl World {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            law: Law::new(options, Duration::ZERO),
            now: Duration::ZERO,
            calls: Vec::new(),
            unused: 0,
        }
    }

    pub(crate) fn read(&mut self) -> Readings {
        self.law.read(self.now)
    }

    pub(crate) fn happen(&mut self, pause: Duration, event: &Event) {
        self.now = self.now.saturating_add(pause);
        match event {
            Event::Start => {
                if self.law.admit(self.now).is_ok() {
                    self.calls.push(self.law.sent(self.now));
                }
            }
            Event::Unused => {
                self.unused += u32::from(self.law.admit(self.now).is_ok());
            }
            Event::GiveBack => {
                if self.unused > 0 {
                    self.unused -= 1;
                    self.law.give_back(self.now);
                }
            }
            Event::Step => self.calls.push(self.law.sent(self.now)),
            Event::Answer(index) => self.end(index, End::Answered),
            Event::Fail(index) => self.end(index, End::Unanswered { deadline: DEADLINE }),
            Event::Forget(index) => {
                if let Some(call) = self.take(index) {
                    self.law.forgotten(self.now, call);
                }
            }
            Event::Ceiling(tps) => self.law.ceiling(self.now, *tps),
        }
    }

    fn end(&mut self, index: &prop::sample::Index, end: End) {
        if let Some(call) = self.take(index) {
            self.law.ended(self.now, call, end);
        }
    }

    fn take(&mut self, index: &prop::sample::Index) -> Option<Call> {
        (!self.calls.is_empty()).then(|| self.calls.remove(index.index(self.calls.len())))
    }
}

/// What a stretch of steady traffic is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traffic {
    pub(crate) asked_tps: u32,
    pub(crate) latency: Duration,
    /// Whether calls are answered; else they fail after that time.
    pub(crate) answered: bool,
}

impl World {
    /// Lets so many starts a second be asked for, evenly; each that is admitted is one call. All
    /// have ended when it returns. How many were refused.
    pub(crate) fn traffic(&mut self, lasts: Duration, traffic: Traffic) -> u32 {
        let end = self.now + lasts;
        let gap = Duration::from_secs(1) / traffic.asked_tps;
        let mut underway = std::collections::VecDeque::new();
        let mut refused = 0;
        while self.now < end {
            self.now += gap;
            while let Some((due, call)) = underway.pop_front() {
                if due > self.now {
                    underway.push_front((due, call));
                    break;
                }
                self.finish(due, call, traffic.answered);
            }
            if self.law.admit(self.now).is_ok() {
                underway.push_back((self.now + traffic.latency, self.law.sent(self.now)));
            } else {
                refused += 1;
            }
        }
        for (due, call) in underway {
            self.now = due;
            self.finish(due, call, traffic.answered);
        }
        refused
    }

    fn finish(&mut self, now: Duration, call: Call, answered: bool) {
        let end = if answered {
            End::Answered
        } else {
            End::Unanswered { deadline: DEADLINE }
        };
        self.law.ended(now, call, end);
    }
}
