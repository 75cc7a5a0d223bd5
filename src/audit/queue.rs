//! From whoever has something to tell to the one thread that writes it down. Nobody waits here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::entry::Entry;
use crate::telemetry::metrics::Metrics;

/// Entries on their way.
pub(super) struct Queue {
    sender: SyncSender<Entry>,
    lost: AtomicU64,
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
            closed: AtomicBool::new(false),
            metrics,
        };
        (queue, waiting)
    }

    /// Hands an entry over; where there is no place for it, it is lost and counted.
    pub(super) fn put(&self, entry: Entry) {
        if self.sender.try_send(entry).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
            self.metrics.audit_lost();
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
