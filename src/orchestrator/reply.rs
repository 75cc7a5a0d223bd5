//! What a request brought.

use std::sync::Arc;

use integrator_core::flow::answer::RecordedAnswer;
use integrator_core::flow::answer::Told;
use integrator_core::flow::history::History;
use integrator_core::flow::ids::AttemptId;
use integrator_core::flow::record::Origin;
use integrator_core::protocol::Protocol;

use super::failure::Failure;

/// A reply, or why there is none.
pub type Outcome = Result<Reply, Failure>;

/// A recorded answer of the backend, to be told to the caller.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The flow's lasting facts.
    pub origin: Origin,
    /// Its protocol.
    pub protocol: Arc<Protocol>,
    /// The answer and what is told with it.
    pub answer: Arc<RecordedAnswer>,
    /// Whether an earlier request brought it.
    pub replayed: bool,
}

/// A recorded answer, as a reader asks for it.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The flow's lasting facts.
    pub origin: Origin,
    /// The answer.
    pub answer: Arc<RecordedAnswer>,
}

/// A flow as a reader sees it.
#[derive(Clone, Debug)]
pub struct Observation {
    /// The flow's lasting facts.
    pub origin: Origin,
    /// Its protocol.
    pub protocol: Arc<Protocol>,
    /// What changes over its life.
    pub told: Told,
    /// Whether its last recorded answer led anywhere, and where.
    pub last_answer: Option<String>,
}

/// A flow's past, with the recorded answers that it names.
#[derive(Clone, Debug)]
pub struct Past {
    /// The flow's lasting facts.
    pub origin: Origin,
    /// Its protocol.
    pub protocol: Arc<Protocol>,
    /// What happened.
    pub history: History,
    /// The answers that its transitions name.
    pub answers: Vec<Arc<RecordedAnswer>>,
}

impl Past {
    /// The recorded answer of an attempt.
    #[must_use]
    pub fn answer(&self, attempt: &AttemptId) -> Option<&RecordedAnswer> {
        self.answers
            .iter()
            .find(|answer| answer.attempt == *attempt)
            .map(Arc::as_ref)
    }
}
