//! The three lives of a flow; each variant holds the facts that are true in it and no others.

use std::time::Duration;

use jiff::Timestamp;

use super::ids::{AttemptId, ClaimId, Fingerprint};
use super::time::Tick;
use crate::protocol::table::StepId;

/// How long a claim lives: the backend's whole deadline and this much more to settle it.
pub const SETTLE_ALLOWANCE: Duration = Duration::from_secs(2);

/// Whether a flow may be claimed, is claimed, or has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// No claim is held.
    Open {
        /// The latest request that was sent on its way and got no recorded answer.
        unanswered: Option<Unanswered>,
    },
    /// One request has the right to call the backend.
    Awaiting {
        /// That right.
        claim: Claim,
    },
    /// The state is terminal; nothing changes any more.
    Closed {
        /// When it was closed, on the store's clock.
        at: Tick,
    },
}

/// A request without a recorded answer: the next same request carries its attempt id again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// The step that was requested.
    pub step: StepId,
    /// Which body was sent.
    pub fingerprint: Fingerprint,
    /// The id that the backend saw.
    pub attempt: AttemptId,
}

/// The right to make one call to the backend for a step of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What fences the answer.
    pub id: ClaimId,
    /// The step that is being run.
    pub step: StepId,
    /// Which body is being sent.
    pub fingerprint: Fingerprint,
    /// The backend's idempotency key.
    pub attempt: AttemptId,
    /// When the claim ends by itself, should its process have died.
    pub lease_until: Tick,
    /// When it was made, for people.
    pub claimed_at: Timestamp,
}

impl Claim {
    /// What remains of a claim that ended without a recorded answer.
    #[must_use]
    pub fn unanswered(&self) -> Unanswered {
        Unanswered {
            step: self.step,
            fingerprint: self.fingerprint,
            attempt: self.attempt.clone(),
        }
    }
}
