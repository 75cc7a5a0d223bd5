//! What is written down of a run: counts, and what happened in each quarter of a second.

use std::time::Duration;

use super::limiter::Shown;

/// How long one slice of a run is.
pub const SLICE: Duration = Duration::from_millis(250);

/// What happened in one slice.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Slice {
    /// New users.
    pub arrived: u64,
    /// Starts that clients asked for, those again included.
    pub start_tries: u64,
    /// Requests that the limiter refused.
    pub refused: u64,
    /// Starts that were answered.
    pub started: u64,
    /// Flows that finished.
    pub finished: u64,
    /// Calls that were answered in time, and the sum of their latencies in milliseconds; one that
    /// was not counts with the deadline.
    pub ended: u64,
    /// The sum of the latencies.
    pub latency_ms: f64,
    /// Calls that were not answered in time.
    pub unanswered: u64,
    /// What the limiter showed at the end.
    pub shown: Shown,
    /// Calls that the backend held at the end.
    pub held: usize,
}

/// A flow that was begun, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// When its start was answered.
    pub at: Duration,
    /// When its last step was answered, if it was.
    pub finished: Option<Duration>,
}

/// Everything that was counted. Each number is of the whole run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests of clients.
    pub tries: u64,
    /// Requests that joined a call in flight, or were replayed an answer.
    pub without_call: u64,
    /// Requests that the limiter refused.
    pub refused: u64,
    /// Calls that were sent.
    pub calls: u64,
    /// Calls that were answered in time.
    pub answered: u64,
    /// Calls that the backend would not take, or reset.
    pub reset: u64,
    /// Calls that ran into the deadline.
    pub timed_out: u64,
    /// Calls that were in flight when the run ended.
    pub in_flight: u64,
    /// Answers that the backend worked on though their deadline had passed.
    pub wasted: u64,
    /// Users that gave up.
    pub given_up: u64,
}

/// The record of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// Slices in order.
    pub slices: Vec<Slice>,
    /// The slice that is being written.
    pub open: Slice,
    /// Counts.
    pub counts: Counts,
    /// Flows that were begun, in order.
    pub begun: Vec<Begun>,
    /// Each call that ended: when, and after how many milliseconds.
    pub latencies: Vec<(Duration, f64)>,
}

impl Record {
    /// Closes the slice that is being written with what shows at its end.
    pub fn close(&mut self, shown: Shown, held: usize) {
        let slice = std::mem::take(&mut self.open);
        self.slices.push(Slice {
            shown,
            held,
            ..slice
        });
    }

    /// The slices from one moment up to another.
    pub fn between(&self, from: Duration, until: Duration) -> &[Slice] {
        let (from, until) = (slice_of(from), slice_of(until).min(self.slices.len()));
        self.slices.get(from..until).unwrap_or_default()
    }
}

fn slice_of(moment: Duration) -> usize {
    usize::try_from(moment.as_nanos() / SLICE.as_nanos()).unwrap_or(usize::MAX)
}
