//! What happened to the users, and when.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// Something that happened to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A new user is there.
    Arrived,
    /// A request leaves.
    Tried { is_start: bool },
    /// The flow has begun, and the user knows.
    Started,
    /// The flow has its verdict, and the user knows.
    Finished,
    /// The gate said when to come again.
    Refused,
    /// The service answered with another problem, or not at all.
    Failed,
    /// The user's patience ended before an answer came.
    LeftWaiting,
    /// The user goes without a verdict.
    GaveUp,
}

impl Event {
    /// What an answer other than 200 means to a user.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            429 => Self::Refused,
            _ => Self::Failed,
        }
    }
}

/// All events, in the order in which they happened.
pub(crate) struct Journal {
    begun: Instant,
    events: Mutex<Vec<(Duration, Event)>>,
}

impl Journal {
    pub(crate) fn begin() -> Self {
        Self {
            begun: Instant::now(),
            events: Mutex::new(Vec::new()),
        }
    }

    pub(crate) fn begun(&self) -> Instant {
        self.begun
    }

    /// Since it was begun.
    pub(crate) fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    pub(crate) fn note(&self, event: Event) {
        let now = self.now();
        let mut events = self.events.lock().expect("no holder panicked");
        events.push((now, event));
    }

    pub(crate) fn events(&self) -> Vec<(Duration, Event)> {
        self.events.lock().expect("no holder panicked").clone()
    }
}
