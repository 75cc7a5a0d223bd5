//! Flows in a concurrent map, bounded by count and by bytes of recorded answers.
//!
//! A guard into a map never leaves the function that took it, and no function here awaits: the
//! map's shards can therefore not deadlock. Locks are taken in one order: start keys, then flows,
//! then the index.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use dashmap::DashMap;
use dashmap::mapref::entry::Entry as MapEntry;
use integrator_core::flow::answer::RecordedAnswer;
use integrator_core::flow::ids::{AttemptId, FlowHandle};
use integrator_core::flow::record::Flow;
use integrator_core::flow::time::{Now, Tick};

use super::index::{Index, Place};
use super::{
    Census, Created, Due, FlowStore, Loaded, Next, Replaced, Replacement, StartKey, StoreError,
    Stored,
};
use crate::clock::Clock;

/// The store that lives as long as its process.
pub(super) struct MemoryStore {
    clock: Arc<dyn Clock>,
    max_flows: u64,
    max_bytes: u64,
    count: AtomicU64,
    bytes: AtomicU64,
    flows: DashMap<FlowHandle, Entry>,
    keys: DashMap<StartKey, FlowHandle>,
    index: Mutex<Index>,
}

struct Entry {
    flow: Arc<Flow>,
    answers: Vec<Arc<RecordedAnswer>>,
    key: Option<StartKey>,
    place: Place,
}

impl MemoryStore {
    pub(super) fn new(max_flows: u64, max_bytes: u64, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            max_flows,
            max_bytes,
            count: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            flows: DashMap::new(),
            keys: DashMap::new(),
            index: Mutex::default(),
        }
    }

    fn read_clock(&self) -> Now {
        let milliseconds = self.clock.monotonic().as_millis();
        Now {
            tick: Tick(i64::try_from(milliseconds).unwrap_or(i64::MAX)),
            wall: self.clock.wall(),
        }
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one place among the flows before any is filled, so that two creations cannot share
    /// the last one.
    fn reserve(&self) -> Result<(), String> {
        if self.bytes.load(Ordering::Relaxed) >= self.max_bytes {
            return Err(format!(
                "recorded answers hold flows.max_bytes ({} bytes)",
                self.max_bytes
            ));
        }
        let add_one = |count: u64| (count < self.max_flows).then_some(count + 1);
        self.count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add_one)
            .map(|_| ())
            .map_err(|_| format!("flows.max ({}) flows are stored", self.max_flows))
    }

    fn insert(&self, stored: Stored, key: Option<StartKey>) {
        let handle = stored.flow.handle().clone();
        let place = Place::of(&stored);
        self.index().insert(&handle, &place);
        let entry = Entry {
            flow: Arc::new(stored.flow),
            answers: Vec::new(),
            key,
            place,
        };
        self.flows.insert(handle, entry);
    }

    fn create_now(&self, stored: Stored, key: Option<StartKey>) -> Created {
        let Some(key) = key else {
            return match self.reserve() {
                Ok(()) => {
                    self.insert(stored, None);
                    Created::Created
                }
                Err(bound) => Created::Full(bound),
            };
        };
        match self.keys.entry(key.clone()) {
            MapEntry::Occupied(existing) => Created::Existing(existing.get().clone()),
            MapEntry::Vacant(vacant) => match self.reserve() {
                Ok(()) => {
                    let handle = stored.flow.handle().clone();
                    self.insert(stored, Some(key));
                    vacant.insert(handle);
                    Created::Created
                }
                Err(bound) => Created::Full(bound),
            },
        }
    }

    fn replace_now(&self, replacement: Replacement) -> Replaced {
        let MapEntry::Occupied(mut occupied) = self.flows.entry(replacement.handle) else {
            return Replaced::Conflict;
        };
        if occupied.get().flow.version() != replacement.over {
            return Replaced::Conflict;
        }
        if replacement
            .not_after
            .is_some_and(|end| self.read_clock().tick >= end)
        {
            return Replaced::TooLate;
        }
        match replacement.next {
            Next::Record {
                stored,
                answer,
                dropped,
            } => {
                self.write(occupied.get_mut(), *stored, answer, &dropped);
            }
            Next::Nothing => {
                let (handle, entry) = occupied.remove_entry();
                self.forget(&handle, &entry);
            }
        }
        Replaced::Done
    }

    fn write(
        &self,
        entry: &mut Entry,
        stored: Stored,
        answer: Option<Arc<RecordedAnswer>>,
        dropped: &[AttemptId],
    ) {
        let handle = stored.flow.handle().clone();
        let place = Place::of(&stored);
        let mut index = self.index();
        index.remove(&handle, &entry.place);
        index.insert(&handle, &place);
        drop(index);
        let (gone, mut kept): (Vec<_>, Vec<_>) = std::mem::take(&mut entry.answers)
            .into_iter()
            .partition(|answer| dropped.contains(&answer.attempt));
        self.bytes.fetch_sub(held_bytes(&gone), Ordering::Relaxed);
        if let Some(answer) = answer {
            self.bytes.fetch_add(answer.held_bytes(), Ordering::Relaxed);
            kept.push(answer);
        }
        entry.answers = kept;
        entry.place = place;
        entry.flow = Arc::new(stored.flow);
    }

    fn forget(&self, handle: &FlowHandle, entry: &Entry) {
        self.index().remove(handle, &entry.place);
        if let Some(key) = &entry.key {
            self.keys.remove_if(key, |_, named| named == handle);
        }
        self.bytes
            .fetch_sub(held_bytes(&entry.answers), Ordering::Relaxed);
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

fn held_bytes(answers: &[Arc<RecordedAnswer>]) -> u64 {
    answers.iter().map(|answer| answer.held_bytes()).sum()
}

#[async_trait]
impl FlowStore for MemoryStore {
    fn kind(&self) -> &'static str {
        "memory"
    }

    async fn now(&self) -> Result<Now, StoreError> {
        Ok(self.read_clock())
    }

    async fn create(&self, stored: Stored, key: Option<StartKey>) -> Result<Created, StoreError> {
        Ok(self.create_now(stored, key))
    }

    async fn started(&self, key: &StartKey) -> Result<Option<FlowHandle>, StoreError> {
        Ok(self.keys.get(key).map(|handle| handle.clone()))
    }

    async fn load(&self, handle: &FlowHandle) -> Result<Loaded, StoreError> {
        let flow = self.flows.get(handle).map(|entry| entry.flow.clone());
        Ok(Loaded {
            flow,
            now: self.read_clock(),
        })
    }

    async fn answer(
        &self,
        handle: &FlowHandle,
        attempt: &AttemptId,
    ) -> Result<Option<Arc<RecordedAnswer>>, StoreError> {
        Ok(self.flows.get(handle).and_then(|entry| {
            let of_attempt = |answer: &&Arc<RecordedAnswer>| answer.attempt == *attempt;
            entry.answers.iter().find(of_attempt).cloned()
        }))
    }

    async fn replace(&self, replacement: Replacement) -> Result<Replaced, StoreError> {
        Ok(self.replace_now(replacement))
    }

    async fn due(&self, limit: usize) -> Result<Due, StoreError> {
        let now = self.read_clock();
        let (handles, oldest) = self.index().due(now.tick, limit);
        Ok(Due {
            handles,
            oldest,
            now,
        })
    }

    async fn census(&self) -> Result<Census, StoreError> {
        let index = self.index();
        Ok(Census {
            flows: self.count.load(Ordering::Relaxed),
            terminal: index.terminal(),
            bytes: self.bytes.load(Ordering::Relaxed),
            states: index.states(),
        })
    }
}
