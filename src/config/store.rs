//! `[store]`: where flows are kept.

use super::setting::{Feature, Gate, Kind, Setting};
use super::settled::Settled;
use crate::problems::Problem;

const KIND: &str = "store.kind";
const PATH: &str = "store.path";
const URL: &str = "store.url";

pub(super) const SETTINGS: &[Setting] = &[
    Setting::new(
        KIND,
        Kind::Word(&["memory", "sqlite", "redis", "postgres"]),
        Feature::Stores,
        "What keeps the flows; `memory` forgets them when the process ends.",
    )
    .default("memory")
    .gate(Gate::Only("memory")),
    Setting::new(
        PATH,
        Kind::Path,
        Feature::Stores,
        "File of the `sqlite` store.",
    ),
    Setting::new(
        URL,
        Kind::StoreUrl,
        Feature::Stores,
        "URL of the `redis` or `postgres` store.",
    ),
];

/// What keeps the flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// This process.
    Memory,
}

/// The store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// What keeps the flows.
    pub kind: StoreKind,
}

impl Store {
    pub(super) fn assemble(settled: &Settled) -> Result<Store, Problem> {
        settled.text(KIND).map(|_| Store {
            kind: StoreKind::Memory,
        })
    }
}

/// A path or a URL beside a store that lives in memory.
pub(super) fn contradictions(settled: &Settled) -> Vec<Problem> {
    if settled.text(KIND).is_err() {
        return Vec::new();
    }
    let idle = |path: &&str| settled.is_said(path) && !settled.is_broken(path);
    let problem = |path: &str| {
        let text = format!(
            "the store is memory ({}), which has none; leave it out",
            settled.place(KIND)
        );
        Problem::at(path, settled.place(path), text)
    };
    [PATH, URL]
        .iter()
        .filter(|path| idle(path))
        .map(|path| problem(path))
        .collect()
}
