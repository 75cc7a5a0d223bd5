//! Where a process stands between its start and its end.

use std::sync::atomic::{AtomicU8, Ordering};

use tokio_util::sync::CancellationToken;

/// The phases, in order; none is ever left backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Requests are served.
    Serving,
    /// Requests are served, but the instance says that it is not ready for more.
    Draining,
    /// Requests on open connections are refused; calls under way go on.
    Refusing,
}

/// The phase that a process is in; shared by all that ask.
#[derive(Debug, Default)]
pub struct Phases {
    phase: AtomicU8,
    refusing: CancellationToken,
}

impl Phases {
    /// The present phase.
    #[must_use]
    pub fn get(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Serving,
            1 => Phase::Draining,
            _ => Phase::Refusing,
        }
    }

    /// Enters `phase`, unless a later one is entered already.
    pub fn enter(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Ordering::AcqRel);
        if phase == Phase::Refusing {
            self.refusing.cancel();
        }
    }

    /// Waits until requests are refused.
    pub async fn refusing(&self) {
        self.refusing.cancelled().await;
    }
}
