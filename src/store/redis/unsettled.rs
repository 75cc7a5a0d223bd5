//! Flows whose record and index may disagree, since an operation on them did not come to its end.
//! Known to this process alone, and bounded: whatever is lost here is found when the flow is due.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use integrator_core::flow::ids::FlowHandle;

/// Most flows that are remembered.
const MOST: usize = 10_000;

/// Shared by all runtimes of a process.
#[derive(Default)]
pub(super) struct Unsettled(Mutex<HashMap<FlowHandle, Option<String>>>);

/// A flow that is remembered.
#[derive(Clone)]
pub(super) struct Doubtful {
    pub(super) handle: FlowHandle,
    /// The digest of the start key that may name it, where nothing else may tell.
    pub(super) start: Option<String>,
}

impl Unsettled {
    /// Watches over an operation on a flow.
    pub(super) fn watch(&self, flow: Doubtful) -> Watch<'_> {
        Watch {
            unsettled: self,
            flow: Some(flow),
        }
    }

    /// Remembers a flow.
    pub(super) fn add(&self, flow: Doubtful) {
        let mut flows = self.flows();
        if flows.len() < MOST {
            let start = flows.entry(flow.handle).or_default();
            *start = start.take().or(flow.start);
        }
    }

    /// Some of those that are remembered, which no longer are.
    pub(super) fn take(&self, most: usize) -> Vec<Doubtful> {
        let mut flows = self.flows();
        let handles: Vec<FlowHandle> = flows.keys().take(most).cloned().collect();
        let taken = handles.into_iter().map(|handle| Doubtful {
            start: flows.remove(&handle).flatten(),
            handle,
        });
        taken.collect()
    }

    fn flows(&self) -> MutexGuard<'_, HashMap<FlowHandle, Option<String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<&FlowHandle> for Doubtful {
    fn from(handle: &FlowHandle) -> Self {
        Self {
            handle: handle.clone(),
            start: None,
        }
    }
}

/// An operation under way: unless it is settled, its flow is remembered when this is dropped.
pub(super) struct Watch<'a> {
    unsettled: &'a Unsettled,
    flow: Option<Doubtful>,
}

impl Watch<'_> {
    /// The record and the index agree, as far as this operation goes.
    pub(super) fn settled(mut self) {
        self.flow = None;
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if let Some(flow) = self.flow.take() {
            self.unsettled.add(flow);
        }
    }
}
