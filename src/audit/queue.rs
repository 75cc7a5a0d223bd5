//! From whoever has something to tell to the one thread that writes it down. Nobody waits here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use super::entry::Entry;
use crate::telemetry::metrics::Metrics;

/// Bytes of answers that may wait for their digest to be made by the thread that writes. Beyond it,
/// which takes a disk that is away, whoever hands an answer over makes it.
const HELD_MAX: u64 = 64 * 1024 * 1024;

/// Entries on their way.
pub(super) struct Queue {
    sender: SyncSender<Entry>,
    lost: AtomicU64,
    held: AtomicU64,
    closed: AtomicBool,
    metrics: Arc<Metrics>,
}

impl Queue {
    /// A queue for so many entries.
    pub(super) fn new(waiting_max: usize, metrics: Arc<Metrics>) -> (Self, Receiver<Entry>) {
        let (sender, waiting) = sync_channel(waiting_max);
        let queue = Self {
            sender,
            lost: AtomicU64::new(0),
            held: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            metrics,
        };
        (queue, waiting)
    }

    /// Hands an entry over; where there is no place for it, it is lost and counted.
    pub(super) fn put(&self, mut entry: Entry) {
        self.hold(&mut entry);
        if let Err(refused) = self.sender.try_send(entry) {
            let (TrySendError::Full(entry) | TrySendError::Disconnected(entry)) = refused;
            self.held.fetch_sub(entry.held(), Ordering::Relaxed);
            self.lost.fetch_add(1, Ordering::Relaxed);
            self.metrics.audit_lost(1);
        }
    }

    /// An entry that was taken out, ready to be written.
    pub(super) fn taken(&self, mut entry: Entry) -> Entry {
        self.held.fetch_sub(entry.held(), Ordering::Relaxed);
        entry.digest();
        entry
    }

    fn hold(&self, entry: &mut Entry) {
        let bytes = entry.held();
        let before = self.held.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > HELD_MAX {
            self.held.fetch_sub(bytes, Ordering::Relaxed);
            entry.digest();
        }
    }

    /// How many were lost since this was last asked.
    pub(super) fn take_lost(&self) -> u64 {
        self.lost.swap(0, Ordering::Relaxed)
    }

    /// Nothing more will come.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Whether nothing more will come.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}
