//! The gates of a process.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::gate::Gate;
use super::options::Options;
use super::told::Reading;
use crate::clock::Clock;

/// A gate for each backend, or none at all.
#[derive(Default)]
pub struct Gates {
    by_backend: BTreeMap<String, Arc<Gate>>,
}

impl Gates {
    /// No gates: admission control is off.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// A gate of its own for each backend.
    #[must_use]
    pub fn new<'a>(
        options: &Options,
        backends: impl IntoIterator<Item = &'a str>,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let gate = |backend: &'a str| {
            let gate = Gate::new(backend, options, clock.clone());
            (backend.to_owned(), Arc::new(gate))
        };
        Self {
            by_backend: backends.into_iter().map(gate).collect(),
        }
    }

    /// The gate in front of a backend.
    #[must_use]
    pub fn of(&self, backend: &str) -> Option<&Arc<Gate>> {
        self.by_backend.get(backend)
    }

    /// All of them, by the names of their backends.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Gate>> {
        self.by_backend.values()
    }

    /// Where each of them stands.
    #[must_use]
    pub fn readings(&self) -> Vec<Reading> {
        self.iter().map(|gate| gate.reading()).collect()
    }
}
