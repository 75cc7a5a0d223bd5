//! Why a request brought no answer, with the facts of its flow. Knows no HTTP.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use integrator_core::flow::answer::{ExpiresAt, WholeAnswer};
use integrator_core::flow::history::{Ending, Sent};
use integrator_core::flow::ids::FlowHandle;
use integrator_core::flow::record::Flow;
use integrator_core::flow::refusal::{Refusal, Why};
use integrator_core::flow::time::Now;
use integrator_core::protocol::{Protocol, StateId, Step};

use super::code::Code;
pub use crate::admission::Limited;
use crate::backend::error::CallError;
use crate::entropy::EntropyError;
use crate::store::StoreError;

/// A request without an answer.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What happened.
    pub kind: FailureKind,
    /// The flow it happened to, where one is known and remains.
    pub flow: Option<Box<FlowContext>>,
    /// The protocol, where it is known: that of the flow, whatever has been loaded since it began.
    pub protocol: Option<Arc<Protocol>>,
    /// The step, where it is known: a name that the protocol defines.
    pub step: Option<String>,
    /// The correlation id of the flow, where one is known.
    pub correlation_id: Option<Arc<str>>,
    /// What became of the flow by it.
    pub aftermath: Aftermath,
}

/// What became of a flow by a request that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aftermath {
    /// It stands as it stood.
    Unchanged,
    /// It stands as it stood, but the step is held: it must not be called twice.
    Held,
    /// It is gone: a start that nobody can repeat leaves none behind.
    NoFlow,
    /// The same, of a start whose second call could do harm.
    NoFlowHeld,
}

/// What a failure tells of its flow.
#[derive(Clone, Debug)]
pub struct FlowContext {
    /// Its handle.
    pub handle: FlowHandle,
    /// The backend's flow id as raw JSON text.
    pub flow_id: Option<Bytes>,
    /// Its state at the time.
    pub state: String,
    /// The steps that this state allows.
    pub allowed: Vec<String>,
    /// When it ends.
    pub expires_at: ExpiresAt,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum FailureKind {
    /// The request cannot be taken.
    InvalidInput(String),
    /// The request says that its body is no JSON, and the step takes nothing else.
    UnsupportedMediaType,
    /// The thing asked for does not exist; the text says which.
    NotFound(String),
    /// The flow machine refused the step.
    Refused(Refusal),
    /// The flow cannot be ended by hand: it has ended.
    Ended {
        /// In this state.
        state: String,
        /// Which is `expired`.
        is_expired: bool,
    },
    /// The backend gave no whole answer.
    Unanswered(CallError),
    /// The backend gave an answer that is not successful and that no outcome takes.
    Declined(WholeAnswer),
    /// The gate in front of the backend holds the request back.
    AdmissionLimited(Box<Limited>),
    /// A bound is reached; the text says which, and what goes on.
    CapacityExhausted(String),
    /// The store did not do what was asked.
    StoreUnavailable {
        /// What the store said.
        error: StoreError,
        /// Whether the backend may have acted, where a call was made.
        outcome: Option<Sent>,
    },
    /// The service stops and can no longer wait for the backend.
    ShuttingDown,
    /// A bug, or a machine that fails; the text is for the log alone.
    Internal(String),
}

impl Failure {
    pub(super) fn new(kind: FailureKind) -> Self {
        Self {
            kind,
            flow: None,
            protocol: None,
            step: None,
            correlation_id: None,
            aftermath: Aftermath::Unchanged,
        }
    }

    /// The same failure, told with the facts of its flow.
    pub(super) fn of_flow(self, flow: &Flow, protocol: &Arc<Protocol>, now: &Now) -> Self {
        self.in_state(flow, protocol, flow.state_at(protocol, now))
    }

    /// The same, for a flow whose state was found out otherwise.
    pub(super) fn in_state(
        mut self,
        flow: &Flow,
        protocol: &Arc<Protocol>,
        state: StateId,
    ) -> Self {
        self.flow = Some(Box::new(FlowContext {
            handle: flow.handle().clone(),
            flow_id: flow.flow_id().cloned(),
            state: protocol.state_name(state).to_owned(),
            allowed: protocol
                .allowed_steps(state)
                .filter(|step| !flow.is_held(step.id()))
                .map(|step| step.name().to_owned())
                .collect(),
            expires_at: flow.expires_at().clone(),
        }));
        self.correlation_id = Some(flow.origin().correlation_id.clone());
        self.protocol = Some(protocol.clone());
        self
    }

    /// The same, of a step that must not be called again.
    pub(super) fn holding(mut self, step: &Step) -> Self {
        self.aftermath = Aftermath::Held;
        if let Some(flow) = &mut self.flow {
            flow.allowed.retain(|allowed| allowed != step.name());
        }
        self
    }

    pub(super) fn at_step(mut self, step: &Step) -> Self {
        self.step = Some(step.name().to_owned());
        self
    }

    /// What the log is to tell and callers are not, or not alone: why the service itself failed.
    #[must_use]
    pub fn cause(&self) -> Option<Cow<'_, str>> {
        match &self.kind {
            FailureKind::Internal(cause) => Some(cause.into()),
            FailureKind::StoreUnavailable { error, .. } => Some(error.to_string().into()),
            FailureKind::InvalidInput(_)
            | FailureKind::UnsupportedMediaType
            | FailureKind::NotFound(_)
            | FailureKind::Refused(_)
            | FailureKind::Ended { .. }
            | FailureKind::Unanswered(_)
            | FailureKind::Declined(_)
            | FailureKind::AdmissionLimited(_)
            | FailureKind::CapacityExhausted(_)
            | FailureKind::ShuttingDown => None,
        }
    }

    /// Whether the request itself is at fault, so that it may mean something by another definition.
    pub(super) fn tells_of_the_request(&self) -> bool {
        matches!(
            self.code(),
            Code::InvalidInput | Code::UnsupportedMediaType | Code::NotFound
        )
    }

    /// Whether the store holds a record that it cannot read.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        let FailureKind::StoreUnavailable { error, .. } = &self.kind else {
            return false;
        };
        matches!(error, StoreError::Unreadable { .. })
    }

    /// The code by which callers know this failure.
    #[must_use]
    pub fn code(&self) -> Code {
        match &self.kind {
            FailureKind::InvalidInput(_) => Code::InvalidInput,
            FailureKind::UnsupportedMediaType => Code::UnsupportedMediaType,
            FailureKind::NotFound(_) => Code::NotFound,
            FailureKind::Refused(refusal) => refusal_code(&refusal.why),
            FailureKind::Ended {
                is_expired: true, ..
            } => Code::Expired,
            FailureKind::Ended { .. } => Code::TerminalState,
            FailureKind::Unanswered(error) => ending_code(error.ending()),
            FailureKind::Declined(_) => Code::BackendError,
            FailureKind::AdmissionLimited(_) => Code::AdmissionLimited,
            FailureKind::CapacityExhausted(_) => Code::CapacityExhausted,
            FailureKind::StoreUnavailable { .. } => Code::StoreUnavailable,
            FailureKind::ShuttingDown => Code::ShuttingDown,
            FailureKind::Internal(_) => Code::Internal,
        }
    }
}

/// The code by which callers know a refusal.
#[must_use]
pub fn refusal_code(why: &Why) -> Code {
    match why {
        Why::Expired => Code::Expired,
        Why::Terminal => Code::TerminalState,
        Why::OutOfSequence { .. } => Code::SequenceViolation,
        Why::Members(_) => Code::InvalidInput,
        Why::InProgress => Code::StepInProgress,
        Why::OutcomeUnknown => Code::OutcomeUnknown,
        Why::KeyReused => Code::IdempotencyKeyReused,
    }
}

/// The code under which the history lists an attempt that ended so.
#[must_use]
pub fn ending_code(ending: Ending) -> Code {
    match ending {
        Ending::Unavailable(_) => Code::BackendUnavailable,
        Ending::TimedOut(_) => Code::BackendTimeout,
        Ending::Declined { .. } => Code::BackendError,
        Ending::Interrupted => Code::ShuttingDown,
        Ending::Lapsed => Code::OutcomeUnknown,
        Ending::Overtaken => Code::Expired,
        Ending::Unsaved => Code::StoreUnavailable,
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(FailureKind::StoreUnavailable {
            error,
            outcome: None,
        })
    }
}

impl From<EntropyError> for Failure {
    fn from(error: EntropyError) -> Self {
        Self::new(FailureKind::Internal(error.to_string()))
    }
}
