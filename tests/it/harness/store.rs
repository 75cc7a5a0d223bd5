//! A store whose operations fail when a test says so.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use appattest_integrator::store::{
    Census, Created, Due, DuePosition, FlowStore, Loaded, LoadedAll, Next, Position, PrepareError,
    Prepared, Query, Replaced, Replacement, StartKey, StoreError, Stored,
};
use async_trait::async_trait;
use integrator_core::flow::answer::RecordedAnswer;
use integrator_core::flow::ids::{AttemptId, FlowHandle};
use integrator_core::flow::time::Now;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

/// What fails, and how often yet.
#[derive(Default)]
pub(crate) struct Faults {
    reads: AtomicU32,
    reads_before: AtomicU32,
    replaces: AtomicU32,
    removals: AtomicU32,
    acknowledgements: AtomicU32,
    creations: AtomicU32,
    reads_after_lost_creation: AtomicU32,
    before_replace: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    held: Mutex<HashMap<Operation, Held>>,
    refused: watch::Sender<u32>,
}

/// The store's side of a held operation: tells that it arrived, and is told to go on.
type Held = (oneshot::Sender<()>, oneshot::Receiver<()>);

/// An operation that a test may hold: one that writes before it reaches the store, one that reads
/// on its way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    Create,
    Replace,
    Started,
    Load,
}

/// Nothing that is waited for takes this long unless it never comes.
const PATIENCE: Duration = Duration::from_secs(30);

/// An operation that waits to be released.
pub(crate) struct HeldOperation {
    arrived: oneshot::Receiver<()>,
    release: oneshot::Sender<()>,
}

impl HeldOperation {
    /// Waits until it has been asked for.
    pub(crate) async fn arrived(&mut self) {
        let arrived = timeout(PATIENCE, &mut self.arrived).await;
        let arrived = arrived.expect("the operation is asked for");
        arrived.expect("the store is there");
    }

    /// Lets it go on.
    pub(crate) fn release(self) {
        self.release.send(()).expect("it waits");
    }
}

/// For ever.
pub(crate) const ALWAYS: u32 = u32::MAX;

impl Faults {
    /// The next so many replacements (removals aside) fail.
    pub(crate) fn fail_replaces(&self, count: u32) {
        self.replaces.store(count, Ordering::SeqCst);
    }

    /// The next so many replacements are carried out and not acknowledged.
    pub(crate) fn lose_acknowledgements(&self, count: u32) {
        self.acknowledgements.store(count, Ordering::SeqCst);
    }

    /// The next so many creations are carried out and not acknowledged.
    pub(crate) fn lose_creations(&self, count: u32) {
        self.creations.store(count, Ordering::SeqCst);
    }

    /// The next creation is carried out and not acknowledged, and the read after it fails.
    pub(crate) fn lose_creations_and_fail_the_next_read(&self) {
        self.lose_creations(1);
        self.reads_after_lost_creation.store(1, Ordering::SeqCst);
    }

    /// The next so many removals fail.
    pub(crate) fn fail_removals(&self, count: u32) {
        self.removals.store(count, Ordering::SeqCst);
    }

    /// The next so many of all other operations fail.
    pub(crate) fn fail_reads(&self, count: u32) {
        self.reads.store(count, Ordering::SeqCst);
    }

    /// So many reads succeed, and the one after them fails.
    pub(crate) fn fail_one_read_after(&self, count: u32) {
        self.reads_before.store(count + 1, Ordering::SeqCst);
    }

    fn judge_read(&self) -> Result<(), StoreError> {
        let left = self.reads_before.load(Ordering::SeqCst);
        if left > 0 {
            self.reads_before.store(left - 1, Ordering::SeqCst);
            if left == 1 {
                self.fail_reads(1);
            }
        }
        self.judge(&self.reads)
    }

    /// Runs once, right before the next replacement reaches the store: for what can happen
    /// between a judgement and its compare-and-set.
    pub(crate) fn before_next_replace(&self, act: impl FnOnce() + Send + 'static) {
        *self.before_replace.lock().expect("unpoisoned") = Some(Box::new(act));
    }

    /// The next such operation waits until it is released.
    pub(crate) fn hold_next(&self, operation: Operation) -> HeldOperation {
        let (arrived_sender, arrived) = oneshot::channel();
        let (release, released) = oneshot::channel();
        let mut held = self.held.lock().expect("unpoisoned");
        held.insert(operation, (arrived_sender, released));
        HeldOperation { arrived, release }
    }

    async fn wait_where_held(&self, operation: Operation) {
        let held = self.held.lock().expect("unpoisoned").remove(&operation);
        if let Some((arrived, released)) = held {
            arrived.send(()).expect("the test waits");
            released.await.expect("the test releases it");
        }
    }

    /// Waits until so many operations have failed in all.
    pub(crate) async fn has_refused(&self, count: u32) {
        let mut refused = self.refused.subscribe();
        let enough = refused.wait_for(|refused| *refused >= count);
        enough.await.expect("the sender lives");
    }

    fn judge(&self, counter: &AtomicU32) -> Result<(), StoreError> {
        let less = |left: u32| match left {
            0 => None,
            ALWAYS => Some(ALWAYS),
            left => Some(left - 1),
        };
        if counter
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
            .is_err()
        {
            return Ok(());
        }
        self.refused.send_modify(|refused| *refused += 1);
        let cause = "the disk is gone".to_owned();
        Err(StoreError::Unavailable { cause })
    }
}

/// Another store, failing as told.
pub(crate) struct FaultyStore {
    pub(crate) inner: Arc<dyn FlowStore>,
    pub(crate) faults: Arc<Faults>,
}

#[async_trait]
impl FlowStore for FaultyStore {
    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    fn is_shared(&self) -> bool {
        self.inner.is_shared()
    }

    fn prepared(&self) -> Option<Arc<Prepared>> {
        self.inner.prepared()
    }

    async fn prepare(&self) -> Result<Arc<Prepared>, PrepareError> {
        self.inner.prepare().await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.faults.judge_read()?;
        self.inner.ready().await
    }

    async fn beat(&self) -> Result<(), StoreError> {
        self.inner.beat().await
    }

    async fn now(&self) -> Result<Now, StoreError> {
        self.inner.now().await
    }

    async fn create(&self, stored: Stored, key: Option<StartKey>) -> Result<Created, StoreError> {
        self.faults.wait_where_held(Operation::Create).await;
        self.faults.judge_read()?;
        let created = self.inner.create(stored, key).await;
        let lost = self.faults.judge(&self.faults.creations);
        if lost.is_err() {
            let reads = self
                .faults
                .reads_after_lost_creation
                .swap(0, Ordering::SeqCst);
            self.faults.fail_reads(reads);
        }
        lost?;
        created
    }

    async fn started(&self, key: &StartKey) -> Result<Option<FlowHandle>, StoreError> {
        self.faults.judge_read()?;
        let started = self.inner.started(key).await;
        self.faults.wait_where_held(Operation::Started).await;
        started
    }

    async fn load(&self, handle: &FlowHandle) -> Result<Loaded, StoreError> {
        self.faults.judge_read()?;
        let loaded = self.inner.load(handle).await;
        self.faults.wait_where_held(Operation::Load).await;
        loaded
    }

    async fn load_all(&self, handles: &[FlowHandle]) -> Result<LoadedAll, StoreError> {
        self.faults.judge_read()?;
        self.inner.load_all(handles).await
    }

    async fn answers(
        &self,
        stored: &Stored,
        attempts: &[AttemptId],
    ) -> Result<Vec<Arc<RecordedAnswer>>, StoreError> {
        self.faults.judge_read()?;
        self.inner.answers(stored, attempts).await
    }

    async fn replace(&self, replacement: Replacement) -> Result<Replaced, StoreError> {
        self.faults.wait_where_held(Operation::Replace).await;
        let act = self
            .faults
            .before_replace
            .lock()
            .expect("unpoisoned")
            .take();
        if let Some(act) = act {
            act();
        }
        match &replacement.next {
            Next::Record { .. } => self.faults.judge(&self.faults.replaces)?,
            Next::Nothing => self.faults.judge(&self.faults.removals)?,
        }
        let written = self.inner.replace(replacement).await;
        self.faults.judge(&self.faults.acknowledgements)?;
        written
    }

    async fn due(&self, after: Option<&DuePosition>, limit: usize) -> Result<Due, StoreError> {
        self.faults.judge_read()?;
        self.inner.due(after, limit).await
    }

    async fn find(&self, query: &Query, limit: usize) -> Result<Vec<Position>, StoreError> {
        self.faults.judge_read()?;
        self.inner.find(query, limit).await
    }

    async fn census(&self) -> Result<Census, StoreError> {
        self.faults.judge_read()?;
        self.inner.census().await
    }
}
