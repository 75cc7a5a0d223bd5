//! What the machine is asked, and what it answers.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::flow::answer::RecordedAnswer;
use crate::flow::history::Transition;
use crate::flow::ids::{AttemptId, ClaimId, Draw, Fingerprint};
use crate::flow::message::Message;
use crate::flow::record::Flow;
use crate::flow::refusal::Refusal;
use crate::protocol::members::Body;
use crate::protocol::step::Step;
use crate::protocol::table::StepId;

/// A request to run a step.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The step.
    pub step: &'a Step,
    /// The body, already found readable.
    pub body: &'a Body<'a>,
    /// The body's fingerprint.
    pub fingerprint: Fingerprint,
}

/// What a claim is made with.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Fresh identifiers.
    pub draw: Draw,
    /// How long the claim may live.
    pub lease: Duration,
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub enum Begin {
    /// Save this flow, then make this call.
    Call(Box<Begun>),
    /// The same request made the latest transition: tell its recorded answer again.
    Replay(AttemptId),
    /// The same request is under way under this claim.
    Join(ClaimId),
    /// Nothing happens.
    Refused(Refusal),
}

/// A flow that holds a claim, and the call the claim is for.
#[derive(Clone, Debug)]
pub struct Begun {
    /// The flow to save before the call is made.
    pub flow: Flow,
    /// The call.
    pub call: Call,
}

/// One call to the backend, and what settling it will need of the request. Its `Debug` form shows
/// no content.
#[derive(Clone)]
pub struct Call {
    /// The claim that fences the answer.
    pub claim: ClaimId,
    /// The step that is run.
    pub step: StepId,
    /// Which request it is.
    pub fingerprint: Fingerprint,
    /// The backend's idempotency key.
    pub attempt: AttemptId,
    /// What to send.
    pub message: Message,
    pub(super) remembered: Vec<(String, Bytes)>,
}

impl fmt::Debug for Call {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "call {:?} with a {:?}", self.attempt, self.message)
    }
}

/// What a whole answer led to.
#[derive(Clone, Debug)]
pub enum Settled {
    /// It moved the flow: save all of this in one operation, then tell it.
    Recorded(Box<Recorded>),
    /// It was not successful and no outcome takes it: the claim is released.
    Declined(Box<Flow>),
}

/// A flow that an answer moved.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The flow after it.
    pub flow: Flow,
    /// The answer to keep beside it.
    pub answer: Arc<RecordedAnswer>,
    /// What observers are told.
    pub transition: Transition,
    /// Answers that nothing shows any more.
    pub dropped: Vec<AttemptId>,
}

/// A flow that has become `expired`.
#[derive(Clone, Debug)]
pub struct Expired {
    /// The flow after it.
    pub flow: Flow,
    /// What observers are told.
    pub transition: Transition,
}

/// The claim is no longer the flow's, or the flow's deadline has passed: the answer is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stale;
