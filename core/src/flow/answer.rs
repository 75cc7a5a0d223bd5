//! A recorded answer of the backend, and what the caller was told with it.

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;

use super::ids::AttemptId;
use crate::protocol::table::{StateId, StepId};

/// A whole HTTP answer of the backend, as it arrived. Its `Debug` form shows no content.
#[derive(Clone, PartialEq, Eq)]
pub struct WholeAnswer {
    /// HTTP status, 200 to 599.
    pub status: u16,
    /// The answer's own `Content-Type`, byte for byte; absent where the backend sent none.
    pub content_type: Option<Bytes>,
    /// The body, byte for byte, before anything is looked at.
    pub body: Bytes,
}

impl fmt::Debug for WholeAnswer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "answer {} of {} bytes", self.status, self.body.len())
    }
}

/// An answer that moved its flow. Kept beside the flow's head, by attempt, and never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedAnswer {
    /// The step that was asked.
    pub step: StepId,
    /// The attempt that was answered.
    pub attempt: AttemptId,
    /// What the backend said.
    pub answer: WholeAnswer,
    /// Whether the definition could place it.
    pub placing: Placing,
    /// The facts that the step's own reply showed, so that a replay shows them again.
    pub told: Told,
}

impl RecordedAnswer {
    /// Bytes that count against the bound on recorded answers.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        let content_type = self.answer.content_type.as_ref().map_or(0, Bytes::len);
        (self.answer.body.len() + content_type) as u64
    }
}

/// Whether the definition could place an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placing {
    /// One of the step's outcomes matched.
    Placed,
    /// A successful answer that no outcome takes; the reason names pointers, never content.
    Unclassified {
        /// What the definition could not find.
        reason: String,
    },
}

/// The facts of an observation that change over a flow's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The state that the answer led to.
    pub state: StateId,
    /// The backend's flow id, as raw JSON text.
    pub flow_id: Option<Bytes>,
    /// When the flow ends.
    pub expires_at: ExpiresAt,
    /// Members that the definition's `reply` entries gave so far: name and raw JSON text.
    pub members: Vec<(String, Bytes)>,
}

/// The text of a flow's expiry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpiresAt {
    /// The backend's own, as raw JSON text; repeated unchanged.
    Authored(Bytes),
    /// Issue time plus the protocol's `ttl`.
    Computed(Timestamp),
}
