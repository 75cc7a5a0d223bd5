//! What happened to a flow: its transitions, and the attempts that got no recorded answer.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::ids::AttemptId;
use super::time::Tick;
use crate::protocol::table::{StateId, StepId};

/// How many self-loops (polls that stay where they are) a history lists.
pub const SELF_LOOPS_LISTED: usize = 16;
/// How many unanswered attempts a history lists.
pub const ATTEMPTS_LISTED: usize = 16;

/// One change of a flow's state. Every observer is told of it from this one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The flow's version after it.
    pub version: u64,
    /// The state before.
    pub from: StateId,
    /// The state after.
    pub to: StateId,
    /// When, for people.
    pub at: Timestamp,
    /// When, on the store's clock.
    pub tick: Tick,
    /// The answer that led to it; none for an expiry.
    pub cause: Option<Cause>,
}

/// The answer that led to a transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The step that was run.
    pub step: StepId,
    /// The attempt that was answered; finds the recorded answer.
    pub attempt: AttemptId,
    /// The backend's HTTP status.
    pub backend_status: u16,
}

/// A call that left no recorded answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The step that was requested.
    pub step: StepId,
    /// The id that the backend may have seen.
    pub attempt: AttemptId,
    /// When it ended.
    pub at: Timestamp,
    /// How it ended.
    pub ending: Ending,
}

/// How a call ended that left no recorded answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// No connection, a reset, an unreadable or oversized answer.
    Unavailable(Sent),
    /// No whole answer in time.
    TimedOut(Sent),
    /// A whole answer, not successful, that no outcome takes.
    Declined {
        /// Its HTTP status.
        status: u16,
    },
    /// The service stopped before the answer was there.
    Interrupted,
    /// The process that held the claim never settled it.
    Lapsed,
    /// The flow was closed while the call was under way.
    Overtaken,
    /// The store did not acknowledge the claim: nothing was sent.
    Unsaved,
}

/// Whether any byte of a request may have reached the backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Provably none did.
    NotSent,
    /// Some may have.
    Unknown,
}

impl Ending {
    /// Whether the backend may have acted on a request whose answer nobody knows.
    #[must_use]
    pub fn leaves_outcome_unknown(self) -> bool {
        match self {
            Self::Unavailable(sent) | Self::TimedOut(sent) => sent == Sent::Unknown,
            Self::Declined { .. } | Self::Unsaved => false,
            Self::Interrupted | Self::Lapsed | Self::Overtaken => true,
        }
    }
}

/// A flow's past, bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    transitions: Vec<Transition>,
    self_loops_omitted: u64,
    attempts: VecDeque<Attempt>,
}

impl History {
    /// Transitions in order, without the self-loops beyond the latest [`SELF_LOOPS_LISTED`].
    #[must_use]
    pub fn transitions(&self) -> &[Transition] {
        &self.transitions
    }

    /// How many self-loops are counted and no longer listed.
    #[must_use]
    pub fn self_loops_omitted(&self) -> u64 {
        self.self_loops_omitted
    }

    /// The latest unanswered attempts, oldest first.
    pub fn attempts(&self) -> impl DoubleEndedIterator<Item = &Attempt> + ExactSizeIterator {
        self.attempts.iter()
    }

    /// The past that a record holds.
    pub(super) fn restored(
        transitions: Vec<Transition>,
        self_loops_omitted: u64,
        attempts: VecDeque<Attempt>,
    ) -> Self {
        Self {
            transitions,
            self_loops_omitted,
            attempts,
        }
    }

    pub(super) fn push_transition(&mut self, transition: Transition) {
        let is_self_loop = |known: &Transition| known.from == known.to;
        self.transitions.push(transition);
        let mut loops = self
            .transitions
            .iter()
            .enumerate()
            .filter(|(_, known)| is_self_loop(known));
        let oldest = loops.next().map(|(index, _)| index);
        if loops.count() >= SELF_LOOPS_LISTED
            && let Some(oldest) = oldest
        {
            self.transitions.remove(oldest);
            self.self_loops_omitted = self.self_loops_omitted.saturating_add(1);
        }
    }

    pub(super) fn push_attempt(&mut self, attempt: Attempt) {
        if self.attempts.len() == ATTEMPTS_LISTED {
            self.attempts.pop_front();
        }
        self.attempts.push_back(attempt);
    }
}
