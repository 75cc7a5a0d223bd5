//! What a scenario says.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use integrator_core::flow::answer::WholeAnswer;
use integrator_core::flow::history::Ending;
use serde_json::Value as Json;

/// What is to happen: runs, each with a flow of its own.
#[derive(Debug)]
pub struct Scenario {
    pub(super) runs: Vec<Run>,
}

#[derive(Debug)]
pub(super) struct Run {
    pub(super) title: String,
    pub(super) requests: Vec<Request>,
}

/// One thing that happens to a flow.
#[derive(Debug)]
pub(super) struct Request {
    /// Where it stands: `FILE:LINE`.
    pub(super) place: String,
    /// Time that passes before it.
    pub(super) after: Duration,
    /// The request; without one the flow is only looked at.
    pub(super) asked: Option<Asked>,
    /// What the backend answers, if it is called.
    pub(super) answer: Option<Answer>,
    pub(super) expect: Option<Expect>,
}

/// A request to run a step.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) step: String,
    pub(super) body: Bytes,
    pub(super) headers: HeaderMap,
    /// Whether it arrives as a callback.
    pub(super) callback: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Answer {
    Whole(WholeAnswer),
    None(Ending),
}

/// What must come out.
#[derive(Debug)]
pub(super) struct Expect {
    pub(super) state: Option<String>,
    pub(super) code: Option<String>,
    pub(super) replayed: Option<bool>,
    pub(super) call: Option<String>,
    pub(super) called: Option<bool>,
    pub(super) sent: Option<Json>,
    pub(super) headers: Option<Json>,
    pub(super) members: Option<Json>,
}
