//! The one place where the process reads its clocks.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// A source of both times that the service needs.
pub trait Clock: Send + Sync {
    /// UTC, as the machine believes it: for what people read and for what the backend wrote.
    fn wall(&self) -> Timestamp;

    /// Time since some fixed moment; never runs back.
    fn monotonic(&self) -> Duration;
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock {
    origin: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts here.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place that reads the monotonic clock"
    )]
    pub fn start() -> Self {
        Self {
            origin: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place that reads the wall clock"
    )]
    fn wall(&self) -> Timestamp {
        Timestamp::now()
    }

    fn monotonic(&self) -> Duration {
        self.origin.elapsed()
    }
}

/// A clock that stands still until it is moved: for tests and simulations.
#[derive(Debug)]
pub struct ManualClock {
    reading: Mutex<(Timestamp, Duration)>,
}

impl ManualClock {
    /// A clock that shows `wall`.
    #[must_use]
    pub fn at(wall: Timestamp) -> Self {
        Self {
            reading: Mutex::new((wall, Duration::ZERO)),
        }
    }

    /// Moves both times forward.
    pub fn advance(&self, by: Duration) {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        reading.0 = reading.0.checked_add(by).unwrap_or(Timestamp::MAX);
        reading.1 = reading.1.saturating_add(by);
    }

    /// Sets the wall clock alone, as an operator or a time server may.
    pub fn set_wall(&self, wall: Timestamp) {
        self.reading
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .0 = wall;
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> Timestamp {
        self.reading
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    fn monotonic(&self) -> Duration {
        self.reading
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .1
    }
}
