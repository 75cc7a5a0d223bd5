//! Pictures of a scenario: what each limiter let in, what latency came of it, and what finished.

mod figure;
mod panel;

use super::candidate::Candidate;
use super::record::Record;
use super::scenario::Scenario;

pub use figure::svg;

/// A run to be drawn.
#[derive(Debug)]
pub struct Drawn {
    /// Which limiter it had.
    pub candidate: Candidate,
    /// What happened.
    pub record: Record,
}

/// What a picture shows.
#[derive(Debug)]
pub struct Picture<'a> {
    /// What was played.
    pub scenario: &'a Scenario,
    /// The latency that the law aims at.
    pub target_ms: f64,
    /// The runs, in the order of the legend.
    pub runs: &'a [Drawn],
}
