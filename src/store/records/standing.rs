//! What the runtimes of a process know together of one database: whether it was found fit, how
//! late its clock has shown, and whether it takes writes.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use integrator_core::flow::time::{Now, Tick};
use jiff::Timestamp;

use super::Timing;
use super::definitions::Definitions;
use crate::clock::Clock;
use crate::store::operations::{Prepared, StoreError};

/// A clock of this process. Its wall time may be set back, and what is stored must neither come
/// back to life by that nor live longer: whatever the wall shows, time that passes is added.
struct Given {
    clock: Arc<dyn Clock>,
    /// Monotonic time that was added already.
    added: Mutex<Duration>,
}

impl Given {
    fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            added: Mutex::new(clock.monotonic()),
            clock,
        }
    }

    /// Whole milliseconds since this was asked last.
    fn passed(&self) -> i64 {
        let mut added = self.added.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = self.clock.monotonic().saturating_sub(*added).as_millis();
        let passed = u32::try_from(passed).unwrap_or(u32::MAX);
        *added += Duration::from_millis(passed.into());
        i64::from(passed)
    }
}

/// Shared by all runtimes of a process.
pub(in crate::store) struct Standing {
    prepared: OnceLock<Arc<Prepared>>,
    /// Milliseconds since the Unix epoch.
    floor: AtomicI64,
    /// In place of the server's clock.
    given: Option<Given>,
    /// Why the store was last found not to take what it must.
    trouble: Mutex<Option<String>>,
    pub(super) definitions: Definitions,
}

impl Standing {
    /// Of a database whose server tells the time, or of one that is `given` it.
    pub(in crate::store) fn new(given: Option<Arc<dyn Clock>>) -> Self {
        Self {
            prepared: OnceLock::new(),
            floor: AtomicI64::new(0),
            given: given.map(Given::new),
            trouble: Mutex::new(Some("it has not been reached yet".to_owned())),
            definitions: Definitions::default(),
        }
    }

    pub(super) fn prepared(&self) -> Option<Arc<Prepared>> {
        self.prepared.get().cloned()
    }

    pub(super) fn is_prepared(&self, prepared: Prepared) -> Arc<Prepared> {
        self.is_well();
        self.prepared.get_or_init(|| Arc::new(prepared)).clone()
    }

    /// How time is judged from now on: the store's clock never shows less than it has shown.
    pub(super) fn timing(&self) -> Timing {
        if let Some(given) = &self.given {
            let passed = given.passed();
            self.floor.fetch_add(passed, Ordering::AcqRel);
            self.has_shown(Tick(given.clock.wall().as_millisecond()));
        }
        Timing {
            floor: Tick(self.floor.load(Ordering::Acquire)),
            server: self.given.is_none(),
        }
    }

    /// Takes note of what the store's clock has shown.
    pub(super) fn has_shown(&self, tick: Tick) -> Now {
        let floor = self.floor.fetch_max(tick.0, Ordering::AcqRel).max(tick.0);
        Now {
            tick: Tick(floor),
            wall: Timestamp::from_millisecond(floor).unwrap_or(Timestamp::MAX),
        }
    }

    pub(super) fn is_well(&self) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(super) fn has_trouble(&self, cause: String) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(cause);
    }

    /// Why the store was last found not to take what it must, if it was.
    pub(super) fn trouble(&self) -> Option<StoreError> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.clone().map(StoreError::unavailable)
    }
}
