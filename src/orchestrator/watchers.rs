//! Who watches which flow in this process, so that whoever moves one wakes them.

use std::sync::Arc;

use dashmap::DashMap;
use integrator_core::flow::ids::FlowHandle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::event::{Event, Observer};

/// How many may watch at once.
pub const MOST_WATCHERS: usize = 1024;

/// Those who watch, by flow. Nothing is kept of what they are to be told but that there is
/// something.
pub struct Watchers {
    flows: DashMap<FlowHandle, watch::Sender<()>>,
    places: Arc<Semaphore>,
}

impl Default for Watchers {
    fn default() -> Self {
        Self {
            flows: DashMap::new(),
            places: Arc::new(Semaphore::new(MOST_WATCHERS)),
        }
    }
}

impl Watchers {
    /// One more who watches a flow; none where so many do already.
    pub(super) fn watch(self: &Arc<Self>, handle: &FlowHandle) -> Option<Watcher> {
        let place = self.places.clone().try_acquire_owned().ok()?;
        let flow = self.flows.entry(handle.clone());
        let woken = flow.or_insert_with(|| watch::channel(()).0).subscribe();
        Some(Watcher {
            watchers: self.clone(),
            handle: handle.clone(),
            woken: Some(woken),
            _place: place,
        })
    }

    /// How many flows are watched.
    #[must_use]
    pub fn flows(&self) -> usize {
        self.flows.len()
    }

    fn wake(&self, handle: &FlowHandle) {
        if let Some(flow) = self.flows.get(handle) {
            flow.send_replace(());
        }
    }
}

impl Observer for Watchers {
    fn observe(&self, event: Event<'_>) {
        match event {
            Event::Moved { flow, .. } => self.wake(flow.handle()),
            Event::Called { .. }
            | Event::Replayed { .. }
            | Event::Late { .. }
            | Event::StoreFailed { .. }
            | Event::Removed { .. }
            | Event::Unreadable { .. }
            | Event::Watched { .. }
            | Event::Swept { .. } => {}
        }
    }
}

/// One who watches a flow, as long as it lives.
pub(super) struct Watcher {
    watchers: Arc<Watchers>,
    handle: FlowHandle,
    /// There until the end.
    woken: Option<watch::Receiver<()>>,
    _place: OwnedSemaphorePermit,
}

impl Watcher {
    /// Waits until something happened to the flow since this was last asked, in this process.
    pub(super) async fn woken(&mut self) {
        let woken = match &mut self.woken {
            Some(woken) => woken.changed().await.is_ok(),
            None => false,
        };
        if !woken {
            // The other end is kept for as long as anybody watches.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.woken = None;
        let nobody_watches = |_: &FlowHandle, flow: &watch::Sender<()>| flow.receiver_count() == 0;
        self.watchers.flows.remove_if(&self.handle, nobody_watches);
    }
}
