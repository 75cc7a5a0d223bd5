//! What the memory store knows of its flows without looking at them: who is due next, and how
//! many stand in each state since when. Every change costs a logarithm of what is stored.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use integrator_core::flow::ids::FlowHandle;
use integrator_core::flow::time::Tick;

use super::{StateCensus, Stored};

/// A flow's place in the index; the entry keeps it so that the place can be found again.
#[derive(Clone, Debug)]
pub(super) struct Place {
    due: Tick,
    protocol: Arc<str>,
    state: Arc<str>,
    issued_ms: i64,
    terminal: bool,
}

impl Place {
    pub(super) fn of(stored: &Stored) -> Self {
        Self {
            due: stored.due,
            protocol: stored.flow.origin().protocol.clone(),
            state: stored.state.clone(),
            issued_ms: stored.flow.origin().issued_at.as_millisecond(),
            terminal: stored.terminal,
        }
    }
}

/// A protocol's name and a state's.
type StateKey = (Arc<str>, Arc<str>);
/// The flows in one state, oldest first: issue time in milliseconds since the Unix epoch.
type Standing = BTreeSet<(i64, FlowHandle)>;

#[derive(Debug, Default)]
pub(super) struct Index {
    due: BTreeSet<(Tick, FlowHandle)>,
    states: BTreeMap<StateKey, Standing>,
    terminal: u64,
}

impl Index {
    pub(super) fn insert(&mut self, handle: &FlowHandle, place: &Place) {
        self.due.insert((place.due, handle.clone()));
        let key = (place.protocol.clone(), place.state.clone());
        self.states
            .entry(key)
            .or_default()
            .insert((place.issued_ms, handle.clone()));
        self.terminal += u64::from(place.terminal);
    }

    pub(super) fn remove(&mut self, handle: &FlowHandle, place: &Place) {
        self.due.remove(&(place.due, handle.clone()));
        let key = (place.protocol.clone(), place.state.clone());
        if let Some(flows) = self.states.get_mut(&key) {
            flows.remove(&(place.issued_ms, handle.clone()));
        }
        self.terminal -= u64::from(place.terminal);
    }

    pub(super) fn terminal(&self) -> u64 {
        self.terminal
    }

    /// At most `limit` flows whose time has come by `now`, most overdue first.
    pub(super) fn due(&self, now: Tick, limit: usize) -> (Vec<FlowHandle>, Option<Tick>) {
        let due = self.due.iter().take_while(|(due, _)| *due <= now);
        let handles = due.take(limit).map(|(_, handle)| handle.clone()).collect();
        let oldest = self
            .due
            .first()
            .map(|(due, _)| *due)
            .filter(|due| *due <= now);
        (handles, oldest)
    }

    /// Counts by protocol and state. A state that has held a flow stays, so that it is shown
    /// with zero rather than with its last count.
    pub(super) fn states(&self) -> Vec<StateCensus> {
        let census = |((protocol, state), flows): (&StateKey, &Standing)| StateCensus {
            protocol: protocol.clone(),
            state: state.clone(),
            flows: flows.len() as u64,
            oldest_issued_ms: flows.first().map(|(issued, _)| *issued),
        };
        self.states.iter().map(census).collect()
    }
}
