//! `[flows]`: how many flows are kept, how much of them, and how often overdue ones are looked for.

use std::time::Duration;

use super::setting::{Feature, Kind, Setting};
use super::settled::Settled;
use crate::problems::Problem;

const MAX: &str = "flows.max";
const MAX_BYTES: &str = "flows.max_bytes";
const SWEEP_INTERVAL: &str = "flows.sweep_interval_ms";

pub(super) const SETTINGS: &[Setting] = &[
    Setting::new(
        MAX,
        Kind::Integer {
            least: 1,
            most: 100_000_000,
            unit: "flows",
        },
        Feature::Flows,
        "Flows stored at once, terminal ones included until they are removed.",
    )
    .default("1000000"),
    Setting::new(
        MAX_BYTES,
        Kind::Integer {
            least: 1_048_576,
            most: 1_099_511_627_776,
            unit: "bytes",
        },
        Feature::Flows,
        "Recorded answers held at once by the `memory` store; idle with any other.",
    )
    .default("2147483648"),
    Setting::new(
        SWEEP_INTERVAL,
        Kind::Integer {
            least: 10,
            most: 60_000,
            unit: "milliseconds",
        },
        Feature::Flows,
        "How often overdue flows are marked expired and old ones removed.",
    )
    .default("1000"),
];

/// Bounds of what is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flows {
    /// Flows stored at once.
    pub max: u64,
    /// Bytes of recorded answers held in memory at once.
    pub max_bytes: u64,
    /// The time between two sweeps.
    pub sweep_interval: Duration,
}

impl Flows {
    pub(super) fn assemble(settled: &Settled) -> Result<Flows, Problem> {
        Ok(Flows {
            max: settled.integer(MAX)?,
            max_bytes: settled.integer(MAX_BYTES)?,
            sweep_interval: settled.duration(SWEEP_INTERVAL)?,
        })
    }
}
