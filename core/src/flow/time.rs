//! Time as the core is told it.

use std::time::Duration;

use jiff::Timestamp;

/// An instant of the store's clock, in milliseconds. Deadlines and leases are compared on it
/// alone. For stores that live as long as the process it is monotonic; its origin means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(pub i64);

impl Tick {
    /// The instant `duration` later, held at the end of time rather than wrapped.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        let milliseconds = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(milliseconds))
    }

    /// The instant that lies `milliseconds` (which may be negative) away.
    #[must_use]
    pub fn offset(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// Time from `earlier` to this instant; zero where it lies before.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let milliseconds = self.0.saturating_sub(earlier.0).max(0);
        Duration::from_millis(milliseconds.unsigned_abs())
    }
}

/// One reading of both clocks: the store's, which decides, and the wall's, which is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The store's clock.
    pub tick: Tick,
    /// UTC, for `issuedAt`, `expiresAt` and the history.
    pub wall: Timestamp,
}

impl Now {
    /// The store's instant at which the wall clock will show `instant`, as seen from here.
    #[must_use]
    pub fn tick_at(&self, instant: Timestamp) -> Tick {
        let ahead = instant
            .as_millisecond()
            .saturating_sub(self.wall.as_millisecond());
        self.tick.offset(ahead)
    }

    /// This reading, or where `tick` has passed the one that was due then: what ends by itself
    /// ends at its time, not when somebody looks.
    #[must_use]
    pub fn no_later_than(&self, tick: Tick) -> Self {
        let since = self.tick.since(tick);
        Self {
            tick: self.tick.min(tick),
            wall: self.wall.checked_sub(since).unwrap_or(Timestamp::MIN),
        }
    }

    /// The wall time `duration` from here, held at the end of the calendar.
    #[must_use]
    pub fn wall_after(&self, duration: Duration) -> Timestamp {
        self.wall.checked_add(duration).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_instant_maps_to_the_store_clock_by_its_distance_from_now() {
        let now = Now {
            tick: Tick(500),
            wall: "2026-01-17T12:00:00Z".parse().unwrap(),
        };
        assert_eq!(
            now.tick_at("2026-01-17T12:00:05Z".parse().unwrap()),
            Tick(5500)
        );
        assert_eq!(
            now.tick_at("2026-01-17T11:59:59Z".parse().unwrap()),
            Tick(-500)
        );
    }

    #[test]
    fn what_has_passed_is_dated_to_its_own_time_and_what_has_not_to_now() {
        let now = Now {
            tick: Tick(500),
            wall: "2026-01-17T12:00:00Z".parse().unwrap(),
        };
        assert_eq!(now.no_later_than(Tick(501)), now);
        let earlier = now.no_later_than(Tick(-4500));
        assert_eq!(earlier.tick, Tick(-4500));
        assert_eq!(earlier.wall, "2026-01-17T11:59:55Z".parse().unwrap());
    }

    #[test]
    fn arithmetic_at_the_end_of_time_saturates() {
        assert_eq!(
            Tick(i64::MAX - 1).after(Duration::from_secs(9)),
            Tick(i64::MAX)
        );
        assert_eq!(Tick(5).since(Tick(9)), Duration::ZERO);
    }
}
