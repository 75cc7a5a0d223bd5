//! A store whose operations fail when a test says so.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use appattest_integrator::store::{
    Census, Created, Due, FlowStore, Loaded, Replaced, Replacement, StartKey, StoreError, Stored,
};
use async_trait::async_trait;
use integrator_core::flow::answer::RecordedAnswer;
use integrator_core::flow::ids::{AttemptId, FlowHandle};
use integrator_core::flow::time::Now;
use tokio::sync::watch;

/// What fails, and how often yet.
#[derive(Default)]
pub(crate) struct Faults {
    reads: AtomicU32,
    replaces: AtomicU32,
    removals: AtomicU32,
    acknowledgements: AtomicU32,
    before_replace: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    refused: watch::Sender<u32>,
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

    /// The next so many removals fail.
    pub(crate) fn fail_removals(&self, count: u32) {
        self.removals.store(count, Ordering::SeqCst);
    }

    /// The next so many of all other operations fail.
    pub(crate) fn fail_reads(&self, count: u32) {
        self.reads.store(count, Ordering::SeqCst);
    }

    /// Runs once, right before the next replacement reaches the store: for what can happen
    /// between a judgement and its compare-and-set.
    pub(crate) fn before_next_replace(&self, act: impl FnOnce() + Send + 'static) {
        *self.before_replace.lock().expect("unpoisoned") = Some(Box::new(act));
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

    async fn now(&self) -> Result<Now, StoreError> {
        self.inner.now().await
    }

    async fn create(&self, stored: Stored, key: Option<StartKey>) -> Result<Created, StoreError> {
        self.faults.judge(&self.faults.reads)?;
        self.inner.create(stored, key).await
    }

    async fn started(&self, key: &StartKey) -> Result<Option<FlowHandle>, StoreError> {
        self.faults.judge(&self.faults.reads)?;
        self.inner.started(key).await
    }

    async fn load(&self, handle: &FlowHandle) -> Result<Loaded, StoreError> {
        self.faults.judge(&self.faults.reads)?;
        self.inner.load(handle).await
    }

    async fn answer(
        &self,
        handle: &FlowHandle,
        attempt: &AttemptId,
    ) -> Result<Option<Arc<RecordedAnswer>>, StoreError> {
        self.faults.judge(&self.faults.reads)?;
        self.inner.answer(handle, attempt).await
    }

    async fn replace(&self, replacement: Replacement) -> Result<Replaced, StoreError> {
        use appattest_integrator::store::Next;
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

    async fn due(&self, limit: usize) -> Result<Due, StoreError> {
        self.faults.judge(&self.faults.reads)?;
        self.inner.due(limit).await
    }

    async fn census(&self) -> Result<Census, StoreError> {
        self.faults.judge(&self.faults.reads)?;
        self.inner.census().await
    }
}
