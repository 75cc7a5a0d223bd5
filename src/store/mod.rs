//! Where flows are kept. One mutation exists: replace a flow if it still has the version that was
//! read. A store promises that each operation is atomic and that an acknowledged one survives as
//! long as its durability class says.

mod index;
mod memory;
pub mod timed;

use std::sync::Arc;

use async_trait::async_trait;
use integrator_core::flow::answer::RecordedAnswer;
use integrator_core::flow::ids::{AttemptId, FlowHandle};
use integrator_core::flow::record::Flow;
use integrator_core::flow::time::{Now, Tick};
use thiserror::Error;

use crate::clock::Clock;

/// Which store to open, and its bounds.
#[derive(Clone, Copy, Debug)]
pub enum Options {
    /// Flows live as long as the process.
    Memory {
        /// How many flows may be stored, terminal ones included until they are removed.
        max_flows: u64,
        /// How many bytes of recorded answers may be held before no flow is started any more.
        max_bytes: u64,
    },
}

/// Opens the store that the options name.
#[must_use]
pub fn open(options: Options, clock: Arc<dyn Clock>) -> Arc<dyn FlowStore> {
    match options {
        Options::Memory {
            max_flows,
            max_bytes,
        } => Arc::new(memory::MemoryStore::new(max_flows, max_bytes, clock)),
    }
}

/// What makes two keyed starts one: the tenant's scope and the caller's idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StartKey(pub Arc<str>);

/// A flow with what the store's indexes need of it.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The flow.
    pub flow: Flow,
    /// When the sweeper has work with it.
    pub due: Tick,
    /// The name of its state.
    pub state: Arc<str>,
    /// Whether that state is terminal.
    pub terminal: bool,
}

/// What became of a creation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// The flow is stored.
    Created,
    /// The start key names this flow already; nothing was stored.
    Existing(FlowHandle),
    /// A bound is reached; nothing was stored. The text says which.
    Full(String),
}

/// A reading of one flow, with the time at which the store read it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The flow, if it is stored.
    pub flow: Option<Arc<Flow>>,
    /// The store's now.
    pub now: Now,
}

/// A flow's next record, to be written only over the version that was read.
#[derive(Clone, Debug)]
pub struct Replacement {
    /// Which flow.
    pub handle: FlowHandle,
    /// The version that was read.
    pub over: u64,
    /// What takes its place.
    pub next: Next,
    /// Refuse from this instant on, judged by the store's own clock in the same operation.
    pub not_after: Option<Tick>,
}

/// What takes the place of a record.
#[derive(Clone, Debug)]
pub enum Next {
    /// The next record, with the changes of the answers beside it.
    Record {
        /// The flow.
        stored: Box<Stored>,
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
    /// The flow is gone or has another version; nothing was written.
    Conflict,
    /// `not_after` has come; nothing was written.
    TooLate,
}

/// Flows that the sweeper has work with.
#[derive(Clone, Debug)]
pub struct Due {
    /// Their handles, most overdue first; a hint, to be checked under each record.
    pub handles: Vec<FlowHandle>,
    /// When the first of them became due.
    pub oldest: Option<Tick>,
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
#[derive(Clone, Debug, Error)]
pub enum StoreError {
    /// It cannot be reached or does not answer in time. A mutation may or may not have happened.
    #[error("the store does not answer: {cause}")]
    Unavailable {
        /// What the store or its driver said.
        cause: String,
    },
}

/// A keeper of flows. See the module for what every store promises.
#[async_trait]
pub trait FlowStore: Send + Sync {
    /// The store's name in metrics and logs.
    fn kind(&self) -> &'static str;

    /// The store's clock.
    async fn now(&self) -> Result<Now, StoreError>;

    /// Stores a new flow, unless its start key names one already or a bound is reached.
    async fn create(&self, stored: Stored, key: Option<StartKey>) -> Result<Created, StoreError>;

    /// The flow that a start key names.
    async fn started(&self, key: &StartKey) -> Result<Option<FlowHandle>, StoreError>;

    /// Reads a flow.
    async fn load(&self, handle: &FlowHandle) -> Result<Loaded, StoreError>;

    /// Reads a recorded answer of a flow.
    async fn answer(
        &self,
        handle: &FlowHandle,
        attempt: &AttemptId,
    ) -> Result<Option<Arc<RecordedAnswer>>, StoreError>;

    /// Replaces a flow if it still has the version that was read.
    async fn replace(&self, replacement: Replacement) -> Result<Replaced, StoreError>;

    /// At most `limit` flows that are due; costs what is due, not what is stored.
    async fn due(&self, limit: usize) -> Result<Due, StoreError>;

    /// Counts over all that is stored.
    async fn census(&self) -> Result<Census, StoreError>;
}
