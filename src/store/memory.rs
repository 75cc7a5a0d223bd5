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
use integrator_core::flow::time::{Now, Tick};

use super::index::Index;
use super::{
    Census, Created, Due, DuePosition, Durability, FlowStore, Loaded, LoadedAll, Next, Position,
    PrepareError, Prepared, Query, Replaced, Replacement, StartKey, StoreError, Stored,
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
    prepared: Arc<Prepared>,
}

struct Entry {
    stored: Stored,
    answers: Vec<Arc<RecordedAnswer>>,
    key: Option<StartKey>,
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
            prepared: Arc::new(Prepared {
                durability: Durability::Process,
                version: env!("CARGO_PKG_VERSION").to_owned(),
                settings: Vec::new(),
                warnings: Vec::new(),
            }),
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

    /// Stores a flow in a place that was taken for it, or gives the place back.
    fn insert(&self, stored: Stored, key: Option<StartKey>) -> Result<(), StoreError> {
        let handle = stored.flow.handle().clone();
        let MapEntry::Vacant(vacant) = self.flows.entry(handle.clone()) else {
            self.count.fetch_sub(1, Ordering::Relaxed);
            let cause = "another flow has this handle".to_owned();
            return Err(StoreError::Unavailable { cause });
        };
        self.index().put(&handle, stored.facts());
        vacant.insert(Entry {
            stored,
            answers: Vec::new(),
            key,
        });
        Ok(())
    }

    fn create_now(&self, stored: Stored, key: Option<StartKey>) -> Result<Created, StoreError> {
        let name = match key.clone().map(|key| self.keys.entry(key)) {
            Some(MapEntry::Occupied(existing)) => {
                return Ok(Created::Existing(existing.get().clone()));
            }
            Some(MapEntry::Vacant(vacant)) => Some(vacant),
            None => None,
        };
        if let Err(bound) = self.reserve() {
            return Ok(Created::Full(bound));
        }
        let handle = stored.flow.handle().clone();
        self.insert(stored, key)?;
        if let Some(name) = name {
            name.insert(handle);
        }
        Ok(Created::Created)
    }

    fn replace_now(&self, replacement: Replacement) -> Replaced {
        let MapEntry::Occupied(mut occupied) = self.flows.entry(replacement.handle) else {
            return Replaced::Conflict;
        };
        let flow = &occupied.get().stored.flow;
        let held = flow.claim().map(|claim| claim.id);
        if flow.version() != replacement.over || held != replacement.fence {
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
                self.write(occupied.get_mut(), stored, answer, &dropped);
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
        self.index().put(stored.flow.handle(), stored.facts());
        let (gone, mut kept): (Vec<_>, Vec<_>) = std::mem::take(&mut entry.answers)
            .into_iter()
            .partition(|answer| dropped.contains(&answer.attempt));
        self.bytes.fetch_sub(held_bytes(&gone), Ordering::Relaxed);
        if let Some(answer) = answer {
            self.bytes.fetch_add(answer.held_bytes(), Ordering::Relaxed);
            kept.push(answer);
        }
        entry.answers = kept;
        entry.stored = stored;
    }

    fn forget(&self, handle: &FlowHandle, entry: &Entry) {
        self.index().remove(handle);
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

    fn is_shared(&self) -> bool {
        false
    }

    fn prepared(&self) -> Option<Arc<Prepared>> {
        Some(self.prepared.clone())
    }

    async fn prepare(&self) -> Result<Arc<Prepared>, PrepareError> {
        Ok(self.prepared.clone())
    }

    async fn ready(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn beat(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn now(&self) -> Result<Now, StoreError> {
        Ok(self.read_clock())
    }

    async fn create(&self, stored: Stored, key: Option<StartKey>) -> Result<Created, StoreError> {
        self.create_now(stored, key)
    }

    async fn started(&self, key: &StartKey) -> Result<Option<FlowHandle>, StoreError> {
        Ok(self.keys.get(key).map(|handle| handle.clone()))
    }

    async fn load(&self, handle: &FlowHandle) -> Result<Loaded, StoreError> {
        let stored = self.flows.get(handle).map(|entry| entry.stored.clone());
        Ok(Loaded {
            stored,
            now: self.read_clock(),
        })
    }

    async fn load_all(&self, handles: &[FlowHandle]) -> Result<LoadedAll, StoreError> {
        let now = self.read_clock();
        let stored = |handle| self.flows.get(handle).map(|entry| entry.stored.clone());
        let flows = handles.iter().map(|handle| Ok(stored(handle))).collect();
        Ok(LoadedAll { flows, now })
    }

    async fn answers(
        &self,
        stored: &Stored,
        attempts: &[AttemptId],
    ) -> Result<Vec<Arc<RecordedAnswer>>, StoreError> {
        let Some(entry) = self.flows.get(stored.flow.handle()) else {
            return Ok(Vec::new());
        };
        let kept = |attempt: &AttemptId| {
            let of_attempt = |answer: &&Arc<RecordedAnswer>| answer.attempt == *attempt;
            entry.answers.iter().find(of_attempt).cloned()
        };
        Ok(attempts.iter().filter_map(kept).collect())
    }

    async fn replace(&self, replacement: Replacement) -> Result<Replaced, StoreError> {
        Ok(self.replace_now(replacement))
    }

    async fn due(&self, after: Option<&DuePosition>, limit: usize) -> Result<Due, StoreError> {
        let now = self.read_clock();
        let positions = self.index().due(after, now.tick, limit);
        Ok(Due { positions, now })
    }

    async fn find(&self, query: &Query, limit: usize) -> Result<Vec<Position>, StoreError> {
        Ok(self.index().find(query, limit))
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
