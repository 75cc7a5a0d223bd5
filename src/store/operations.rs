//! What stores are asked, and what they answer.

use std::fmt;
use std::sync::Arc;

use integrator_core::flow::answer::RecordedAnswer;
use integrator_core::flow::ids::{AttemptId, ClaimId, FlowHandle};
use integrator_core::flow::record::Flow;
use integrator_core::flow::time::{Now, Tick};
use thiserror::Error;

use super::stored::{DuePosition, Stored};

/// What became of a creation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// The flow is stored.
    Created,
    /// The start key names this flow already; nothing was stored.
    Existing(FlowHandle),
    /// Another creation under the start key is under way at another process; nothing was stored.
    Busy,
    /// A bound is reached; nothing was stored. The text says which.
    Full(String),
}

/// A reading of one flow, with the time at which the store read it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The flow, if it is stored.
    pub stored: Option<Stored>,
    /// The store's now.
    pub now: Now,
}

/// A reading of several flows, with the time of that reading.
#[derive(Clone, Debug)]
pub struct LoadedAll {
    /// Each flow, in the order that was asked for: none where it is not stored, or why its record
    /// cannot be read.
    pub flows: Vec<Result<Option<Stored>, StoreError>>,
    /// The store's now: no later than the readings.
    pub now: Now,
}

/// A flow's next record, to be written only over the one that was read.
#[derive(Clone, Debug)]
pub struct Replacement {
    /// Which flow.
    pub handle: FlowHandle,
    /// The version that was read.
    pub over: u64,
    /// The claim that was held then. A version is a counter, which a failover can turn back, so
    /// that it comes again under another claim; a claim's random id never does.
    pub fence: Option<ClaimId>,
    /// What takes its place.
    pub next: Next,
    /// Refuse from this instant on, judged by the store's own clock in the same operation.
    pub not_after: Option<Tick>,
}

impl Replacement {
    /// Replaces a flow as it was read: only as long as neither its version nor its claim changed.
    pub(crate) fn over(flow: &Flow, next: Next, not_after: Option<Tick>) -> Self {
        Self {
            handle: flow.handle().clone(),
            over: flow.version(),
            fence: flow.claim().map(|claim| claim.id),
            next,
            not_after,
        }
    }
}

/// What takes the place of a record.
#[derive(Clone, Debug)]
pub enum Next {
    /// The next record, with the changes of the answers beside it.
    Record {
        /// The flow.
        stored: Stored,
        /// An answer to keep beside it from now on.
        answer: Option<Arc<RecordedAnswer>>,
        /// Answers that nothing shows any more.
        dropped: Vec<AttemptId>,
    },
    /// Nothing: the flow is removed, its answers and its start key with it.
    Nothing,
}

/// What became of a replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// It is written.
    Done,
    /// The flow is gone, has another version or another claim; nothing was written.
    Conflict,
    /// `not_after` has come; nothing was written.
    TooLate,
}

/// Flows that the sweeper has work with.
#[derive(Clone, Debug)]
pub struct Due {
    /// Which, most overdue first; hints, to be checked under each record.
    pub positions: Vec<DuePosition>,
    /// The store's now.
    pub now: Now,
}

/// Counts over all that is stored, kept as flows change and never by a scan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Flows stored.
    pub flows: u64,
    /// Of these, flows whose stored state is terminal.
    pub terminal: u64,
    /// Bytes of recorded answers held.
    pub bytes: u64,
    /// The same by protocol and state; states that hold no flow may be missing.
    pub states: Vec<StateCensus>,
}

/// The flows of one protocol in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateCensus {
    /// The protocol's name.
    pub protocol: Arc<str>,
    /// The state's name.
    pub state: Arc<str>,
    /// How many flows.
    pub flows: u64,
    /// Issue time of the oldest, in milliseconds since the Unix epoch.
    pub oldest_issued_ms: Option<i64>,
}

/// The store did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StoreError {
    /// It cannot be reached, does not answer in time or takes no writes. A mutation may or may
    /// not have happened.
    #[error("the store does not answer: {cause}")]
    Unavailable {
        /// What the store or its driver said.
        cause: String,
    },
    /// A record cannot be read: it is damaged, or a newer version of this program wrote it.
    /// Nothing was changed.
    #[error("{coordinates} cannot be read: {reason}")]
    Unreadable {
        /// Which record, and where.
        coordinates: String,
        /// Why.
        reason: String,
    },
}

impl StoreError {
    /// The store cannot be asked, for this reason.
    pub fn unavailable(cause: impl fmt::Display) -> Self {
        Self::Unavailable {
            cause: cause.to_string(),
        }
    }
}

/// What an acknowledged write survives; the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// Nothing: flows end with the integrator's process.
    Process,
    /// The integrator's end, not the store's.
    StoreProcess,
    /// The store's end, but for what came since its latest snapshot: minutes.
    Minutes,
    /// The store's end; a loss of power takes the last second or two.
    Second,
    /// A loss of power of the machine that holds the store.
    PowerLoss,
    /// The loss of that machine: another one had each write before it was acknowledged.
    Failover,
    /// The store does not tell.
    Unknown,
}

impl Durability {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Process,
        Self::StoreProcess,
        Self::Minutes,
        Self::Second,
        Self::PowerLoss,
        Self::Failover,
        Self::Unknown,
    ];

    /// The class as it stands in logs, `/health` and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::StoreProcess => "store_process",
            Self::Minutes => "minutes",
            Self::Second => "second",
            Self::PowerLoss => "power_loss",
            Self::Failover => "failover",
            Self::Unknown => "unknown",
        }
    }
}

/// What a store said of itself when it was made ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// What its acknowledged writes survive.
    pub durability: Durability,
    /// The product and its version.
    pub version: String,
    /// The settings that the class follows from, as `name`, `value`.
    pub settings: Vec<(String, String)>,
    /// What is allowed but doubtful.
    pub warnings: Vec<String>,
}

/// The store is not ready for flows.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PrepareError {
    /// It does not answer; it may later.
    #[error("the store does not answer: {0}")]
    Unreachable(String),
    /// It answers and must not be used as it is; waiting does not help.
    #[error("{0}")]
    Unsuitable(String),
}
