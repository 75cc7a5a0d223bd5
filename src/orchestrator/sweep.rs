//! Expiring what is overdue and removing what has been kept long enough.

use std::sync::Arc;
use std::time::Duration;

use integrator_core::flow::ids::FlowHandle;
use integrator_core::flow::machine::expire;
use tokio::task::JoinSet;

use super::event::{Event, Mover};
use super::failure::{Failure, FailureKind};
use super::{Found, Orchestrator};
use crate::store::{DuePosition, Next, Replaced, Replacement, Stored};

/// How many flows one look into the store's index brings.
const BATCH: usize = 256;
/// How many of them are swept at a time: a store that is a server answers many at once.
const AT_ONCE: usize = 16;

/// What one sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Flows that were marked `expired`.
    pub expired: usize,
    /// Flows that were removed.
    pub removed: usize,
    /// Flows that were due and could not be read; they stay.
    pub unreadable: usize,
}

/// What became of one flow that was due.
enum Sweeping {
    Expired,
    Removed,
    Unreadable,
    /// Another process was there first, or it is no longer due.
    Left,
}

impl Orchestrator {
    /// Sweeps until nothing is due any more. Its cost is that of what was due.
    ///
    /// # Errors
    ///
    /// The first failure of the store; whatever else was due is swept all the same.
    pub async fn sweep(self: &Arc<Self>) -> Result<Swept, Failure> {
        let mut swept = Swept::default();
        let mut lag = None;
        let mut after: Option<DuePosition> = None;
        let mut failed = None;
        let at = loop {
            let due = self.store.due(after.as_ref(), BATCH).await?;
            let waited = |first: &DuePosition| due.now.tick.since(first.due);
            lag.get_or_insert(due.positions.first().map_or(Duration::ZERO, waited));
            for together in due.positions.chunks(AT_ONCE) {
                // A store that takes no more of one kind may take others, which gives it room.
                let ended = self.sweep_together(together, &mut swept).await;
                failed = failed.or(ended.err());
            }
            if due.positions.len() < BATCH {
                break due.now.wall;
            }
            after = due.positions.last().cloned();
            // A store in memory never waits; connections are accepted on this runtime too.
            tokio::task::yield_now().await;
        };
        self.shared.observer.observe(Event::Swept {
            lag: lag.unwrap_or_default(),
            at,
        });
        failed.map_or(Ok(swept), Err)
    }

    async fn sweep_together(
        self: &Arc<Self>,
        together: &[DuePosition],
        swept: &mut Swept,
    ) -> Result<(), Failure> {
        let mut sweeping = JoinSet::new();
        for position in together {
            let (orchestrator, handle) = (self.clone(), position.handle.clone());
            sweeping.spawn(async move { orchestrator.sweep_flow(&handle).await });
        }
        // All of them end before a failure is told: what is under way must be told of.
        let mut failed = None;
        while let Some(ended) = sweeping.join_next().await {
            match ended.unwrap_or_else(|_| Err(ended_abnormally())) {
                Ok(Sweeping::Expired) => swept.expired += 1,
                Ok(Sweeping::Removed) => swept.removed += 1,
                Ok(Sweeping::Unreadable) => swept.unreadable += 1,
                Ok(Sweeping::Left) => {}
                Err(failure) => failed = Some(failure),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn sweep_flow(&self, handle: &FlowHandle) -> Result<Sweeping, Failure> {
        match self.sweep_readable(handle).await {
            // One flow that cannot be read must not keep all others from leaving.
            Err(failure) if failure.is_unreadable() => Ok(Sweeping::Unreadable),
            swept => swept,
        }
    }

    async fn sweep_readable(&self, handle: &FlowHandle) -> Result<Sweeping, Failure> {
        let Some(found) = self.find_if_stored(handle).await? else {
            return Ok(Sweeping::Left);
        };
        let overdue = found.flow.is_overdue(&found.now);
        let kept_long_enough = found.flow.due(&found.protocol) <= found.now.tick;
        if overdue && self.expire_overdue(&found).await? {
            Ok(Sweeping::Expired)
        } else if found.flow.is_closed() && kept_long_enough && self.remove(&found).await? {
            Ok(Sweeping::Removed)
        } else {
            Ok(Sweeping::Left)
        }
    }

    async fn expire_overdue(&self, found: &Found) -> Result<bool, Failure> {
        let Some(expired) = expire(&found.flow, &found.protocol, &found.now) else {
            return Ok(false);
        };
        let next = Next::Record {
            stored: Stored::new(expired.flow.clone(), found.protocol.clone()),
            answer: None,
            dropped: Vec::new(),
        };
        if !self.replace_found(found, next).await? {
            return Ok(false);
        }
        self.shared.observer.observe(Event::Moved {
            flow: &expired.flow,
            protocol: &found.protocol,
            transition: &expired.transition,
            in_state: expired.transition.tick.since(found.flow.entered()),
            by: Mover::Deadline,
        });
        Ok(true)
    }

    async fn remove(&self, found: &Found) -> Result<bool, Failure> {
        let removed = self.replace_found(found, Next::Nothing).await?;
        if removed {
            self.shared.observer.observe(Event::Removed {
                protocol: &found.protocol,
            });
        }
        Ok(removed)
    }

    async fn replace_found(&self, found: &Found, next: Next) -> Result<bool, Failure> {
        let replacement = Replacement::over(&found.flow, next, None);
        Ok(self.store.replace(replacement).await? == Replaced::Done)
    }
}

fn ended_abnormally() -> Failure {
    let cause = "the sweeping of a flow ended abnormally".to_owned();
    Failure::new(FailureKind::Internal(cause))
}
