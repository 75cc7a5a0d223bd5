//! Where flows are kept. One mutation exists: replace a flow if it still has the version that was
//! read. A store promises that each operation is atomic and that an acknowledged one survives as
//! long as its durability class says.

mod index;
mod memory;
mod open;
mod operations;
mod postgres;
mod records;
mod redis;
mod sqlite;
mod stored;
pub mod timed;

use std::sync::Arc;

use async_trait::async_trait;
use integrator_core::flow::answer::RecordedAnswer;
use integrator_core::flow::ids::{AttemptId, FlowHandle};
use integrator_core::flow::time::Now;

pub use self::open::{Bounds, Opened, Options, PATIENCE, ServerClock, open};
pub use self::operations::{
    Census, Created, Due, Durability, Loaded, LoadedAll, Next, PrepareError, Prepared, Replaced,
    Replacement, StateCensus, StoreError,
};
pub use self::records::{Archive, Carried, CarryError, check_file};
pub use self::stored::{
    DuePosition, Facts, LookupKey, Order, Position, Query, StartKey, Stored, VERIFY_RUN_ID, decoded,
};

/// A keeper of flows. See the module for what every store promises.
#[async_trait]
pub trait FlowStore: Send + Sync {
    /// The store's name in metrics and logs.
    fn kind(&self) -> &'static str;

    /// Whether other processes move flows here too.
    fn is_shared(&self) -> bool;

    /// What was found when the store was made ready; none before.
    fn prepared(&self) -> Option<Arc<Prepared>>;

    /// Reaches the store, makes sure that it may be used, and brings its schema up to date. Until
    /// this has succeeded once, every other operation is [`StoreError::Unavailable`].
    async fn prepare(&self) -> Result<Arc<Prepared>, PrepareError>;

    /// Whether the store would take a read and a write now.
    async fn ready(&self) -> Result<(), StoreError>;

    /// Writes the store's clock down, so that it does not run back over a restart; fails where
    /// the store takes no writes. To be called about once a second.
    async fn beat(&self) -> Result<(), StoreError>;

    /// The store's clock.
    async fn now(&self) -> Result<Now, StoreError>;

    /// Stores a new flow, unless its start key names one already or a bound is reached. A handle
    /// that another flow has is a [`StoreError`], and that flow stays as it is.
    async fn create(&self, stored: Stored, key: Option<StartKey>) -> Result<Created, StoreError>;

    /// The flow that a start key names.
    async fn started(&self, key: &StartKey) -> Result<Option<FlowHandle>, StoreError>;

    /// Reads a flow.
    async fn load(&self, handle: &FlowHandle) -> Result<Loaded, StoreError>;

    /// Reads several flows in one operation. One that cannot be read does not keep the others
    /// from being read.
    async fn load_all(&self, handles: &[FlowHandle]) -> Result<LoadedAll, StoreError>;

    /// Recorded answers of a flow by attempt, in the order of `attempts`; those that are not
    /// stored (any more) are left out.
    async fn answers(
        &self,
        stored: &Stored,
        attempts: &[AttemptId],
    ) -> Result<Vec<Arc<RecordedAnswer>>, StoreError>;

    /// Replaces a flow if it still has the version and the claim that were read.
    async fn replace(&self, replacement: Replacement) -> Result<Replaced, StoreError>;

    /// At most `limit` flows that are due, beyond the position `after`; costs what is due, not
    /// what is stored.
    async fn due(&self, after: Option<&DuePosition>, limit: usize) -> Result<Due, StoreError>;

    /// At most `limit` flows that the query takes, in its order. Its cost is that of the flows
    /// that the narrowest part of the query takes, not of all that is stored.
    async fn find(&self, query: &Query, limit: usize) -> Result<Vec<Position>, StoreError>;

    /// Counts over all that is stored.
    async fn census(&self) -> Result<Census, StoreError>;
}
