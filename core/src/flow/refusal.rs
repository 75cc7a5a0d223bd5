//! Why a request was refused without touching anything: from where, by which step, why, and
//! which steps are allowed. The words are for the caller; the status code is the api's business.

use std::fmt;

use crate::protocol::members::InvalidInput;
use crate::protocol::step::Step;
use crate::protocol::table::{Protocol, START, StateId};

/// A request that the machine does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The step that was requested.
    pub step: String,
    /// The state the flow is in.
    pub state: String,
    /// The steps that this state allows; none where it is terminal.
    pub allowed: Vec<String>,
    /// Why.
    pub why: Why,
}

/// The reason of a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The flow has expired.
    Expired,
    /// The flow is in a terminal state other than `expired`.
    Terminal,
    /// The step does not start from this state.
    OutOfSequence {
        /// The states it starts from.
        needs: Vec<String>,
    },
    /// A member is missing, misplaced or too large.
    Members(InvalidInput),
    /// Another request holds the claim.
    InProgress,
    /// An earlier call of this step got no answer and must not be made twice.
    OutcomeUnknown,
    /// The idempotency key was used with another body or protocol.
    KeyReused,
}

impl Refusal {
    /// A refusal of `step` in `state`.
    #[must_use]
    pub fn new(protocol: &Protocol, state: StateId, step: &Step, why: Why) -> Self {
        let allowed = protocol.allowed_steps(state);
        Self {
            step: step.name().to_owned(),
            state: protocol.state_name(state).to_owned(),
            allowed: allowed.map(|step| step.name().to_owned()).collect(),
            why,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, state, .. } = self;
        match &self.why {
            Why::Expired if step == START => write!(
                out,
                "the flow that this Idempotency-Key names has expired. Start a new flow, with a \
                 new key."
            ),
            Why::Expired => write!(
                out,
                "the flow has expired, so step '{step}' cannot run. Start a new flow."
            ),
            Why::Terminal => write!(
                out,
                "the flow has ended in {state}, so step '{step}' cannot run. Start a new flow."
            ),
            Why::OutOfSequence { needs } => {
                let needs = needs.join(" or ");
                write!(
                    out,
                    "step '{step}' needs state {needs}; the flow is in {state}. "
                )?;
                self.write_way_on(out)
            }
            Why::Members(invalid) => write!(out, "{invalid}"),
            Why::InProgress => write!(
                out,
                "another request is running a step of this flow. Ask for its status, or try again."
            ),
            Why::OutcomeUnknown => {
                write!(
                    out,
                    "an earlier call of step '{step}' reached the backend and its answer is \
                     unknown; a second call could do harm. Ask the backend what became of it; \
                     the step stays held until the flow expires."
                )?;
                let others = self.allowed.iter().filter(|allowed| *allowed != step);
                let others: Vec<&str> = others.map(String::as_str).collect();
                match others.as_slice() {
                    [] => Ok(()),
                    open => write!(out, " Open meanwhile: {}.", open.join(", ")),
                }
            }
            Why::KeyReused => write!(
                out,
                "this Idempotency-Key was used to start a flow with another body or protocol. \
                 Use a new key for a new start."
            ),
        }
    }
}

impl Refusal {
    fn write_way_on(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.allowed.as_slice() {
            [] => write!(out, "No step can be requested from there."),
            [only] => write!(out, "Request {only} first."),
            many => write!(out, "Request one of {} first.", many.join(", ")),
        }
    }
}
