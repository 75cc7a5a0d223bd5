//! What a store is, in a few lines: the pure model that every real one is compared with.

use std::collections::BTreeMap;
use std::sync::Arc;

use appattest_integrator::store::{
    Census, Created, DuePosition, Next, Order, Position, Query, Replaced, Replacement, StartKey,
    StateCensus, Stored,
};
use integrator_core::flow::answer::RecordedAnswer;
use integrator_core::flow::ids::{AttemptId, FlowHandle};
use integrator_core::flow::record::Flow;
use integrator_core::flow::time::Now;

/// All that is stored.
#[derive(Default)]
pub(super) struct Model {
    flows: BTreeMap<FlowHandle, Entry>,
    most: usize,
}

#[derive(Clone)]
struct Entry {
    stored: Stored,
    key: Option<StartKey>,
    answers: Vec<Arc<RecordedAnswer>>,
}

impl Model {
    pub(super) fn of_at_most(most: usize) -> Self {
        Self {
            flows: BTreeMap::new(),
            most,
        }
    }

    pub(super) fn stored(&self, handle: &FlowHandle) -> Option<&Stored> {
        self.flows.get(handle).map(|entry| &entry.stored)
    }

    pub(super) fn load(&self, handle: &FlowHandle) -> Option<Flow> {
        self.stored(handle).map(|stored| (*stored.flow).clone())
    }

    pub(super) fn started(&self, key: &StartKey) -> Option<FlowHandle> {
        let named = |(_, entry): &(&FlowHandle, &Entry)| entry.key.as_ref() == Some(key);
        self.flows
            .iter()
            .find(named)
            .map(|(handle, _)| handle.clone())
    }

    pub(super) fn create(&mut self, stored: &Stored, key: Option<StartKey>) -> Created {
        if let Some(existing) = key.as_ref().and_then(|key| self.started(key)) {
            return Created::Existing(existing);
        }
        if self.flows.len() == self.most {
            return Created::Full(format!("flows.max ({}) flows are stored", self.most));
        }
        let entry = Entry {
            stored: stored.clone(),
            key,
            answers: Vec::new(),
        };
        self.flows.insert(stored.flow.handle().clone(), entry);
        Created::Created
    }

    pub(super) fn replace(&mut self, replacement: Replacement, now: &Now) -> Replaced {
        let Some(entry) = self.flows.get_mut(&replacement.handle) else {
            return Replaced::Conflict;
        };
        let held = entry.stored.flow.claim().map(|claim| claim.id);
        if entry.stored.flow.version() != replacement.over || held != replacement.fence {
            return Replaced::Conflict;
        }
        if replacement.not_after.is_some_and(|end| now.tick >= end) {
            return Replaced::TooLate;
        }
        match replacement.next {
            Next::Nothing => {
                self.flows.remove(&replacement.handle);
            }
            Next::Record {
                stored,
                answer,
                dropped,
            } => {
                entry.stored = stored;
                entry
                    .answers
                    .retain(|kept| !dropped.contains(&kept.attempt));
                entry.answers.extend(answer);
            }
        }
        Replaced::Done
    }

    pub(super) fn answers(
        &self,
        handle: &FlowHandle,
        attempts: &[AttemptId],
    ) -> Vec<Arc<RecordedAnswer>> {
        let kept = self.flows.get(handle).map(|entry| &entry.answers);
        let of = |attempt: &AttemptId| {
            let mut kept = kept.into_iter().flatten();
            kept.find(|answer| answer.attempt == *attempt).cloned()
        };
        attempts.iter().filter_map(of).collect()
    }

    pub(super) fn due(&self, now: &Now) -> Vec<DuePosition> {
        let position = |(handle, entry): (&FlowHandle, &Entry)| DuePosition {
            due: entry.stored.facts().due,
            handle: handle.clone(),
        };
        let mut due: Vec<_> = self.flows.iter().map(position).collect();
        due.retain(|position| position.due <= now.tick);
        due.sort();
        due
    }

    pub(super) fn find(&self, query: &Query, limit: usize) -> Vec<Position> {
        let taken = self
            .flows
            .iter()
            .filter(|(_, entry)| query.takes(&entry.stored.facts()));
        let position = |(handle, entry): (&FlowHandle, &Entry)| Position {
            issued_ms: entry.stored.facts().issued_ms,
            handle: handle.clone(),
        };
        let mut found: Vec<_> = taken.map(position).collect();
        query.order.sort(&mut found);
        let after = query.after.as_ref();
        found.retain(|position| {
            after.is_none_or(|after| match query.order {
                Order::OldestFirst => position > after,
                Order::NewestFirst => position < after,
            })
        });
        found.truncate(limit);
        found
    }

    pub(super) fn census(&self) -> Census {
        let mut states: BTreeMap<(Arc<str>, Arc<str>), StateCensus> = BTreeMap::new();
        let mut census = Census::default();
        for entry in self.flows.values() {
            let facts = entry.stored.facts();
            census.flows += 1;
            census.terminal += u64::from(facts.terminal);
            let held = entry.answers.iter().map(|answer| answer.held_bytes());
            census.bytes += held.sum::<u64>();
            let key = (facts.protocol.clone(), facts.state.clone());
            let state = states.entry(key).or_insert_with(|| StateCensus {
                protocol: facts.protocol.clone(),
                state: facts.state.clone(),
                flows: 0,
                oldest_issued_ms: None,
            });
            state.flows += 1;
            let oldest = state.oldest_issued_ms.unwrap_or(i64::MAX);
            state.oldest_issued_ms = Some(oldest.min(facts.issued_ms));
        }
        census.states = states.into_values().collect();
        census
    }
}
