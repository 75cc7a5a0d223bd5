//! Whether the machine was the limit: how busy it was kept, and how late things happened on it.

use std::time::Duration;

/// By how much things happened later than they were due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lateness {
    /// One in a hundred was later.
    pub(crate) p99: Duration,
    pub(crate) greatest: Duration,
}

impl Lateness {
    pub(crate) fn of(mut late: Vec<Duration>) -> Self {
        late.sort_unstable();
        let at = |place: usize| late.get(place).copied().unwrap_or_default();
        let last = late.len().saturating_sub(1);
        Self {
            p99: at(last * 99 / 100),
            greatest: at(last),
        }
    }
}

/// What one run asked of the machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine {
    /// Cores that the service kept busy, over the whole run.
    pub(crate) cores: f64,
    /// The same, in its busiest second.
    pub(crate) cores_at_most: f64,
    /// New users.
    pub(crate) users: Lateness,
    /// The backend's answers.
    pub(crate) backend: Lateness,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_a_hundred_is_later_than_the_99th_percentile() {
        let late = (0..=100).rev().map(Duration::from_millis).collect();

        let lateness = Lateness::of(late);

        assert_eq!(lateness.p99, Duration::from_millis(99));
        assert_eq!(lateness.greatest, Duration::from_millis(100));
    }
}
