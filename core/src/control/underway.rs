//! The calls under way, and how long calls stay by Little's law.
//!
//! In a steady state the mean number of calls under way is their rate times their mean latency.
//! So the time that calls spent under way, all together, over the number of calls that ended is
//! a mean latency that needs no call to be told from another: it sees a stall before the first
//! deadline, and a few calls that hang weigh in it by their share.

use std::collections::VecDeque;
use std::time::Duration;

/// How far back it looks, where a control period is not longer: the latest second is news, and
/// holds ten calls at ten a second.
const WINDOW: Duration = Duration::from_secs(1);

/// A call that has left for the backend; handed back when it ends.
#[derive(Debug)]
#[must_use = "a call that is never handed back stays under way for ever"]
pub struct Call {
    sent: Duration,
    epoch: u64,
}

/// What was under way during some time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Span {
    /// The time spent under way by all calls together.
    spent: Duration,
    ended: u64,
    answered: u64,
}

/// The window that ends with a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Window {
    /// How long calls stayed in the mean, in milliseconds.
    pub(super) stay_ms: f64,
    /// Calls that were answered, per second.
    pub(super) answered_tps: f64,
}

/// How many calls are under way, and what was under way in the periods of the window.
///
/// An epoch ends when the backend is found to be back: calls that were sent before it tell of
/// the outage, not of the backend as it now is, and count no more.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Underway {
    count: u32,
    epoch: u64,
    counted: Duration,
    current: Span,
    past: VecDeque<Span>,
    past_total: Span,
    past_periods: usize,
    period: Duration,
}

impl Underway {
    /// Nothing under way; a window is a whole number of control periods.
    pub(super) fn new(now: Duration, period: Duration) -> Self {
        let periods = WINDOW.as_nanos().div_ceil(period.as_nanos().max(1)).max(1);
        Self {
            count: 0,
            epoch: 0,
            counted: now,
            current: Span::default(),
            past: VecDeque::new(),
            past_total: Span::default(),
            past_periods: usize::try_from(periods - 1).unwrap_or(usize::MAX),
            period,
        }
    }

    pub(super) fn sent(&mut self, now: Duration) -> Call {
        self.pass(now);
        self.count = self.count.saturating_add(1);
        Call {
            sent: now,
            epoch: self.epoch,
        }
    }

    /// Takes an ended call out; how long it took, if it tells of the backend as it now is.
    pub(super) fn ended(&mut self, now: Duration, call: Call) -> Option<Duration> {
        let took = self.forgotten(now, call)?;
        self.current.ended += 1;
        Some(took)
    }

    /// The call that ended just now was answered.
    pub(super) fn answered(&mut self) {
        self.current.answered += 1;
    }

    /// Takes a call out that did not end by itself.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a call ends once: whoever hands it over has it no more"
    )]
    pub(super) fn forgotten(&mut self, now: Duration, call: Call) -> Option<Duration> {
        self.pass(now);
        if call.epoch != self.epoch {
            return None;
        }
        self.count = self.count.saturating_sub(1);
        Some(now.saturating_sub(call.sent))
    }

    /// Forgets every call under way, and the window; the call that ended just now is its first.
    pub(super) fn begin_epoch(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
        self.count = 0;
        self.past.clear();
        self.past_total = Span::default();
        self.current = Span {
            spent: Duration::ZERO,
            ended: 1,
            answered: 1,
        };
    }

    pub(super) fn any(&self) -> bool {
        self.count > 0
    }

    /// The window that ends `now`, with the period that ends with it.
    pub(super) fn end_period(&mut self, now: Duration) -> Window {
        self.pass(now);
        let span = std::mem::take(&mut self.current);
        let spent = self.past_total.spent.saturating_add(span.spent);
        let ended = self.past_total.ended + span.ended;
        let answered = self.past_total.answered + span.answered;
        let lasted_s = self.period.as_secs_f64() * (self.past.len() + 1) as f64;
        self.keep(span);
        // Those still under way end too. One more tells of a stall as soon, and where calls are few
        // the mean is rather too low than too high.
        Window {
            stay_ms: spent.as_secs_f64() * 1e3 / (ended + 1) as f64,
            answered_tps: answered as f64 / lasted_s,
        }
    }

    /// Goes on at that moment; the time up to it counts for no period.
    pub(super) fn skip(&mut self, to: Duration) {
        self.counted = self.counted.max(to);
    }

    fn keep(&mut self, span: Span) {
        self.past.push_back(span);
        self.past_total.spent = self.past_total.spent.saturating_add(span.spent);
        self.past_total.ended += span.ended;
        self.past_total.answered += span.answered;
        if self.past.len() > self.past_periods
            && let Some(gone) = self.past.pop_front()
        {
            self.past_total.spent = self.past_total.spent.saturating_sub(gone.spent);
            self.past_total.ended -= gone.ended;
            self.past_total.answered -= gone.answered;
        }
    }

    fn pass(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.counted);
        let spent = passed.saturating_mul(self.count);
        self.current.spent = self.current.spent.saturating_add(spent);
        self.counted = self.counted.max(now);
    }
}
