//! From rounds to the few figures that are told.

use std::fmt;
use std::time::Duration;

use crate::round::Round;

/// What one store's rounds come to.
pub(crate) struct Summary {
    /// Time per step, of a whole round: the median of the rounds.
    pub(crate) per_step: Duration,
    /// The fastest and the slowest round.
    pub(crate) spread: (Duration, Duration),
    /// The median latency of all steps.
    pub(crate) p50: Duration,
    /// The latency that one step in a hundred exceeds.
    pub(crate) p99: Duration,
}

impl Summary {
    pub(crate) fn of(rounds: &[Round]) -> Self {
        let mut per_step: Vec<Duration> = rounds.iter().map(per_step).collect();
        per_step.sort_unstable();
        let mut steps: Vec<Duration> = rounds
            .iter()
            .flat_map(|round| round.steps.clone())
            .collect();
        steps.sort_unstable();
        Self {
            per_step: quantile(&per_step, 50),
            spread: (quantile(&per_step, 0), quantile(&per_step, 100)),
            p50: quantile(&steps, 50),
            p99: quantile(&steps, 99),
        }
    }
}

/// Ratios of rounds that were run side by side: their median, the least and the greatest.
pub(crate) struct Spread {
    median: f64,
    least: f64,
    greatest: f64,
}

impl Spread {
    /// Of pairs of what is compared and what it is compared with.
    pub(crate) fn of(pairs: impl Iterator<Item = (Duration, Duration)>) -> Self {
        let mut ratios: Vec<f64> = pairs.map(|(one, other)| ratio(one, other)).collect();
        ratios.sort_by(f64::total_cmp);
        let at = |percent| {
            let last = ratios.len().saturating_sub(1);
            ratios
                .get(last * percent / 100)
                .copied()
                .unwrap_or(f64::NAN)
        };
        Self {
            median: at(50),
            least: at(0),
            greatest: at(100),
        }
    }
}

/// Two cells of a table.
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            median,
            least,
            greatest,
        } = self;
        write!(f, "{median:.2} | {least:.2} to {greatest:.2}")
    }
}

/// The time of a round by the number of its steps.
pub(crate) fn per_step(round: &Round) -> Duration {
    let steps = u32::try_from(round.steps.len()).unwrap_or(u32::MAX);
    round.took / steps.max(1)
}

fn quantile(sorted: &[Duration], percent: usize) -> Duration {
    let last = sorted.len().saturating_sub(1);
    sorted
        .get(last * percent / 100)
        .copied()
        .unwrap_or_default()
}

/// How often `other` fits into `one`.
pub(crate) fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(took: u64, steps: &[u64]) -> Round {
        Round {
            took: Duration::from_millis(took),
            steps: steps.iter().copied().map(Duration::from_millis).collect(),
            given_up: 0,
        }
    }

    #[test]
    fn a_summary_is_the_median_of_its_rounds_with_their_spread() {
        let rounds = [
            round(30, &[10, 10, 10]),
            round(9, &[1, 2, 6]),
            round(12, &[4, 4, 4]),
        ];

        let summary = Summary::of(&rounds);

        assert_eq!(summary.per_step, Duration::from_millis(4));
        let spread = (Duration::from_millis(3), Duration::from_millis(10));
        assert_eq!(summary.spread, spread);
        assert_eq!(summary.p50, Duration::from_millis(4));
    }

    #[test]
    fn a_spread_is_of_the_ratios_within_each_pair() {
        let pairs = [(2, 1), (30, 10), (100, 100)];
        let pairs =
            pairs.map(|(one, other)| (Duration::from_secs(one), Duration::from_secs(other)));

        let spread = Spread::of(pairs.into_iter());

        assert_eq!(spread.to_string(), "2.00 | 1.00 to 3.00");
    }
}
