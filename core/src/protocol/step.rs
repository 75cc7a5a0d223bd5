//! One compiled step: what it needs, what it sends, what its answers mean.

use std::sync::Arc;

use super::outcome::Outcome;
use super::table::{StateId, StepId};
use crate::json::Pointer;

/// One step of a protocol.
#[derive(Clone, Debug)]
pub struct Step {
    pub(super) id: StepId,
    pub(super) name: String,
    pub(super) from: Vec<StateId>,
    pub(super) path: PathTemplate,
    pub(super) sends: Sends,
    pub(super) headers: Vec<String>,
    pub(super) callback: Option<Pointer>,
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
    /// `GET`
    Get,
    /// `POST`
    Post,
}

impl Method {
    /// The method as HTTP spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// How what a step sends travels, which says the method too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sends {
    /// The caller's own JSON with the added members spliced in.
    Json,
    /// The members as `application/x-www-form-urlencoded`.
    Form,
    /// The request's bytes and content type, untouched and unread.
    Raw,
    /// The members as the query of a GET.
    Query,
}

impl Sends {
    /// The method of a call that sends so.
    #[must_use]
    pub const fn method(self) -> Method {
        match self {
            Self::Json | Self::Form | Self::Raw => Method::Post,
            Self::Query => Method::Get,
        }
    }

    /// The word that a definition says in `body`; a GET has no body.
    #[must_use]
    pub const fn body(self) -> Option<&'static str> {
        match self {
            Self::Json => Some("json"),
            Self::Form => Some("form"),
            Self::Raw => Some("raw"),
            Self::Query => None,
        }
    }
}

/// The path of a call, below the backend's base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathTemplate {
    pub(super) text: String,
    pub(super) pieces: Vec<PathPiece>,
}

/// A part of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathPiece {
    /// Sent as it is written, slashes and percent-encoding included.
    Written(Arc<str>),
    /// A whole segment, between slashes, whose text is the source's value.
    Value(Source),
}

impl PathTemplate {
    /// The path as the definition spells it, sources in braces.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its parts in order; each source has been proved to be there.
    #[must_use]
    pub fn pieces(&self) -> &[PathPiece] {
        &self.pieces
    }

    /// The sources in it, in order.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.pieces.iter().filter_map(|piece| match piece {
            PathPiece::Written(_) => None,
            PathPiece::Value(source) => Some(source),
        })
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
        self.sends.method()
    }

    /// The path of its call, below the backend's base.
    #[must_use]
    pub const fn path(&self) -> &PathTemplate {
        &self.path
    }

    /// How what it sends travels.
    #[must_use]
    pub const fn sends(&self) -> Sends {
        self.sends
    }

    /// The request headers that go along, in lower case.
    #[must_use]
    pub fn headers(&self) -> &[String] {
        &self.headers
    }

    /// Where a callback's body holds the backend's id of the flow, if the step can be called back.
    #[must_use]
    pub const fn callback(&self) -> Option<&Pointer> {
        self.callback.as_ref()
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

    /// Every source that the step names: in its path, `attach`, `default` and `reply`.
    pub(super) fn sources(&self) -> impl Iterator<Item = &Source> {
        let tables = [&self.attach, &self.default, &self.reply];
        let members = tables.into_iter().flatten().map(|(_, source)| source);
        self.path.sources().chain(members)
    }

    /// The places in this step's answer that a source of any step refers to,
    /// each once: what must be at hand of the latest recorded answer.
    #[must_use]
    pub fn keep(&self) -> &[Pointer] {
        &self.keep
    }
}
