//! The shape in which a flow outlives a process: names in place of table positions, so that a
//! record can be read under the definition it was written under and under no other.
//!
//! A record that does not fit its definition is never guessed at: reading it back says which
//! member does not fit and why.

mod read;
mod write;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use self::read::{restore_answer, restore_flow};
pub use self::write::{persist_answer, persist_flow};

/// A flow's head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PersistedFlow {
    /// Its handle.
    pub handle: String,
    /// The name of its protocol.
    pub protocol: String,
    /// The digest of the definition that every name here belongs to.
    pub digest: String,
    /// Its correlation id.
    pub correlation: String,
    /// The fingerprint of a keyed start, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyed: Option<String>,
    /// When it was created, RFC 3339.
    pub issued: String,
    /// Counts every stored mutation, from 1.
    pub version: u64,
    /// The stored state.
    pub state: String,
    /// Open, awaiting or closed.
    pub lifecycle: PersistedLifecycle,
    /// When it entered its state, in milliseconds of the store's clock.
    pub entered: i64,
    /// When it expires, in milliseconds of the store's clock.
    pub deadline: i64,
    /// When it expires, as told.
    pub expires: PersistedExpiry,
    /// The backend's flow id, as raw JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_id: Option<String>,
    /// The request whose answer made the latest transition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<PersistedLast>,
    /// By step: the members that its request is remembered by, names and raw JSON text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remembered: Vec<(String, Vec<(String, String)>)>,
    /// Values of recorded answers that sources name: step, pointer, raw JSON text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<(String, String, String)>,
    /// Members of the observation: names and raw JSON text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<(String, String)>,
    /// By step: the attempt whose answer is its latest recorded one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answered: Vec<(String, String)>,
    /// Steps that must not be called again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<String>,
    /// Transitions in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transitions: Vec<PersistedTransition>,
    /// Self-loops that are no longer listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub self_loops_omitted: u64,
    /// The latest unanswered attempts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<PersistedAttempt>,
}

/// One of a flow's three lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub enum PersistedLifecycle {
    /// No claim is held.
    Open {
        /// The latest request without a recorded answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unanswered: Option<PersistedRequest>,
    },
    /// A claim is held.
    Awaiting {
        /// Which request holds it.
        request: PersistedRequest,
        /// The claim's own id, 32 hexadecimal digits.
        claim: String,
        /// When its lease ends, in milliseconds of the store's clock.
        lease_until: i64,
        /// When it was made, RFC 3339.
        claimed_at: String,
    },
    /// The flow has ended.
    Closed {
        /// When, in milliseconds of the store's clock.
        at: i64,
    },
}

/// A request to a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PersistedRequest {
    /// The step.
    pub step: String,
    /// SHA-256 of its body, in hexadecimal.
    pub fingerprint: String,
    /// The attempt id that the backend sees.
    pub attempt: String,
}

/// The request whose answer was recorded last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PersistedLast {
    /// The request.
    pub request: PersistedRequest,
    /// The claim that it was recorded under, 32 hexadecimal digits.
    pub claim: String,
    /// The state that it led to.
    pub state: String,
}

/// The text of an expiry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PersistedExpiry {
    /// The backend's own, as raw JSON text.
    Authored(String),
    /// Issue time plus `ttl`, RFC 3339.
    Computed(String),
}

/// One transition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PersistedTransition {
    /// The flow's version after it.
    pub version: u64,
    /// The state before.
    pub from: String,
    /// The state after.
    pub to: String,
    /// When, RFC 3339.
    pub at: String,
    /// When, in milliseconds of the store's clock.
    pub tick: i64,
    /// The answer that led to it: step, attempt and the backend's HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<(String, String, u16)>,
}

/// One call without a recorded answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PersistedAttempt {
    /// The step.
    pub step: String,
    /// The attempt id.
    pub attempt: String,
    /// When it ended, RFC 3339.
    pub at: String,
    /// How it ended.
    pub ending: PersistedEnding,
}

/// How a call ended that left no recorded answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each names its ending, told in the history's")]
pub enum PersistedEnding {
    UnavailableNotSent,
    UnavailableUnknown,
    TimedOutNotSent,
    TimedOutUnknown,
    Declined(u16),
    Interrupted,
    Lapsed,
    Overtaken,
    Unsaved,
}

/// What is kept of a recorded answer beside its body, which is kept as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PersistedAnswer {
    /// The step that was asked.
    pub step: String,
    /// The attempt that was answered.
    pub attempt: String,
    /// The backend's HTTP status.
    pub status: u16,
    /// Its `Content-Type`, one character for each byte (ISO 8859-1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Why the definition could not place it; absent where it could.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unclassified: Option<String>,
    /// The state that was told with it.
    pub state: String,
    /// The backend's flow id that was told with it, as raw JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_id: Option<String>,
    /// The expiry that was told with it.
    pub expires: PersistedExpiry,
    /// The members that were told with it: names and raw JSON text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<(String, String)>,
}

/// A record that does not fit its definition.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("member '{member}' holds {found}, which {reason}")]
pub struct Unrestorable {
    /// Which member.
    pub member: &'static str,
    /// What it holds; names and numbers alone, never what a backend or caller said.
    pub found: String,
    /// Why it cannot be taken.
    pub reason: &'static str,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference to what it may skip"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}
