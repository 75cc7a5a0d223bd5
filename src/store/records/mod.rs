//! Flows as records: what stores that outlive the process have in common. A database keeps
//! sealed texts and bytes and compares versions; what a record means is known here alone.

mod archive;
mod asking;
mod carrying;
mod codec;
mod definitions;
mod flows;
mod line;
mod standing;

use async_trait::async_trait;
use bytes::Bytes;
use integrator_core::flow::ids::{AttemptId, FlowHandle};
use integrator_core::flow::time::Tick;

pub use self::archive::{Archive, Carried, CarryError, check_file};
pub(super) use self::flows::RecordedFlows;
pub(super) use self::standing::Standing;
use super::operations::{Census, Created, PrepareError, Prepared, Replaced, StoreError};
use super::stored::{DuePosition, Facts, Position, Query, StartKey};

/// A text that is kept whole, with what tells whether it still is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sealed {
    /// The version of the format that it is written in.
    pub(super) schema: u16,
    /// The text: JSON.
    pub(super) text: String,
    /// SHA-256 over it, what is kept beside it, and where it belongs.
    pub(super) seal: [u8; 32],
}

/// A flow's head as a database keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The version that replacements compare.
    pub(super) version: u64,
    /// The flow.
    pub(super) sealed: Sealed,
}

/// A flow's head where one is stored, or why it cannot be read.
pub(super) type ReadHead = Result<Option<Head>, StoreError>;

/// A recorded answer as a database keeps it: beside the head, by attempt, never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The attempt that was answered.
    pub(super) attempt: AttemptId,
    /// Everything but the body.
    pub(super) sealed: Sealed,
    /// The body, byte for byte; up to 1 MiB of anything.
    pub(super) body: Bytes,
    /// What it counts in the census, in bytes.
    pub(super) bytes: u64,
}

/// A flow's head with the facts that indexes are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Which flow.
    pub(super) handle: FlowHandle,
    /// Its head.
    pub(super) head: Head,
    /// The id of the claim that it holds, 32 hexadecimal digits; compared beside the version.
    pub(super) claim: Option<String>,
    /// Its facts.
    pub(super) facts: Facts,
}

/// A compare-and-set of one flow.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// Which flow.
    pub(super) handle: FlowHandle,
    /// The version that it must still have.
    pub(super) over: u64,
    /// The claim that it must still hold, or none.
    pub(super) fence: Option<String>,
    /// What takes its place; nothing removes it with its answers and its start key.
    pub(super) next: Option<NextRow>,
    /// Refuse from this instant of the store's clock on.
    pub(super) not_after: Option<Tick>,
}

/// What takes a flow's place.
#[derive(Clone, Debug)]
pub(super) struct NextRow {
    /// The head and its facts.
    pub(super) row: Row,
    /// An answer to add.
    pub(super) answer: Option<Answer>,
    /// Answers to drop.
    pub(super) dropped: Vec<AttemptId>,
}

/// A flow with everything that is kept of it, to be carried to another store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Whole {
    /// Which flow.
    pub(super) handle: FlowHandle,
    /// Its head.
    pub(super) head: Head,
    /// The start key that names it.
    pub(super) key: Option<StartKey>,
    /// Its answers, in the order of their attempts.
    pub(super) answers: Vec<Answer>,
}

/// How time is judged within one operation. The store's now is the later of `floor` and the
/// server's own clock; where `server` is false, it is `floor` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timing {
    /// Milliseconds since the Unix epoch that the store's clock has shown already.
    pub(super) floor: Tick,
    /// Whether the server's own clock is asked.
    pub(super) server: bool,
}

/// A database of records. Every operation is atomic, and one whose future is dropped, or that
/// fails, has either happened wholly or not at all.
#[async_trait]
pub(super) trait Records: Send + Sync + 'static {
    /// The store's name in metrics and logs.
    fn kind(&self) -> &'static str;

    /// Whether other processes have it open too.
    fn is_shared(&self) -> bool;

    /// Reaches the database, makes sure that it may be used, and brings its schema up to date.
    /// Tells also the latest instant that [`Records::beat`] wrote down, if any.
    async fn prepare(&self) -> Result<(Prepared, Option<Tick>), PrepareError>;

    /// Writes down the store's now, unless a later instant stands there already, and returns the
    /// later of both. Fails where the database takes no writes.
    async fn beat(&self, timing: Timing) -> Result<Tick, StoreError>;

    /// The store's now.
    async fn now(&self, timing: Timing) -> Result<Tick, StoreError>;

    /// Keeps a definition's text by its digest, once.
    async fn keep_definition(&self, digest: &str, text: &str) -> Result<(), StoreError>;

    /// A definition's text.
    async fn definition(&self, digest: &str) -> Result<Option<String>, StoreError>;

    /// Stores a flow, unless `key` names one already or `max_flows` are stored.
    async fn create(
        &self,
        row: &Row,
        key: Option<&StartKey>,
        max_flows: u64,
    ) -> Result<Created, StoreError>;

    /// The flow that a start key names.
    async fn started(&self, key: &StartKey) -> Result<Option<FlowHandle>, StoreError>;

    /// A flow's head and the store's now.
    async fn load(
        &self,
        handle: &FlowHandle,
        timing: Timing,
    ) -> Result<(Option<Head>, Tick), StoreError>;

    /// The heads of several flows in the order of `handles`, or why one of them cannot be read;
    /// and the store's now, no later than the readings.
    async fn load_all(
        &self,
        handles: &[FlowHandle],
        timing: Timing,
    ) -> Result<(Vec<ReadHead>, Tick), StoreError>;

    /// A flow's answers to these attempts, in any order; those that are not stored are left out.
    async fn answers(
        &self,
        handle: &FlowHandle,
        attempts: &[AttemptId],
    ) -> Result<Vec<Answer>, StoreError>;

    /// Replaces a flow if it still has the version and the claim that were read and `not_after` has
    /// not come.
    async fn replace(&self, change: &Change, timing: Timing) -> Result<Replaced, StoreError>;

    /// At most `limit` flows that are due, beyond `after`, and the store's now.
    async fn due(
        &self,
        after: Option<&DuePosition>,
        limit: usize,
        timing: Timing,
    ) -> Result<(Vec<DuePosition>, Tick), StoreError>;

    /// At most `limit` flows that the query takes, in its order.
    async fn find(&self, query: &Query, limit: usize) -> Result<Vec<Position>, StoreError>;

    /// Counts over all that is stored.
    async fn census(&self) -> Result<Census, StoreError>;

    /// At most `limit` whole flows in the order of their handles, beyond `after`.
    async fn page(
        &self,
        after: Option<&FlowHandle>,
        limit: usize,
    ) -> Result<Vec<Whole>, StoreError>;

    /// Stores a whole flow as it was carried here, unless its handle or its start key is taken:
    /// `false` then.
    async fn carry(
        &self,
        row: &Row,
        key: Option<&StartKey>,
        answers: &[Answer],
    ) -> Result<bool, StoreError>;
}
