//! The head of a flow: everything the machine decides on, small enough to be written whole at
//! every mutation. Recorded answers stand beside it, by attempt.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::answer::{ExpiresAt, Told};
use super::history::History;
use super::ids::{AttemptId, ClaimId, Fingerprint, FlowHandle};
use super::lifecycle::{Claim, Lifecycle};
use super::time::{Now, Tick};
use crate::json::Pointer;
use crate::protocol::table::{Protocol, StateId, StepId};

/// What a flow is given at its creation and keeps for life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its name.
    pub handle: FlowHandle,
    /// The name of its protocol.
    pub protocol: Arc<str>,
    /// The digest of the definition it started with, which it keeps over reloads.
    pub digest: Arc<str>,
    /// Adopted from the caller or generated.
    pub correlation_id: Arc<str>,
    /// The fingerprint of the start request, where an idempotency key names the flow.
    pub keyed: Option<Fingerprint>,
    /// When it was created.
    pub issued_at: Timestamp,
}

/// One run of a protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    pub(super) origin: Origin,
    pub(super) version: u64,
    pub(super) state: StateId,
    pub(super) lifecycle: Lifecycle,
    pub(super) entered: Tick,
    pub(super) deadline: Tick,
    pub(super) expires_at: ExpiresAt,
    pub(super) flow_id: Option<Bytes>,
    pub(super) last_answer: Option<LastAnswer>,
    pub(super) remembered: Vec<(StepId, Vec<(String, Bytes)>)>,
    pub(super) kept: Vec<Kept>,
    pub(super) members: Vec<(String, Bytes)>,
    pub(super) answered: Vec<(StepId, AttemptId)>,
    pub(super) held: Vec<StepId>,
    pub(super) history: History,
}

/// The request whose answer made the latest transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LastAnswer {
    pub(super) step: StepId,
    pub(super) fingerprint: Fingerprint,
    pub(super) attempt: AttemptId,
    pub(super) claim: ClaimId,
    pub(super) state: StateId,
}

/// A value of a recorded answer that some source names, as raw JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) step: StepId,
    pub(super) pointer: Pointer,
    pub(super) value: Bytes,
}

impl Flow {
    /// The flow's name.
    #[must_use]
    pub fn handle(&self) -> &FlowHandle {
        &self.origin.handle
    }

    /// What it was given at its creation.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Counts every stored mutation, from 1.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The stored state. What a reader is shown is [`Flow::state_at`].
    #[must_use]
    pub fn state(&self) -> StateId {
        self.state
    }

    /// The state at `now`: a state that is not terminal has become `expired` at its deadline,
    /// whether or not anyone has written that down.
    #[must_use]
    pub fn state_at(&self, protocol: &Protocol, now: &Now) -> StateId {
        if self.is_overdue(now) {
            protocol.expired()
        } else {
            self.state
        }
    }

    /// Whether the flow still stands open although its deadline has come.
    #[must_use]
    pub fn is_overdue(&self, now: &Now) -> bool {
        !self.is_closed() && now.tick >= self.deadline
    }

    /// Whether the stored state is terminal.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.lifecycle, Lifecycle::Closed { .. })
    }

    /// When the flow expires, on the store's clock. No answer is recorded from then on.
    #[must_use]
    pub fn deadline(&self) -> Tick {
        self.deadline
    }

    /// When the flow entered its state, on the store's clock.
    #[must_use]
    pub fn entered(&self) -> Tick {
        self.entered
    }

    /// When the sweeper has work with this flow: at its deadline while it is open, and `retention`
    /// after its last write (for an expired one not before its deadline) once it is closed.
    #[must_use]
    pub fn due(&self, protocol: &Protocol) -> Tick {
        match self.lifecycle {
            Lifecycle::Open { .. } | Lifecycle::Awaiting { .. } => self.deadline,
            Lifecycle::Closed { at } if self.state == protocol.expired() => {
                at.max(self.deadline).after(protocol.retention())
            }
            Lifecycle::Closed { at } => at.after(protocol.retention()),
        }
    }

    /// The claim that is held, if any: its lease may have ended.
    #[must_use]
    pub fn claim(&self) -> Option<&Claim> {
        match &self.lifecycle {
            Lifecycle::Awaiting { claim } => Some(claim),
            Lifecycle::Open { .. } | Lifecycle::Closed { .. } => None,
        }
    }

    /// The facts that an observation of this flow shows at `now`.
    #[must_use]
    pub fn told_at(&self, protocol: &Protocol, now: &Now) -> Told {
        Told {
            state: self.state_at(protocol, now),
            flow_id: self.flow_id.clone(),
            expires_at: self.expires_at.clone(),
            members: self.members.clone(),
        }
    }

    /// When the flow ends, as told.
    #[must_use]
    pub fn expires_at(&self) -> &ExpiresAt {
        &self.expires_at
    }

    /// The backend's flow id as raw JSON text, once it gave one.
    #[must_use]
    pub fn flow_id(&self) -> Option<&Bytes> {
        self.flow_id.as_ref()
    }

    /// A member that the definition's `reply` entries gave so far, as raw JSON text.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Bytes> {
        let named = |(known, _): &&(String, Bytes)| known == name;
        self.members.iter().find(named).map(|(_, value)| value)
    }

    /// The state that the last recorded answer led to.
    #[must_use]
    pub fn last_answer_state(&self) -> Option<StateId> {
        self.last_answer.as_ref().map(|last| last.state)
    }

    /// The attempt whose answer was recorded last, if that was done under `claim`: how a process
    /// whose write was acknowledged to nobody knows it again.
    #[must_use]
    pub fn recorded_under(&self, claim: ClaimId) -> Option<&AttemptId> {
        let last = self.last_answer.as_ref();
        last.filter(|last| last.claim == claim)
            .map(|last| &last.attempt)
    }

    /// Whether a request with this fingerprint to `step` made the latest transition.
    #[must_use]
    pub fn was_moved_by(&self, step: StepId, fingerprint: Fingerprint) -> bool {
        let last = self.last_answer.as_ref();
        last.is_some_and(|last| last.step == step && last.fingerprint == fingerprint)
    }

    /// Whether `step` must not be called again: an earlier call of it has an unknown outcome.
    #[must_use]
    pub fn is_held(&self, step: StepId) -> bool {
        self.held.contains(&step)
    }

    /// The attempt whose answer is the latest recorded one of `step`.
    #[must_use]
    pub fn latest_answer(&self, step: StepId) -> Option<&AttemptId> {
        let of_step = |(answered, _): &&(StepId, AttemptId)| *answered == step;
        self.answered
            .iter()
            .find(of_step)
            .map(|(_, attempt)| attempt)
    }

    /// The flow's past.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The attempts whose recorded answers something still shows: the listed transitions, the
    /// latest answer of each step, and the start's.
    pub(super) fn shown_answers(&self) -> Vec<AttemptId> {
        let listed = self.history.transitions().iter();
        let mut shown: Vec<AttemptId> = listed
            .filter_map(|transition| transition.cause.as_ref())
            .map(|cause| cause.attempt.clone())
            .collect();
        for (_, attempt) in &self.answered {
            if !shown.contains(attempt) {
                shown.push(attempt.clone());
            }
        }
        shown
    }
}
