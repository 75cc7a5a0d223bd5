//! Expiring what is overdue and removing what has been kept long enough.

use std::time::Duration;

use integrator_core::flow::ids::FlowHandle;
use integrator_core::flow::machine::expire;

use super::code::Code;
use super::event::Event;
use super::failure::Failure;
use super::{Found, Orchestrator, stored};
use crate::store::{Next, Replaced, Replacement};

/// How many flows one look into the store's index brings.
const BATCH: usize = 256;

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

impl Orchestrator {
    /// Sweeps until nothing is due any more. Its cost is that of what was due.
    ///
    /// # Errors
    ///
    /// A failure of the store; what was swept until then stays swept.
    pub async fn sweep(&self) -> Result<Swept, Failure> {
        let mut swept = Swept::default();
        let mut lag = None;
        loop {
            let due = self.shared.store.due(BATCH).await?;
            let waited = due
                .oldest
                .map_or(Duration::ZERO, |oldest| due.now.tick.since(oldest));
            lag.get_or_insert(waited);
            let before = swept;
            for handle in &due.handles {
                match self.sweep_flow(handle, &mut swept).await {
                    Ok(()) => {}
                    Err(failure) if failure.code() == Code::StoreUnavailable => {
                        return Err(failure);
                    }
                    // One flow that cannot be read must not keep all others from leaving.
                    Err(_) => swept.unreadable += 1,
                }
            }
            let moved = swept.expired + swept.removed > before.expired + before.removed;
            if due.handles.len() < BATCH || !moved {
                break;
            }
            // A store in memory never waits; connections are accepted on this runtime too.
            tokio::task::yield_now().await;
        }
        self.shared.observer.observe(Event::Swept {
            lag: lag.unwrap_or_default(),
        });
        Ok(swept)
    }

    async fn sweep_flow(&self, handle: &FlowHandle, swept: &mut Swept) -> Result<(), Failure> {
        let Some(found) = self.find_if_stored(handle).await? else {
            return Ok(());
        };
        if found.flow.is_overdue(&found.now) {
            swept.expired += usize::from(self.expire_overdue(&found).await?);
        } else if found.flow.is_closed() && found.flow.due(&found.protocol) <= found.now.tick {
            swept.removed += usize::from(self.remove(&found).await?);
        }
        Ok(())
    }

    async fn expire_overdue(&self, found: &Found) -> Result<bool, Failure> {
        let Some(expired) = expire(&found.flow, &found.protocol, &found.now) else {
            return Ok(false);
        };
        let next = Next::Record {
            stored: Box::new(stored(expired.flow.clone(), &found.protocol)),
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
        let replacement = Replacement {
            handle: found.flow.handle().clone(),
            over: found.flow.version(),
            next,
            not_after: None,
        };
        Ok(self.shared.store.replace(replacement).await? == Replaced::Done)
    }
}
