//! What the memory store knows of its flows without looking at them: who is due next, how many
//! stand in each state since when, and who has a given id. Every change costs a logarithm of what
//! is stored.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use integrator_core::flow::ids::FlowHandle;
use integrator_core::flow::time::Tick;

use super::operations::StateCensus;
use super::stored::{DuePosition, Facts, LookupKey, Order, Position, Query};

/// A protocol's name and a state's.
type StateKey = (Arc<str>, Arc<str>);
/// Flows that have something in common, oldest first.
type Alike = BTreeSet<Position>;

/// An id that several flows may have.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Id {
    Flow(LookupKey),
    Correlation(Arc<str>),
    VerifyRun(LookupKey),
}

#[derive(Debug, Default)]
pub(super) struct Index {
    facts: HashMap<FlowHandle, Facts>,
    due: BTreeSet<DuePosition>,
    states: BTreeMap<StateKey, Alike>,
    ids: HashMap<Id, Alike>,
    terminal: u64,
}

impl Index {
    /// Takes in a flow, or what has become of one that is in already.
    pub(super) fn put(&mut self, handle: &FlowHandle, facts: Facts) {
        if self.facts.get(handle) == Some(&facts) {
            return;
        }
        self.remove(handle);
        let position = position(handle, &facts);
        self.due.insert(DuePosition {
            due: facts.due,
            handle: handle.clone(),
        });
        let key = (facts.protocol.clone(), facts.state.clone());
        self.states.entry(key).or_default().insert(position.clone());
        for id in ids(&facts) {
            self.ids.entry(id).or_default().insert(position.clone());
        }
        self.terminal += u64::from(facts.terminal);
        self.facts.insert(handle.clone(), facts);
    }

    pub(super) fn remove(&mut self, handle: &FlowHandle) {
        let Some(facts) = self.facts.remove(handle) else {
            return;
        };
        let position = position(handle, &facts);
        self.due.remove(&DuePosition {
            due: facts.due,
            handle: handle.clone(),
        });
        for id in ids(&facts) {
            if let Some(alike) = self.ids.get_mut(&id) {
                alike.remove(&position);
                if alike.is_empty() {
                    self.ids.remove(&id);
                }
            }
        }
        if let Some(flows) = self.states.get_mut(&(facts.protocol, facts.state)) {
            flows.remove(&position);
        }
        self.terminal -= u64::from(facts.terminal);
    }

    pub(super) fn terminal(&self) -> u64 {
        self.terminal
    }

    /// At most `limit` flows beyond `after` whose time has come by `now`, most overdue first.
    pub(super) fn due(
        &self,
        after: Option<&DuePosition>,
        now: Tick,
        limit: usize,
    ) -> Vec<DuePosition> {
        let beyond = after.map_or(Bound::Unbounded, Bound::Excluded);
        let due = self.due.range((beyond, Bound::Unbounded));
        let due = due.take_while(|position| position.due <= now);
        due.take(limit).cloned().collect()
    }

    /// At most `limit` flows that the query takes, in its order.
    pub(super) fn find(&self, query: &Query, limit: usize) -> Vec<Position> {
        let taken = |position: &&Position| {
            let facts = self.facts.get(&position.handle);
            facts.is_some_and(|facts| query.takes(facts))
        };
        let mut found = Vec::new();
        for alike in self.narrowest(query) {
            let beyond = query
                .after
                .as_ref()
                .map_or(Bound::Unbounded, Bound::Excluded);
            let is_before = |position: &&Position| {
                let before = query.issued_before_ms;
                before.is_none_or(|before| position.issued_ms < before)
            };
            match query.order {
                Order::OldestFirst => {
                    let candidates = alike.range((beyond, Bound::Unbounded));
                    let candidates = candidates.take_while(is_before).filter(taken);
                    found.extend(candidates.take(limit).cloned());
                }
                Order::NewestFirst => {
                    let candidates = alike.range((Bound::Unbounded, beyond)).rev();
                    let candidates = candidates.filter(is_before).filter(taken);
                    found.extend(candidates.take(limit).cloned());
                }
            }
        }
        query.order.sort(&mut found);
        found.truncate(limit);
        found
    }

    /// Sets of flows, none in two of them, that together hold every flow that the query takes.
    fn narrowest(&self, query: &Query) -> Vec<&Alike> {
        let wanted = [
            query.flow_id.map(Id::Flow),
            query.verify_run_id.map(Id::VerifyRun),
            query.correlation_id.clone().map(Id::Correlation),
        ];
        let wanted = wanted.into_iter().flatten();
        let alike: Vec<Option<&Alike>> = wanted.map(|id| self.ids.get(&id)).collect();
        if alike.is_empty() {
            let is = |wanted: &Option<Arc<str>>, name: &Arc<str>| {
                wanted.as_ref().is_none_or(|wanted| wanted == name)
            };
            let states = self.states.iter().filter(|((protocol, state), _)| {
                is(&query.protocol, protocol) && is(&query.state, state)
            });
            return states.map(|(_, alike)| alike).collect();
        }
        let all: Option<Vec<&Alike>> = alike.into_iter().collect();
        let narrowest = all.and_then(|all| all.into_iter().min_by_key(|alike| alike.len()));
        narrowest.into_iter().collect()
    }

    /// Counts by protocol and state. A state that has held a flow stays, so that it is shown
    /// with zero rather than with its last count.
    pub(super) fn states(&self) -> Vec<StateCensus> {
        let census = |((protocol, state), flows): (&StateKey, &Alike)| StateCensus {
            protocol: protocol.clone(),
            state: state.clone(),
            flows: flows.len() as u64,
            oldest_issued_ms: flows.first().map(|position| position.issued_ms),
        };
        self.states.iter().map(census).collect()
    }
}

fn position(handle: &FlowHandle, facts: &Facts) -> Position {
    Position {
        issued_ms: facts.issued_ms,
        handle: handle.clone(),
    }
}

fn ids(facts: &Facts) -> impl Iterator<Item = Id> + use<> {
    let ids = [
        Some(Id::Correlation(facts.correlation_id.clone())),
        facts.flow_id.map(Id::Flow),
        facts.verify_run_id.map(Id::VerifyRun),
    ];
    ids.into_iter().flatten()
}
