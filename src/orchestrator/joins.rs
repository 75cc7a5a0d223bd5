//! Calls under way in this process, so that a same request waits for one and gets its reply.

use std::sync::Arc;

use dashmap::DashMap;
use integrator_core::flow::ids::ClaimId;
use tokio::sync::watch;

use super::failure::{Failure, FailureKind};
use super::reply::Outcome;

/// The calls under way, by claim.
#[derive(Default)]
pub struct Joins {
    calls: DashMap<ClaimId, watch::Receiver<Option<Outcome>>>,
}

impl Joins {
    /// Opens a call for others to join; do so before its claim can be seen in the store.
    pub(super) fn open(self: &Arc<Self>, claim: ClaimId) -> Ticket {
        let (sender, receiver) = watch::channel(None);
        self.calls.insert(claim, receiver);
        Ticket {
            joins: self.clone(),
            claim,
            sender,
        }
    }

    /// The call that runs under `claim`, if it runs here.
    pub(super) fn find(&self, claim: ClaimId) -> Option<Join> {
        self.calls.get(&claim).map(|receiver| Join {
            receiver: receiver.clone(),
        })
    }
}

/// The side that makes the call. Dropped, it lets nobody join any more.
pub(super) struct Ticket {
    joins: Arc<Joins>,
    claim: ClaimId,
    sender: watch::Sender<Option<Outcome>>,
}

impl Ticket {
    /// Tells everyone who joined. Do so after the outcome is saved.
    pub(super) fn tell(self, outcome: &Outcome) {
        self.sender.send_replace(Some(outcome.clone()));
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.joins.calls.remove(&self.claim);
    }
}

/// A side that waits.
pub(super) struct Join {
    receiver: watch::Receiver<Option<Outcome>>,
}

impl Join {
    /// Waits for the call's outcome.
    pub(super) async fn outcome(mut self) -> Outcome {
        let told = self.receiver.wait_for(Option::is_some).await;
        let outcome = told.ok().and_then(|outcome| outcome.clone());
        outcome.unwrap_or_else(|| {
            Err(Failure::new(FailureKind::Internal(
                "the joined call ended without a word".to_owned(),
            )))
        })
    }
}
