//! From the record of a run to the few figures that are told.

use std::time::Duration;

use super::record::{Record, SLICE, Slice};
use super::scenario::Scenario;

/// What counts as full: this share of what the plant can do.
const FULL: f64 = 0.9;
/// How many times the target a latency over one second may be that counts as settled.
const SETTLED: f64 = 1.5;
/// Slices of one second.
const SECOND: usize = 4;
/// Slices over which fullness is looked at.
const WHILE: usize = 3 * SECOND;

/// The figures of one run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Flows that finished in the watched window, as a share of what the plant can do in it.
    pub goodput: f64,
    /// The share of the flows begun that finished.
    pub finishing: f64,
    /// Goodput after the watched window, as a share of the new users; not a number where nobody
    /// comes after it.
    pub afterwards: f64,
    /// The median latency of calls that ended in the watched window; a call without an answer
    /// counts with its deadline.
    pub p50_ms: f64,
    /// The latency that one such call in a hundred exceeds.
    pub p99_ms: f64,
    /// By how much the latency over one second exceeded the target at worst, as a share of it.
    pub overshoot: f64,
    /// How long after the beginning of the watched window the latency over one second was more than
    /// half above the target for the last time, in seconds; infinite if it was so at the end.
    pub settling_s: f64,
    /// The share of requests that were refused.
    pub refused: f64,
    /// How long after the backend was back so many flows finished as it can do, for three seconds
    /// from then on, in seconds; infinite if they never did, not a number where it was never gone.
    pub recovery_s: f64,
}

impl Figures {
    /// The figures of a run in which this scenario was played.
    pub fn of(scenario: &Scenario, target_ms: f64, record: &Record) -> Self {
        let (from, until) = scenario.watched();
        let watched = record.between(from, until);
        let mut latencies = latencies(record, from, until);
        latencies.sort_by(f64::total_cmp);
        let asked = record.counts.tries.max(1) as f64;
        Self {
            goodput: goodput(scenario, watched),
            finishing: finishing(record),
            afterwards: afterwards(scenario, record),
            p50_ms: quantile(&latencies, 50),
            p99_ms: quantile(&latencies, 99),
            overshoot: overshoot(watched, target_ms),
            settling_s: settling(watched, target_ms),
            refused: record.counts.refused as f64 / asked,
            recovery_s: recovery(scenario, record),
        }
    }
}

fn goodput(scenario: &Scenario, watched: &[Slice]) -> f64 {
    let finished = sum(watched, |slice| slice.finished);
    finished / (scenario.capacity * watched.len() as f64 * SLICE.as_secs_f64())
}

fn finishing(record: &Record) -> f64 {
    let finished = record.begun.iter().filter(|flow| flow.finished.is_some());
    finished.count() as f64 / record.begun.len() as f64
}

/// Leaves the first half of the time after the window to those who were turned away in it.
fn afterwards(scenario: &Scenario, record: &Record) -> f64 {
    let (_, from) = scenario.watched();
    let until = scenario.load().ends_at();
    let late = record.between(from + until.saturating_sub(from) / 2, until);
    sum(late, |slice| slice.finished) / sum(late, |slice| slice.arrived)
}

fn overshoot(watched: &[Slice], target_ms: f64) -> f64 {
    let worst = seconds(watched).fold(0.0, f64::max);
    (worst / target_ms - 1.0).max(0.0)
}

fn settling(watched: &[Slice], target_ms: f64) -> f64 {
    let seconds: Vec<f64> = seconds(watched).collect();
    let unsettled = |latency_ms: &f64| *latency_ms > target_ms * SETTLED;
    match seconds.iter().rposition(unsettled) {
        None => 0.0,
        Some(last) if last + 1 == seconds.len() => f64::INFINITY,
        // The slice that a second ends with tells its time.
        Some(last) => (last + SECOND) as f64 * SLICE.as_secs_f64(),
    }
}

/// From when on it stayed full for a while: a backend that is back answers a flash of calls before
/// it collapses again.
fn recovery(scenario: &Scenario, record: &Record) -> f64 {
    let Some(back) = scenario.back_at.map(Duration::from_secs) else {
        return f64::NAN;
    };
    let after = record.between(back, scenario.load().ends_at());
    let enough = scenario.capacity * FULL * WHILE as f64 * SLICE.as_secs_f64();
    let mut whiles = after.windows(WHILE);
    let full = whiles.position(|slices| sum(slices, |slice| slice.finished) >= enough);
    full.map_or(f64::INFINITY, |slice| slice as f64 * SLICE.as_secs_f64())
}

/// The mean latency of each second, by its last slice; seconds in which nothing ended are not told.
fn seconds(slices: &[Slice]) -> impl Iterator<Item = f64> {
    let latencies = slices.windows(SECOND).map(mean_latency);
    latencies.filter(|latency| latency.is_finite())
}

/// Not a number where nothing ended.
fn mean_latency(slices: &[Slice]) -> f64 {
    let latency_ms: f64 = slices.iter().map(|slice| slice.latency_ms).sum();
    latency_ms / sum(slices, |slice| slice.ended)
}

fn sum(slices: &[Slice], of: impl Fn(&Slice) -> u64) -> f64 {
    slices.iter().map(of).sum::<u64>() as f64
}

fn latencies(record: &Record, from: Duration, until: Duration) -> Vec<f64> {
    let ends = record.latencies.iter();
    ends.filter(|(at, _)| (from..until).contains(at))
        .map(|(_, latency_ms)| *latency_ms)
        .collect()
}

/// Of sorted values; not a number where there are none.
pub fn quantile(sorted: &[f64], percent: usize) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted
        .get(last * percent / 100)
        .copied()
        .unwrap_or(f64::NAN)
}
