//! Time, injected. The one place where the wall clock is read.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

/// Tells the time.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The wall clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where wall time is read"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// `moment` plus `duration`, or the end of time where that lies beyond it.
#[must_use]
pub fn after(moment: Timestamp, duration: SignedDuration) -> Timestamp {
    moment.checked_add(duration).unwrap_or(Timestamp::MAX)
}

/// `moment` as RFC 3339 with milliseconds at most, which is what is stored.
#[must_use]
pub fn rfc3339(moment: Timestamp) -> String {
    Timestamp::from_millisecond(moment.as_millisecond())
        .unwrap_or(moment)
        .to_string()
}
