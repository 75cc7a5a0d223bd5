//! How far the gate is open, in one word.

use std::time::Duration;

/// How long less must have been held back before the gate is told to be wider open: under a load
/// near the limit single requests are refused now and then, and each change is told.
const CALM: Duration = Duration::from_secs(5);

/// The three regimes of the gate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Regime {
    /// Nothing is held back: the backend is as quick as asked, and nobody is refused.
    Open,
    /// The rate decides who is admitted, or the backend is slower than asked.
    Regulating,
    /// The backend is slower than asked and the rate is at its floor: only probes pass.
    Closed,
}

impl Regime {
    /// Every regime.
    pub const ALL: [Self; 3] = [Self::Open, Self::Regulating, Self::Closed];

    /// Its name in metrics and log lines.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Regulating => "regulating",
            Self::Closed => "closed",
        }
    }
}

/// The regime over time: a gate that holds back more is told at once, one that holds back less
/// when it has done so for a while.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Regimes {
    current: Regime,
    held_back: Option<Duration>,
    closed: Option<Duration>,
}

impl Regimes {
    pub(super) fn new() -> Self {
        Self {
            current: Regime::Open,
            held_back: None,
            closed: None,
        }
    }

    pub(super) fn current(&self) -> Regime {
        self.current
    }

    /// Takes in what the period that ends `now` looked like.
    pub(super) fn period(&mut self, now: Duration, looked: Regime) {
        if looked != Regime::Open {
            self.held_back = Some(now);
        }
        if looked == Regime::Closed {
            self.closed = Some(now);
        }
        let lately = |at: Option<Duration>| at.is_some_and(|at| now.saturating_sub(at) < CALM);
        self.current = if lately(self.closed) {
            Regime::Closed
        } else if lately(self.held_back) {
            Regime::Regulating
        } else {
            Regime::Open
        };
    }
}
