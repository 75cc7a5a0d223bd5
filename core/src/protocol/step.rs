//! One compiled step: what it needs, what it sends, what its answers mean.

use super::outcome::Outcome;
use super::table::{StateId, StepId};
use crate::json::Pointer;

/// One step of a protocol.
#[derive(Clone, Debug)]
pub struct Step {
    pub(super) id: StepId,
    pub(super) name: String,
    pub(super) from: Vec<StateId>,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) require: Vec<String>,
    pub(super) remember: Vec<String>,
    pub(super) attach: Vec<(String, Source)>,
    pub(super) default: Vec<(String, Source)>,
    pub(super) reply: Vec<(String, Source)>,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) flow_id: Option<Pointer>,
    pub(super) expires_at: Option<Pointer>,
    pub(super) repeatable: bool,
    pub(super) unknown: Unknown,
    pub(super) keep: Vec<Pointer>,
}

/// The HTTP method of a step's call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `POST`
    Post,
}

impl Method {
    /// The method as HTTP spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
        }
    }
}

/// What becomes of a step after a call whose outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// The next request may call again, a same one under the same attempt id.
    Retry,
    /// No further call is made for this step.
    Hold,
}

/// Where a member's value comes from; values travel as raw JSON text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The flow's handle.
    FlowHandle,
    /// The backend's id of the flow.
    FlowId,
    /// The flow's correlation id.
    CorrelationId,
    /// A remembered request member of the latest recorded run of a step.
    Request {
        /// The step that remembered it.
        step: StepId,
        /// The member's name, then the way into its value.
        pointer: Pointer,
    },
    /// The latest recorded answer to a step.
    Response {
        /// The step that was answered.
        step: StepId,
        /// The way into the answer.
        pointer: Pointer,
    },
    /// This step's own, newest answer.
    ThisResponse(Pointer),
}

impl Step {
    /// The step's number.
    #[must_use]
    pub const fn id(&self) -> StepId {
        self.id
    }

    /// The step's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The states that it may be taken in.
    #[must_use]
    pub fn from(&self) -> &[StateId] {
        &self.from
    }

    /// The method of its call.
    #[must_use]
    pub const fn method(&self) -> Method {
        self.method
    }

    /// The path of its call, as it is to be sent, below the backend's base.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The request members that must be non-empty strings.
    #[must_use]
    pub fn require(&self) -> &[String] {
        &self.require
    }

    /// The request members that are kept with a recorded answer.
    #[must_use]
    pub fn remember(&self) -> &[String] {
        &self.remember
    }

    /// The members that the flow adds and callers may not send, in definition
    /// order. Each source has been proved to be there.
    #[must_use]
    pub fn attach(&self) -> &[(String, Source)] {
        &self.attach
    }

    /// The members that the flow adds unless they are sent, in definition
    /// order. A source that resolves to nothing adds nothing.
    #[must_use]
    pub fn default(&self) -> &[(String, Source)] {
        &self.default
    }

    /// The members that the observation shows from this step's recorded answer
    /// on, in definition order. A source that resolves to nothing shows
    /// nothing.
    #[must_use]
    pub fn reply(&self) -> &[(String, Source)] {
        &self.reply
    }

    /// The rules that place an answer, in the order they are tried.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// Where the answer holds the backend's id of the flow.
    #[must_use]
    pub const fn flow_id(&self) -> Option<&Pointer> {
        self.flow_id.as_ref()
    }

    /// Where the answer may hold the flow's new deadline.
    #[must_use]
    pub const fn expires_at(&self) -> Option<&Pointer> {
        self.expires_at.as_ref()
    }

    /// Whether a same request is a new call (polling), never a replay.
    #[must_use]
    pub const fn repeatable(&self) -> bool {
        self.repeatable
    }

    /// What becomes of the step after a call whose outcome is unknown.
    #[must_use]
    pub const fn unknown(&self) -> Unknown {
        self.unknown
    }

    /// The places in this step's answer that a source of any step refers to,
    /// each once: what must be at hand of the latest recorded answer.
    #[must_use]
    pub fn keep(&self) -> &[Pointer] {
        &self.keep
    }
}
