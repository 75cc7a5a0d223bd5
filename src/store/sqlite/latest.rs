//! How late the store's clock has shown in this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use integrator_core::flow::time::Tick;

/// The latest instant that any operation came with, in milliseconds. An operation that waited is
/// judged by it when its turn comes, not by the time at which it was asked.
#[derive(Clone)]
pub(super) struct Latest(Arc<AtomicI64>);

/// Before any instant that a clock shows.
const NEVER: i64 = i64::MIN;

impl Latest {
    /// From what was written down, if anything was.
    pub(super) fn from(written: Option<i64>) -> Self {
        Self(Arc::new(AtomicI64::new(written.unwrap_or(NEVER))))
    }

    /// Takes note of an instant.
    pub(super) fn see(&self, tick: Tick) {
        self.0.fetch_max(tick.0, Ordering::AcqRel);
    }

    /// The latest instant, if there was one.
    pub(super) fn get(&self) -> Option<Tick> {
        let latest = self.0.load(Ordering::Acquire);
        (latest != NEVER).then_some(Tick(latest))
    }
}
