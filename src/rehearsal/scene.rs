//! What became of one request.

use std::time::Duration;

use http::HeaderMap;
use integrator_core::flow::message::Payload;
use integrator_core::protocol::Method;

use super::Outcome;
use crate::orchestrator::code::Code;

/// One request of a run, played.
#[derive(Debug, Default)]
pub(super) struct Scene {
    /// Where it stands in the scenario.
    pub(super) place: String,
    /// Time that passed before it.
    pub(super) after: Duration,
    /// What time alone did to the flow before it.
    pub(super) elapsed: Option<String>,
    /// The step that was asked for, and the body; nothing where the flow was looked at.
    pub(super) asked: Option<(String, String)>,
    /// The call that was made.
    pub(super) called: Option<Called>,
    /// What the backend answered, in words.
    pub(super) answered: Option<String>,
    /// What the caller was told.
    pub(super) told: Told,
    /// The state before and after, as far as there was a flow.
    pub(super) states: (Option<String>, Option<String>),
    /// The members of the observation that the definition names, as JSON texts.
    pub(super) members: Vec<(String, String)>,
    /// What is not as the scenario says.
    pub(super) differences: Vec<String>,
    /// Whether the run cannot go on.
    pub(super) stuck: bool,
}

/// A call as it would be sent.
#[derive(Debug)]
pub(super) struct Called {
    pub(super) method: Method,
    /// Path and query.
    pub(super) target: String,
    /// The request's headers that go along.
    pub(super) headers: HeaderMap,
    /// The body's bytes as text.
    pub(super) body: String,
    /// What it is made of.
    pub(super) payload: Payload,
}

/// What the caller of a request is told.
#[derive(Debug, Default)]
pub(super) enum Told {
    /// The observation.
    #[default]
    Observation,
    /// The observation of an earlier answer.
    Replayed,
    /// A problem.
    Problem {
        code: Code,
        detail: String,
        replayed: bool,
    },
}

impl Scene {
    pub(super) fn is_stuck(&self) -> bool {
        self.stuck
    }

    pub(super) fn outcome(&self) -> Outcome {
        let call = self.called.as_ref();
        Outcome {
            code: self.told.code().map(Code::as_str),
            replayed: self.told.is_replayed(),
            state: self.states.1.clone(),
            call: call.map(|called| (called.line(), called.body.clone())),
        }
    }

    pub(super) fn refuse(&mut self, code: Code, detail: impl Into<String>) {
        self.told = Told::Problem {
            code,
            detail: detail.into(),
            replayed: false,
        };
    }

    pub(super) fn differs(&mut self, difference: impl Into<String>) {
        self.differences.push(difference.into());
    }
}

impl Called {
    /// `POST /path?query`, as a scenario expects it.
    pub(super) fn line(&self) -> String {
        format!("{} {}", self.method.as_str(), self.target)
    }
}

impl Told {
    pub(super) fn code(&self) -> Option<Code> {
        match self {
            Self::Observation | Self::Replayed => None,
            Self::Problem { code, .. } => Some(*code),
        }
    }

    pub(super) fn is_replayed(&self) -> bool {
        match self {
            Self::Observation => false,
            Self::Replayed => true,
            Self::Problem { replayed, .. } => *replayed,
        }
    }
}
