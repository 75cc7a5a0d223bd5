//! What the settings of admission control must agree with, what of them is doubtful, and what they
//! come to.

use integrator_core::control::law;
use integrator_core::control::pid::REFERENCE_TPS;

use super::admission::{ENABLED, KP, RATE_MAX, RATE_MIN, SCHEDULE, TARGET, assemble};
use super::settled::Settled;
use super::{Config, backends};
use crate::problems::Problem;

/// The share that the proportional gain usually adds to the rate at most, and the least that is
/// not doubtful.
const USUAL_SHARE: f64 = 0.5;
const SHARE_LEAST: f64 = 0.2;

/// The most points of a schedule.
const POINTS_MAX: usize = 100;

impl Config {
    /// What admission control does, in a few words.
    #[must_use]
    pub fn admission_in_words(&self) -> String {
        self.admission
            .as_ref()
            .map_or_else(|| "off".to_owned(), ToString::to_string)
    }
}

/// Bounds that exclude each other, and an aim that no gate could miss.
pub(super) fn contradictions(settled: &Settled) -> Vec<Problem> {
    let mut problems: Vec<Problem> = rates(settled).into_iter().collect();
    problems.extend(schedule(settled));
    problems.extend(unreachable_target(settled));
    problems
}

/// A lowest rate above the highest.
fn rates(settled: &Settled) -> Option<Problem> {
    let (least, most) = (
        settled.number(RATE_MIN).ok()?,
        settled.number(RATE_MAX).ok()?,
    );
    (least > most).then(|| {
        let text = format!(
            "{least} is more than {RATE_MAX}, {most} ({}); allowed: at most that",
            settled.place(RATE_MAX)
        );
        Problem::at(RATE_MIN, settled.place(RATE_MIN), text)
    })
}

/// A schedule that is too long, runs back, or falls below the lowest rate.
fn schedule(settled: &Settled) -> Option<Problem> {
    let points = settled.rate_points(SCHEDULE);
    let problem = |text: String| Problem::at(SCHEDULE, settled.place(SCHEDULE), text);
    if points.len() > POINTS_MAX {
        let found = points.len();
        let text = format!("found {found} items; allowed: at most {POINTS_MAX}");
        return Some(problem(text));
    }
    let mut pairs = (2..).zip(points.windows(2));
    let back = pairs.find(|(_, pair)| matches!(pair, [before, after] if before.at >= after.at));
    if let Some((item, _)) = back {
        let text = format!("item {item} is not later than the one before; allowed: rising times");
        return Some(problem(text));
    }
    let least = settled.number(RATE_MIN).ok()?;
    let mut numbered = (1..).zip(&points);
    let (item, low) = numbered.find(|(_, point)| point.rate_tps < least)?;
    Some(problem(format!(
        "the rate of item {item}, {}, is less than {RATE_MIN}, {least} ({}); allowed: at least that",
        low.rate_tps,
        settled.place(RATE_MIN)
    )))
}

/// A call ends with its backend's patience at the latest, so that a gate which aims beyond it
/// never finds the backend slow, and one that aims further not even away.
fn unreachable_target(settled: &Settled) -> Vec<Problem> {
    let (Ok(true), Ok(target)) = (settled.boolean(ENABLED), settled.integer(TARGET)) else {
        return Vec::new();
    };
    let problem = |name: &String| {
        let path = format!("{}.{name}.timeout_ms", backends::SECTION);
        let timeout = settled.integer(&path).ok()?;
        (target >= timeout).then(|| {
            let text = format!(
                "{target} is not less than {path}, {timeout} ({}), which no call exceeds: the \
                 backend would never be found slow; allowed: less than that",
                settled.place(&path)
            );
            Problem::at(TARGET, settled.place(TARGET), text)
        })
    };
    settled.backends.keys().filter_map(problem).collect()
}

/// What holds all the same, and is seldom meant.
pub(super) fn doubts(settled: &Settled) -> Vec<String> {
    let doubts = [high_schedule(settled), small_gain(settled)];
    doubts.into_iter().flatten().collect()
}

/// A schedule that rises above the highest rate.
fn high_schedule(settled: &Settled) -> Option<String> {
    let most = settled.number(RATE_MAX).ok()?;
    let points = settled.rate_points(SCHEDULE);
    let highest = points
        .iter()
        .map(|point| point.rate_tps)
        .fold(0.0, f64::max);
    (highest > most).then(|| {
        format!("{SCHEDULE}: it rises to {highest}, but {RATE_MAX} is {most} and is not exceeded")
    })
}

/// A proportional gain that is small for the target: what it adds to the rate before a backend
/// that answers at once is a small share of it.
fn small_gain(settled: &Settled) -> Option<String> {
    let options = assemble(settled).ok()??;
    let law::Options {
        target_ms, gains, ..
    } = options.law;
    let share = gains.kp * target_ms / REFERENCE_TPS;
    (share < SHARE_LEAST && options.law.rate_min_tps < options.law.rate_max_tps).then(|| {
        format!(
            "{KP}: {} is little for {TARGET}, {target_ms}: the gate opens slowly; raise it in \
             proportion, to about {}",
            gains.kp,
            USUAL_SHARE * REFERENCE_TPS / target_ms
        )
    })
}
