//! Saving what a call led to, before a byte of it is told.

use std::sync::Arc;
use std::time::Duration;

use integrator_core::flow::answer::WholeAnswer;
use integrator_core::flow::history::Sent;
use integrator_core::flow::machine::{self, Recorded, Settled};
use integrator_core::flow::record::Flow;
use integrator_core::flow::time::Now;
use tokio::time::{Instant, sleep};

use super::Orchestrator;
use super::call::Conversation;
use super::event::{Event, Mover};
use super::failure::{Failure, FailureKind};
use super::release::released_failure;
use super::reply::{Outcome, Reply};
use crate::backend::error::CallError;
use crate::store::{Loaded, Next, Replaced, Replacement, StoreError, Stored};

/// Pause between two tries to save, while the store does not answer.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// A flow that an answer is to be settled on, as last seen.
pub(super) struct Seen {
    pub(super) flow: Arc<Flow>,
    pub(super) now: Now,
}

impl Orchestrator {
    /// Settles a whole answer: it is saved first and told then.
    pub(super) async fn settle(&self, conversation: &Conversation, answer: WholeAnswer) -> Outcome {
        loop {
            match self.try_to_settle(conversation, &answer).await {
                Ok(outcome) => return outcome,
                Err(error) => {
                    if !self.may_save_again(conversation, &error).await {
                        return Err(unsaved(conversation, error));
                    }
                }
            }
        }
    }

    /// Tells that the store failed, and waits for the next try to save; `false` where the claim
    /// has no time left for one.
    pub(super) async fn may_save_again(
        &self,
        conversation: &Conversation,
        error: &StoreError,
    ) -> bool {
        let cause = &error.to_string();
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
                Err(machine::Stale) => return self.recorded_or_late(conversation, answer).await,
                Ok(Settled::Declined(next)) => {
                    let replaced = self.save_released(conversation, &seen, *next).await?;
                    if replaced == Replaced::Done {
                        let declined = FailureKind::Declined(answer.clone());
                        return Ok(Err(released_failure(conversation, &seen, declined)));
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
                (Replaced::Conflict, Some(seen)) => in_time(conversation, seen)?,
                (Replaced::Done | Replaced::TooLate | Replaced::Conflict, _) => {
                    return self.recorded_or_late(conversation, answer).await;
                }
            };
        }
    }

    /// The flow as it was claimed, at the store's present time: nobody else is expected to have
    /// changed it, and whoever did is found out by the version.
    pub(super) async fn as_claimed(&self, conversation: &Conversation) -> Result<Seen, StoreError> {
        let now = self.store.now().await?;
        Ok(Seen {
            flow: Arc::new(conversation.flow().clone()),
            now,
        })
    }

    pub(super) async fn see(
        &self,
        conversation: &Conversation,
    ) -> Result<Option<Seen>, StoreError> {
        let Loaded { stored, now } = self.store.load(conversation.flow().handle()).await?;
        Ok(stored.map(|Stored { flow, .. }| Seen { flow, now }))
    }

    async fn save_recorded(
        &self,
        seen: &Seen,
        recorded: &Recorded,
        conversation: &Conversation,
    ) -> Result<Replaced, StoreError> {
        let next = Next::Record {
            stored: Stored::new(recorded.flow.clone(), conversation.protocol.clone()),
            answer: Some(recorded.answer.clone()),
            dropped: recorded.dropped.clone(),
        };
        self.replace(seen, next).await
    }

    pub(super) async fn replace(&self, seen: &Seen, next: Next) -> Result<Replaced, StoreError> {
        let replacement = Replacement::over(&seen.flow, next, Some(seen.flow.deadline()));
        self.store.replace(replacement).await
    }

    fn tell_recorded(&self, conversation: &Conversation, seen: &Seen, recorded: Recorded) -> Reply {
        self.shared.observer.observe(Event::Moved {
            flow: &recorded.flow,
            protocol: &conversation.protocol,
            transition: &recorded.transition,
            in_state: seen.now.tick.since(seen.flow.entered()),
            by: Mover::Answer(&recorded.answer),
        });
        Reply {
            origin: recorded.flow.origin().clone(),
            protocol: conversation.protocol.clone(),
            answer: recorded.answer,
            replayed: false,
        }
    }

    /// What is told where the claim no longer takes an answer: the reply, if it was this answer
    /// that ended the claim, else that it came too late.
    async fn recorded_or_late(
        &self,
        conversation: &Conversation,
        answer: &WholeAnswer,
    ) -> Result<Outcome, StoreError> {
        if let Some(reply) = self.recorded_before(conversation).await? {
            return Ok(Ok(reply));
        }
        match self.declined_before(conversation, answer).await? {
            Some(declined) => Ok(Err(declined)),
            None => self.too_late(conversation).await,
        }
    }

    /// The reply to this very call, where an earlier try to save it was carried out and nobody
    /// was told so.
    async fn recorded_before(
        &self,
        conversation: &Conversation,
    ) -> Result<Option<Reply>, StoreError> {
        let Some(Seen { flow, .. }) = self.see(conversation).await? else {
            return Ok(None);
        };
        let Some(attempt) = flow.recorded_under(conversation.begun.call.claim) else {
            return Ok(None);
        };
        let attempts = std::slice::from_ref(attempt);
        let seen = Stored::new(flow.clone(), conversation.protocol.clone());
        let answer = self.store.answers(&seen, attempts).await?.pop();
        let Some(answer) = answer else {
            return Ok(None);
        };
        let made = flow.history().transitions().iter().rev();
        let mut made = made.filter(|made| {
            made.cause
                .as_ref()
                .is_some_and(|cause| cause.attempt == *attempt)
        });
        if let Some(transition) = made.next() {
            self.shared.observer.observe(Event::Moved {
                flow: &flow,
                protocol: &conversation.protocol,
                transition,
                in_state: transition.tick.since(conversation.flow().entered()),
                by: Mover::Answer(&answer),
            });
        }
        Ok(Some(Reply {
            origin: flow.origin().clone(),
            protocol: conversation.protocol.clone(),
            answer,
            replayed: false,
        }))
    }

    /// The answer is dropped; its caller is told the flow's state as it now is.
    async fn too_late(&self, conversation: &Conversation) -> Result<Outcome, StoreError> {
        let detail = "the backend's answer came after the claim had ended and was dropped";
        let late = FailureKind::Unanswered(CallError::TimedOut {
            sent: Sent::Unknown,
            detail: detail.to_owned(),
        });
        let failure = self.overtaken(conversation, late).await?;
        self.shared.observer.observe(Event::Late {
            flow: conversation.flow(),
            protocol: &conversation.protocol,
            step: conversation.step(),
        });
        Ok(Err(failure))
    }
}

/// What was seen, as long as the claim has time for another try to save.
pub(super) fn in_time(conversation: &Conversation, seen: Seen) -> Result<Seen, StoreError> {
    if Instant::now() < conversation.deadlines.settle {
        return Ok(seen);
    }
    let cause = "the flow was changed again and again, until no time was left";
    Err(StoreError::unavailable(cause))
}

fn unsaved(conversation: &Conversation, error: StoreError) -> Failure {
    let outcome = Some(Sent::Unknown);
    as_claimed(
        conversation,
        FailureKind::StoreUnavailable { error, outcome },
    )
}

/// A failure told of the flow as it was claimed: what the store holds now, it does not say.
pub(super) fn as_claimed(conversation: &Conversation, kind: FailureKind) -> Failure {
    let (flow, protocol) = (conversation.flow(), &conversation.protocol);
    Failure::new(kind)
        .in_state(flow, protocol, flow.state())
        .at_step(conversation.step())
}
