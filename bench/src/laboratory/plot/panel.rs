//! The three panels of a picture: what each tells of a run, second by second.

use super::Picture;
use crate::laboratory::record::{Record, SLICE, Slice};

/// Slices of one point of a line.
const SECOND: usize = 4;
/// The axis of latencies, in milliseconds.
const LATENCY_MS: (f64, f64) = (20.0, 4000.0);

/// One panel.
pub(super) struct Panel {
    pub(super) title: &'static str,
    /// Where its axis begins and ends.
    pub(super) axis: (f64, f64),
    /// Whether its axis is logarithmic.
    pub(super) is_log: bool,
    /// What a second comes to, if anything.
    of: fn(&[Slice]) -> f64,
    /// A level that is marked, and its name.
    pub(super) marked: (f64, &'static str),
}

impl Panel {
    /// The panels of a picture, from top to bottom.
    pub(super) fn all(picture: &Picture<'_>) -> [Self; 3] {
        let capacity = picture.scenario.capacity;
        [
            Self {
                title: "flows begun per second",
                axis: (0.0, capacity * 2.0),
                is_log: false,
                of: |second| per_second(second, |slice| slice.started),
                marked: (capacity, "capacity"),
            },
            Self {
                title: "latency of calls, ms",
                axis: LATENCY_MS,
                is_log: true,
                of: latency_ms,
                marked: (picture.target_ms, "target"),
            },
            Self {
                title: "flows finished per second",
                axis: (0.0, capacity * 1.5),
                is_log: false,
                of: |second| per_second(second, |slice| slice.finished),
                marked: (capacity, "capacity"),
            },
        ]
    }

    /// The line of a run: at the middle of each second, what it came to, kept within the axis.
    pub(super) fn line(&self, record: &Record) -> Vec<(f64, f64)> {
        let (least, most) = self.axis;
        let point = |(number, second): (usize, &[Slice])| {
            let middle = (number as f64 + 0.5) * SLICE.as_secs_f64() * SECOND as f64;
            let value = (self.of)(second);
            value
                .is_finite()
                .then(|| (middle, value.clamp(least, most)))
        };
        let seconds = record.slices.chunks_exact(SECOND).enumerate();
        seconds.filter_map(point).collect()
    }
}

fn per_second(second: &[Slice], of: impl Fn(&Slice) -> u64) -> f64 {
    second.iter().map(of).sum::<u64>() as f64
}

/// Not a number where nothing ended.
fn latency_ms(second: &[Slice]) -> f64 {
    let sum: f64 = second.iter().map(|slice| slice.latency_ms).sum();
    sum / per_second(second, |slice| slice.ended)
}
