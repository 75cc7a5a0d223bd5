//! Ending a flow before its deadline, because an operator says so.

use std::sync::Arc;

use integrator_core::flow::ids::FlowHandle;
use integrator_core::flow::machine::{Expired, expire};

use super::delivery::Delivery;
use super::event::{Event, Mover};
use super::failure::{Failure, FailureKind};
use super::observe::observed;
use super::reply::Observation;
use super::{Found, Orchestrator, no_flow};
use crate::store::{Next, Replaced, Replacement, StoreError, Stored};

/// How often the flow is judged anew because somebody else changed it in between. Each round means
/// that someone made progress, so more than a few are never needed.
const ROUNDS: usize = 16;

/// A request to end a flow.
#[derive(Clone)]
pub struct ExpireOrder {
    /// The flow's handle, as the caller wrote it.
    pub handle: String,
    /// What the caller sent, whose members mean nothing here.
    pub sent: Delivery,
}

impl Orchestrator {
    /// Closes an open flow as `expired`, now. A call that is under way for it is fenced: its
    /// answer is dropped.
    ///
    /// # Errors
    ///
    /// [`FailureKind::Ended`] where the flow has ended already; as of any step where the body
    /// cannot be read or there is no such flow; a failure of the store.
    pub async fn expire(self: &Arc<Self>, order: ExpireOrder) -> Result<Observation, Failure> {
        let orchestrator = self.clone();
        self.tracked(async move { orchestrator.run_expire(&order).await })
            .await
    }

    async fn run_expire(&self, order: &ExpireOrder) -> Result<Observation, Failure> {
        order.sent.read().whole()?;
        let handle = FlowHandle::parse(&order.handle).ok_or_else(no_flow)?;
        for _ in 0..ROUNDS {
            let found = self.find(&handle).await?;
            let state = found.flow.state_at(&found.protocol, &found.now);
            let expired = expire(&found.flow, &found.protocol, &found.now);
            let Some(expired) = expired.filter(|_| !found.protocol.is_terminal(state)) else {
                return Err(ended(&found));
            };
            if self.save_expired(&found, &expired).await? {
                self.shared.observer.observe(Event::Moved {
                    flow: &expired.flow,
                    protocol: &found.protocol,
                    transition: &expired.transition,
                    in_state: expired.transition.tick.since(found.flow.entered()),
                    by: Mover::Operator,
                });
                let Found { protocol, now, .. } = found;
                return Ok(observed(&expired.flow, protocol, &now));
            }
            // Whoever changed the flow may run on this very thread.
            tokio::task::yield_now().await;
        }
        let cause = "the flow was changed again and again, until no try was left";
        Err(StoreError::unavailable(cause).into())
    }

    /// Whether the flow is stored as expired; `false` where another one changed it first, or its
    /// deadline came.
    async fn save_expired(&self, found: &Found, expired: &Expired) -> Result<bool, StoreError> {
        let next = Next::Record {
            stored: Stored::new(expired.flow.clone(), found.protocol.clone()),
            answer: None,
            dropped: Vec::new(),
        };
        let replacement = Replacement::over(&found.flow, next, Some(found.flow.deadline()));
        match self.store.replace(replacement).await {
            Ok(replaced) => Ok(replaced == Replaced::Done),
            // It may have been carried out all the same, and must be told of then.
            Err(error) => {
                let stored = self.store.load(found.flow.handle()).await?.stored;
                let is_written = stored.is_some_and(|stored| *stored.flow == expired.flow);
                if is_written { Ok(true) } else { Err(error) }
            }
        }
    }
}

fn ended(found: &Found) -> Failure {
    let Found {
        flow,
        protocol,
        now,
        ..
    } = found;
    let state = flow.state_at(protocol, now);
    let ended = FailureKind::Ended {
        state: protocol.state_name(state).to_owned(),
        is_expired: state == protocol.expired(),
    };
    Failure::new(ended).of_flow(flow, protocol, now)
}
