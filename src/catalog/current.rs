//! The catalog in use. Whoever needs one takes it once and keeps it to the end of the work: another
//! one may take its place at any moment, and never a part of one.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use integrator_core::protocol::Protocol;
use jiff::Timestamp;

use super::{Catalog, Changes, is_same};
use crate::problems::Problems;

/// A refusal tells at most so many problems.
const MOST_PROBLEMS: usize = 100;
/// So many definitions that were in use before are remembered.
const MOST_EARLIER: usize = 256;

/// Holds the catalog in use.
#[derive(Debug)]
pub struct Catalogs(RwLock<Held>);

#[derive(Debug)]
struct Held {
    standing: Standing,
    /// Definitions with callbacks that were in use before, the latest first.
    earlier: Vec<Arc<Protocol>>,
}

/// What stands at one moment.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The catalog in use.
    pub catalog: Arc<Catalog>,
    /// How the latest reload ended; none before the first.
    pub reload: Option<Arc<Reload>>,
}

/// An attempt to put another catalog in the place of the one in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reload {
    /// When it ended.
    pub at: Timestamp,
    /// How.
    pub outcome: ReloadOutcome,
}

/// How a reload ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReloadOutcome {
    /// What was read is in use.
    Loaded,
    /// What had been in use stays, for these reasons.
    Refused(Vec<String>),
}

impl Catalogs {
    /// Holds the catalog of the start.
    #[must_use]
    pub fn new(catalog: Catalog) -> Self {
        let standing = Standing {
            catalog: Arc::new(catalog),
            reload: None,
        };
        Self(RwLock::new(Held {
            standing,
            earlier: Vec::new(),
        }))
    }

    /// The catalog in use.
    #[must_use]
    pub fn current(&self) -> Arc<Catalog> {
        Arc::clone(&self.read().standing.catalog)
    }

    /// The catalog in use, and how it came to be so.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.read().standing.clone()
    }

    /// The definitions of that name by which a callback may find its flow: the one in use, then
    /// those that flows may have begun with before it was.
    #[must_use]
    pub fn called_back(&self, name: &str) -> Vec<Arc<Protocol>> {
        let held = self.read();
        let earlier = held.earlier.iter().filter(|known| known.name() == name);
        let current = held.standing.catalog.get(name);
        current.into_iter().chain(earlier).cloned().collect()
    }

    /// Puts `next` in the place of the catalog in use, whole. Tells what is different.
    pub fn replace(&self, next: Catalog, at: Timestamp) -> Changes {
        // What ends with the old catalog ends after the lock.
        let old = self.current();
        let next = next.sharing_with(&old);
        let changes = Changes::between(&old, &next);
        let mut held = self.write();
        held.earlier = earlier(&held.earlier, &old, &next);
        held.standing = Standing {
            catalog: Arc::new(next),
            reload: Some(Arc::new(Reload {
                at,
                outcome: ReloadOutcome::Loaded,
            })),
        };
        changes
    }

    /// Leaves everything as it is, and takes note of why. Tells the reasons as they are kept.
    pub fn refuse(&self, problems: &Problems, at: Timestamp) -> Vec<String> {
        let mut told: Vec<String> = problems
            .iter()
            .take(MOST_PROBLEMS)
            .map(ToString::to_string)
            .collect();
        let untold = problems.len() - told.len();
        if untold > 0 {
            told.push(format!(
                "and {untold} more, which appattest-integrator check tells"
            ));
        }
        let outcome = ReloadOutcome::Refused(told.clone());
        self.write().standing.reload = Some(Arc::new(Reload { at, outcome }));
        told
    }

    fn read(&self) -> RwLockReadGuard<'_, Held> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Held> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is to be remembered of the definitions that were in use, once `next` is.
fn earlier(known: &[Arc<Protocol>], old: &Catalog, next: &Catalog) -> Vec<Arc<Protocol>> {
    let is_in_use = |protocol: &Protocol| {
        let now = next.get(protocol.name());
        now.is_some_and(|now| is_same(now, protocol))
    };
    let calls_back = |protocol: &Protocol| {
        let mut steps = protocol.steps().iter();
        steps.any(|step| step.callback().is_some())
    };
    let retired = old.iter().filter(|protocol| calls_back(protocol));
    retired
        .chain(known)
        .filter(|protocol| !is_in_use(protocol))
        .take(MOST_EARLIER)
        .cloned()
        .collect()
}

impl ReloadOutcome {
    /// The outcome as routes and metrics spell it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::Refused(_) => "refused",
        }
    }
}
