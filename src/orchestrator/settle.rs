//! Saving what a call led to, before a byte of it is told.

use std::sync::Arc;
use std::time::Duration;

use integrator_core::flow::answer::WholeAnswer;
use integrator_core::flow::history::{Ending, Sent};
use integrator_core::flow::machine::{self, Recorded, Settled};
use integrator_core::flow::record::Flow;
use integrator_core::flow::refusal::{Refusal, Why};
use integrator_core::flow::time::Now;
use integrator_core::protocol::Unknown;
use tokio::time::{Instant, sleep};

use super::call::{Conversation, NoAnswer};
use super::event::Event;
use super::failure::{Aftermath, Failure, FailureKind};
use super::reply::{Outcome, Reply};
use super::{Orchestrator, no_flow, stored};
use crate::backend::error::CallError;
use crate::store::{Next, Replaced, Replacement, StoreError};

/// Pause between two tries to save, while the store does not answer.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// A flow that an answer is to be settled on, as last seen.
struct Seen {
    flow: Arc<Flow>,
    now: Now,
}

impl Orchestrator {
    /// Settles a whole answer: it is saved first and told then.
    pub(super) async fn settle(&self, conversation: &Conversation, answer: WholeAnswer) -> Outcome {
        loop {
            match self.try_to_settle(conversation, &answer).await {
                Ok(outcome) => return outcome,
                Err(StoreError::Unavailable { cause }) => {
                    if !self.may_save_again(conversation, &cause).await {
                        return Err(unsaved(conversation, cause));
                    }
                }
            }
        }
    }

    /// Tells that the store failed, and waits for the next try to save; `false` where the claim
    /// has no time left for one.
    async fn may_save_again(&self, conversation: &Conversation, cause: &str) -> bool {
        let flow = conversation.flow();
        self.shared
            .observer
            .observe(Event::StoreFailed { flow, cause });
        if Instant::now() + RETRY_PAUSE >= conversation.deadlines.settle {
            return false;
        }
        sleep(RETRY_PAUSE).await;
        true
    }

    async fn try_to_settle(
        &self,
        conversation: &Conversation,
        answer: &WholeAnswer,
    ) -> Result<Outcome, StoreError> {
        let mut seen = self.as_claimed(conversation).await?;
        loop {
            let protocol = &conversation.protocol;
            let call = &conversation.begun.call;
            let settled = machine::settle(&seen.flow, protocol, call, answer.clone(), &seen.now);
            let replaced = match settled {
                Err(machine::Stale) => return self.too_late(conversation).await,
                Ok(Settled::Declined(next)) => {
                    let replaced = self.save_released(conversation, &seen, *next).await?;
                    if replaced == Replaced::Done {
                        let declined = FailureKind::Declined(answer.clone());
                        return Ok(Err(self.tell_released(conversation, &seen, declined)));
                    }
                    replaced
                }
                Ok(Settled::Recorded(recorded)) => {
                    let replaced = self.save_recorded(&seen, &recorded, conversation).await?;
                    if replaced == Replaced::Done {
                        return Ok(Ok(self.tell_recorded(conversation, &seen, *recorded)));
                    }
                    replaced
                }
            };
            seen = match (replaced, self.see(conversation).await?) {
                (Replaced::Conflict, Some(seen)) => seen,
                (Replaced::Done | Replaced::TooLate | Replaced::Conflict, _) => {
                    return self.too_late(conversation).await;
                }
            };
        }
    }

    /// Releases the claim of a call that brought no whole answer.
    pub(super) async fn release(&self, conversation: &Conversation, why: NoAnswer) -> Failure {
        let (ending, kind) = match why {
            NoAnswer::Failed(error) => (error.ending(), FailureKind::Unanswered(error)),
            NoAnswer::Interrupted => (Ending::Interrupted, FailureKind::ShuttingDown),
        };
        loop {
            match self.try_to_release(conversation, ending).await {
                Ok(seen) => return self.tell_released(conversation, &seen, kind),
                Err(StoreError::Unavailable { cause }) => {
                    if !self.may_save_again(conversation, &cause).await {
                        // The claim then ends with its lease, which is what a lease is for.
                        return as_claimed(conversation, kind);
                    }
                }
            }
        }
    }

    async fn try_to_release(
        &self,
        conversation: &Conversation,
        ending: Ending,
    ) -> Result<Seen, StoreError> {
        let mut seen = self.as_claimed(conversation).await?;
        loop {
            let call = &conversation.begun.call;
            let released =
                machine::release(&seen.flow, &conversation.protocol, call, ending, &seen.now);
            let Ok(next) = released else {
                return Ok(seen);
            };
            if self.save_released(conversation, &seen, next).await? != Replaced::Conflict {
                return Ok(seen);
            }
            match self.see(conversation).await? {
                Some(again) => seen = again,
                None => return Ok(seen),
            }
        }
    }

    /// The flow as it was claimed, at the store's present time: nobody else is expected to have
    /// changed it, and whoever did is found out by the version.
    async fn as_claimed(&self, conversation: &Conversation) -> Result<Seen, StoreError> {
        let now = self.shared.store.now().await?;
        Ok(Seen {
            flow: Arc::new(conversation.flow().clone()),
            now,
        })
    }

    async fn see(&self, conversation: &Conversation) -> Result<Option<Seen>, StoreError> {
        let loaded = self.shared.store.load(conversation.flow().handle()).await?;
        Ok(loaded.flow.map(|flow| Seen {
            flow,
            now: loaded.now,
        }))
    }

    async fn save_recorded(
        &self,
        seen: &Seen,
        recorded: &Recorded,
        conversation: &Conversation,
    ) -> Result<Replaced, StoreError> {
        let next = Next::Record {
            stored: Box::new(stored(recorded.flow.clone(), &conversation.protocol)),
            answer: Some(recorded.answer.clone()),
            dropped: recorded.dropped.clone(),
        };
        self.replace(seen, next).await
    }

    /// A start that nobody can repeat leaves no flow behind.
    async fn save_released(
        &self,
        conversation: &Conversation,
        seen: &Seen,
        next: Flow,
    ) -> Result<Replaced, StoreError> {
        let next = if leaves_nothing(conversation) {
            Next::Nothing
        } else {
            let stored = Box::new(stored(next, &conversation.protocol));
            Next::Record {
                stored,
                answer: None,
                dropped: Vec::new(),
            }
        };
        self.replace(seen, next).await
    }

    async fn replace(&self, seen: &Seen, next: Next) -> Result<Replaced, StoreError> {
        let replacement = Replacement {
            handle: seen.flow.handle().clone(),
            over: seen.flow.version(),
            next,
            not_after: Some(seen.flow.deadline()),
        };
        self.shared.store.replace(replacement).await
    }

    fn tell_recorded(&self, conversation: &Conversation, seen: &Seen, recorded: Recorded) -> Reply {
        self.shared.observer.observe(Event::Moved {
            flow: &recorded.flow,
            protocol: &conversation.protocol,
            transition: &recorded.transition,
            in_state: seen.now.tick.since(seen.flow.entered()),
        });
        Reply {
            origin: recorded.flow.origin().clone(),
            protocol: conversation.protocol.clone(),
            answer: recorded.answer,
            replayed: false,
        }
    }

    fn tell_released(
        &self,
        conversation: &Conversation,
        seen: &Seen,
        kind: FailureKind,
    ) -> Failure {
        let step = conversation.step();
        let is_unknown = match &kind {
            FailureKind::Unanswered(error) => error.ending().leaves_outcome_unknown(),
            FailureKind::ShuttingDown => true,
            FailureKind::InvalidInput(_)
            | FailureKind::NotFound(_)
            | FailureKind::Refused(_)
            | FailureKind::Declined(_)
            | FailureKind::CapacityExhausted(_)
            | FailureKind::StoreUnavailable { .. }
            | FailureKind::Internal(_) => false,
        };
        let failure = Failure::new(kind);
        let mut failure = failure.of_flow(&seen.flow, &conversation.protocol, &seen.now);
        if leaves_nothing(conversation) {
            failure.flow = None;
            failure.aftermath = Aftermath::NoFlow;
        } else if is_unknown && step.unknown() == Unknown::Hold {
            failure.aftermath = Aftermath::Held;
        }
        failure.at_step(step)
    }

    /// The answer is dropped; its caller is told the flow's state as it now is.
    async fn too_late(&self, conversation: &Conversation) -> Result<Outcome, StoreError> {
        let protocol = &conversation.protocol;
        let step = conversation.step();
        self.shared.observer.observe(Event::Late {
            flow: conversation.flow(),
            protocol,
            step,
        });
        let Some(Seen { flow, now }) = self.see(conversation).await? else {
            return Ok(Err(no_flow()));
        };
        let state = flow.state_at(protocol, &now);
        let refused = |why| FailureKind::Refused(Refusal::new(protocol, state, step, why));
        let kind = if state == protocol.expired() {
            refused(Why::Expired)
        } else if protocol.is_terminal(state) {
            refused(Why::Terminal)
        } else {
            FailureKind::Unanswered(CallError::TimedOut {
                sent: Sent::Unknown,
                detail: "the backend's answer came after the claim had ended and was dropped"
                    .to_owned(),
            })
        };
        Ok(Err(Failure::new(kind)
            .of_flow(&flow, protocol, &now)
            .at_step(step)))
    }
}

fn leaves_nothing(conversation: &Conversation) -> bool {
    let is_start = conversation.begun.call.step == conversation.protocol.start().id();
    is_start && conversation.flow().origin().keyed.is_none()
}

fn unsaved(conversation: &Conversation, cause: String) -> Failure {
    let outcome = Some(Sent::Unknown);
    as_claimed(
        conversation,
        FailureKind::StoreUnavailable { cause, outcome },
    )
}

/// A failure told of the flow as it was claimed: what the store holds now, it does not say.
fn as_claimed(conversation: &Conversation, kind: FailureKind) -> Failure {
    let (flow, protocol) = (conversation.flow(), &conversation.protocol);
    Failure::new(kind)
        .in_state(flow, protocol, flow.state())
        .at_step(conversation.step())
}
