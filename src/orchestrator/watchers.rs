//! Who watches which flow in this process, so that whoever moves one wakes them.

use std::sync::Arc;

use dashmap::DashMap;
use integrator_core::flow::ids::FlowHandle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::event::{Event, Observer};

/// How many may watch one flow at once.
pub const MOST_OF_A_FLOW: usize = 16;

/// Who watches. Those who fill one audience's places leave those of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Whoever runs flows.
    Callers,
    /// Operators, where they come in by a listener of their own.
    Operators,
}

/// How many may watch at once. Each holds a connection for as long as it likes, so that these are
/// to be well below the connections that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MostWatchers {
    /// Of those who run flows.
    pub callers: usize,
    /// Of operators.
    pub operators: usize,
}

/// Why nobody more may watch.
pub(super) enum Full {
    /// So many watch already, of this audience.
    Audience(usize),
    /// [`MOST_OF_A_FLOW`] watch this flow already.
    Flow,
}

/// Those who watch, by flow. Nothing is kept of what they are to be told but that there is
/// something.
pub struct Watchers {
    flows: DashMap<FlowHandle, watch::Sender<()>>,
    most: MostWatchers,
    callers: Arc<Semaphore>,
    operators: Arc<Semaphore>,
}

impl Watchers {
    /// Nobody yet, and at most so many.
    #[must_use]
    pub fn new(most: MostWatchers) -> Self {
        Self {
            flows: DashMap::new(),
            most,
            callers: Arc::new(Semaphore::new(most.callers)),
            operators: Arc::new(Semaphore::new(most.operators)),
        }
    }

    /// One more who watches a flow.
    pub(super) fn watch(
        self: &Arc<Self>,
        handle: &FlowHandle,
        audience: Audience,
    ) -> Result<Watcher, Full> {
        let (places, most) = match audience {
            Audience::Callers => (&self.callers, self.most.callers),
            Audience::Operators => (&self.operators, self.most.operators),
        };
        let place = places.clone().try_acquire_owned();
        let place = place.map_err(|_| Full::Audience(most))?;
        let flow = self.flows.entry(handle.clone());
        let flow = flow.or_insert_with(|| watch::channel(()).0);
        if flow.receiver_count() >= MOST_OF_A_FLOW {
            return Err(Full::Flow);
        }
        Ok(Watcher {
            watchers: self.clone(),
            handle: handle.clone(),
            woken: Some(flow.subscribe()),
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
            | Event::Decided { .. }
            | Event::Turned { .. }
            | Event::Replayed { .. }
            | Event::Late { .. }
            | Event::StoreFailed { .. }
            | Event::Removed { .. }
            | Event::Unreadable { .. }
            | Event::Unwatchable { .. }
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
