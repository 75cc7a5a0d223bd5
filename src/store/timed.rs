//! A store that tells how long each of its operations took, to metrics and to traces.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use integrator_core::flow::answer::RecordedAnswer;
use integrator_core::flow::ids::{AttemptId, FlowHandle};
use integrator_core::flow::time::Now;
use tracing::Instrument as _;

use super::{
    Census, Created, Due, DuePosition, FlowStore, Loaded, LoadedAll, Position, PrepareError,
    Prepared, Query, Replaced, Replacement, StartKey, StoreError, Stored,
};
use crate::clock::Clock;
use crate::spans;

/// Takes the store's kind, the operation and its duration.
pub type Timer = dyn Fn(&'static str, &'static str, Duration) + Send + Sync;

/// Measures another store.
pub struct TimedStore {
    inner: Arc<dyn FlowStore>,
    clock: Arc<dyn Clock>,
    timer: Box<Timer>,
}

impl TimedStore {
    /// Measures `inner` by `clock`.
    #[must_use]
    pub fn new(inner: Arc<dyn FlowStore>, clock: Arc<dyn Clock>, timer: Box<Timer>) -> Self {
        Self {
            inner,
            clock,
            timer,
        }
    }

    async fn timed<T>(&self, operation: &'static str, work: impl Future<Output = T> + Send) -> T {
        let span = spans::store(self.inner.kind(), operation);
        let begun = self.clock.monotonic();
        let done = work.instrument(span).await;
        let took = self.clock.monotonic().saturating_sub(begun);
        (self.timer)(self.inner.kind(), operation, took);
        done
    }
}

#[async_trait]
impl FlowStore for TimedStore {
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
        self.timed("prepare", self.inner.prepare()).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.timed("ready", self.inner.ready()).await
    }

    async fn beat(&self) -> Result<(), StoreError> {
        self.timed("beat", self.inner.beat()).await
    }

    async fn now(&self) -> Result<Now, StoreError> {
        self.timed("now", self.inner.now()).await
    }

    async fn create(&self, stored: Stored, key: Option<StartKey>) -> Result<Created, StoreError> {
        self.timed("create", self.inner.create(stored, key)).await
    }

    async fn started(&self, key: &StartKey) -> Result<Option<FlowHandle>, StoreError> {
        self.timed("started", self.inner.started(key)).await
    }

    async fn load(&self, handle: &FlowHandle) -> Result<Loaded, StoreError> {
        self.timed("load", self.inner.load(handle)).await
    }

    async fn load_all(&self, handles: &[FlowHandle]) -> Result<LoadedAll, StoreError> {
        self.timed("load_all", self.inner.load_all(handles)).await
    }

    async fn answers(
        &self,
        stored: &Stored,
        attempts: &[AttemptId],
    ) -> Result<Vec<Arc<RecordedAnswer>>, StoreError> {
        self.timed("answers", self.inner.answers(stored, attempts))
            .await
    }

    async fn replace(&self, replacement: Replacement) -> Result<Replaced, StoreError> {
        self.timed("replace", self.inner.replace(replacement)).await
    }

    async fn due(&self, after: Option<&DuePosition>, limit: usize) -> Result<Due, StoreError> {
        self.timed("due", self.inner.due(after, limit)).await
    }

    async fn find(&self, query: &Query, limit: usize) -> Result<Vec<Position>, StoreError> {
        self.timed("find", self.inner.find(query, limit)).await
    }

    async fn census(&self) -> Result<Census, StoreError> {
        self.timed("census", self.inner.census()).await
    }
}
