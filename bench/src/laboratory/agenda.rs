//! What is going to happen, in order of time; what is due at the same moment, in the order in
//! which it was put down, so that a run is the same each time.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::time::Duration;

/// Events that are still to come.
#[derive(Debug)]
pub struct Agenda<E> {
    coming: BinaryHeap<Entry<E>>,
    put_down: u64,
}

#[derive(Debug)]
struct Entry<E> {
    at: Duration,
    order: u64,
    event: E,
}

impl<E> Agenda<E> {
    /// Puts down an event for the moment `at`.
    pub fn put(&mut self, at: Duration, event: E) {
        let order = self.put_down;
        self.put_down += 1;
        self.coming.push(Entry { at, order, event });
    }

    /// The moment of the next event.
    pub fn next_at(&self) -> Option<Duration> {
        self.coming.peek().map(|entry| entry.at)
    }

    /// Takes the next event, with its moment.
    pub fn take(&mut self) -> Option<(Duration, E)> {
        self.coming.pop().map(|entry| (entry.at, entry.event))
    }

    /// How many events are still to come.
    pub fn len(&self) -> usize {
        self.coming.len()
    }

    /// Whether nothing more is to come.
    pub fn is_empty(&self) -> bool {
        self.coming.is_empty()
    }

    /// Forgets all that was to come, and tells it in order of time.
    pub fn clear(&mut self) -> Vec<E> {
        let mut coming = std::mem::take(&mut self.coming).into_vec();
        coming.sort_unstable_by_key(|entry| (entry.at, entry.order));
        coming.into_iter().map(|entry| entry.event).collect()
    }
}

impl<E> Default for Agenda<E> {
    fn default() -> Self {
        Self {
            coming: BinaryHeap::new(),
            put_down: 0,
        }
    }
}

/// The heap gives its greatest: that is the earliest.
impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<E> Eq for Entry<E> {}
