//! A ceiling of the rate by wall time, for a backend that asks for a gradual ramp.

/// Points of a ceiling: linear between them, flat outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Ramp {
    points: Vec<(f64, f64)>,
}

impl Ramp {
    /// A ramp through points of (unix seconds, tps), in the order of time; none: no ramp.
    #[must_use]
    pub fn new(points: Vec<(f64, f64)>) -> Self {
        Self { points }
    }

    /// The ceiling at that moment (unix seconds); none where there is no ramp.
    #[must_use]
    pub fn ceiling_tps(&self, at: f64) -> Option<f64> {
        let after = self.points.iter().position(|&(moment, _)| moment > at);
        let before = after.unwrap_or(self.points.len()).checked_sub(1);
        let point = |index: usize| self.points.get(index).copied();
        match (before.and_then(point), after.and_then(point)) {
            (Some(from), Some(to)) => Some(between(from, to, at)),
            (Some((_, tps)), None) | (None, Some((_, tps))) => Some(tps),
            (None, None) => None,
        }
    }
}

fn between((start, low): (f64, f64), (end, high): (f64, f64), at: f64) -> f64 {
    let share = ((at - start) / (end - start)).clamp(0.0, 1.0);
    (1.0 - share) * low + share * high
}
