//! Letting go of a claim whose call brought nothing to record.

use integrator_core::flow::answer::WholeAnswer;
use integrator_core::flow::history::Ending;
use integrator_core::flow::machine;
use integrator_core::flow::record::Flow;
use integrator_core::flow::refusal::{Refusal, Why};
use integrator_core::protocol::Unknown;
use integrator_core::protocol::outcome::{Classified, classify};

use super::call::{Conversation, NoAnswer};
use super::failure::{Aftermath, Failure, FailureKind};
use super::settle::{Seen, as_claimed, in_time};
use super::{Orchestrator, no_flow};
use crate::store::{Next, Replaced, Replacement, StoreError, Stored};

impl Orchestrator {
    /// Releases the claim of a call that brought no whole answer.
    pub(super) async fn release(&self, conversation: &Conversation, why: NoAnswer) -> Failure {
        let (ending, kind) = match why {
            NoAnswer::Failed(error) => (error.ending(), FailureKind::Unanswered(error)),
            NoAnswer::Interrupted => (Ending::Interrupted, FailureKind::ShuttingDown),
            NoAnswer::Unclaimed(error) => {
                let outcome = None;
                (
                    Ending::Unsaved,
                    FailureKind::StoreUnavailable { error, outcome },
                )
            }
        };
        loop {
            let error = match self.try_to_release(conversation, ending, &kind).await {
                Ok(failure) => return failure,
                Err(error) => error,
            };
            if !self.may_save_again(conversation, &error).await {
                // The claim then ends with its lease, which is what a lease is for.
                return as_claimed(conversation, kind);
            }
        }
    }

    async fn try_to_release(
        &self,
        conversation: &Conversation,
        ending: Ending,
        kind: &FailureKind,
    ) -> Result<Failure, StoreError> {
        let mut seen = match ending {
            // Nobody said that the claim is stored: another one may stand under its version.
            Ending::Unsaved => match self.see(conversation).await? {
                Some(seen) => seen,
                None => return self.overtaken(conversation, kind.clone()).await,
            },
            _ => self.as_claimed(conversation).await?,
        };
        loop {
            let call = &conversation.begun.call;
            let released =
                machine::release(&seen.flow, &conversation.protocol, call, ending, &seen.now);
            let Ok(next) = released else {
                return self.overtaken(conversation, kind.clone()).await;
            };
            match self.save_released(conversation, &seen, next).await? {
                Replaced::Done => return Ok(released_failure(conversation, &seen, kind.clone())),
                Replaced::TooLate => return self.overtaken(conversation, kind.clone()).await,
                Replaced::Conflict => {}
            }
            match self.see(conversation).await? {
                Some(again) => seen = in_time(conversation, again)?,
                None => return self.overtaken(conversation, kind.clone()).await,
            }
        }
    }

    /// Saves a flow whose claim is released; a start that nobody can repeat leaves none behind.
    pub(super) async fn save_released(
        &self,
        conversation: &Conversation,
        seen: &Seen,
        next: Flow,
    ) -> Result<Replaced, StoreError> {
        let next = if leaves_nothing(conversation) {
            Next::Nothing
        } else {
            Next::Record {
                stored: Stored::new(next, conversation.protocol.clone()),
                answer: None,
                dropped: Vec::new(),
            }
        };
        self.replace(seen, next).await
    }

    /// The flow was closed, or claimed anew, while the call was under way: its caller is told the
    /// state as it is then, or, where the flow is still open, what became of the call.
    pub(super) async fn overtaken(
        &self,
        conversation: &Conversation,
        kind: FailureKind,
    ) -> Result<Failure, StoreError> {
        let protocol = &conversation.protocol;
        let step = conversation.step();
        loop {
            let Some(seen) = self.see(conversation).await? else {
                return Ok(if leaves_nothing(conversation) {
                    without_flow(Failure::new(kind).at_step(step))
                } else {
                    no_flow()
                });
            };
            let state = seen.flow.state_at(protocol, &seen.now);
            let refused = |why| FailureKind::Refused(Refusal::new(protocol, state, step, why));
            let kind = if state == protocol.expired() {
                refused(Why::Expired)
            } else if protocol.is_terminal(state) {
                refused(Why::Terminal)
            } else {
                kind.clone()
            };
            let failure = Failure::new(kind).of_flow(&seen.flow, protocol, &seen.now);
            let failure = failure.at_step(step);
            let is_answered = seen.flow.latest_answer(step.id()).is_some();
            if is_answered || !leaves_nothing(conversation) {
                return Ok(failure);
            }
            if self.forget(&seen).await? != Replaced::Conflict {
                return Ok(without_flow(failure));
            }
        }
    }

    /// The failure of a call whose answer no outcome takes, where an earlier try to save that was
    /// carried out and nobody was told so.
    pub(super) async fn declined_before(
        &self,
        conversation: &Conversation,
        answer: &WholeAnswer,
    ) -> Result<Option<Failure>, StoreError> {
        let step = conversation.step();
        if !matches!(
            classify(step, answer.status, &answer.body),
            Classified::NotTaken
        ) {
            return Ok(None);
        }
        let failure = Failure::new(FailureKind::Declined(answer.clone())).at_step(step);
        let Some(seen) = self.see(conversation).await? else {
            return Ok(leaves_nothing(conversation).then(|| without_flow(failure)));
        };
        let attempt = &conversation.begun.call.attempt;
        let status = answer.status;
        let mut ended = seen.flow.history().attempts();
        let latest = ended.rfind(|ended| ended.attempt == *attempt);
        let is_saved = latest.is_some_and(|ended| ended.ending == Ending::Declined { status });
        Ok(is_saved.then(|| failure.of_flow(&seen.flow, &conversation.protocol, &seen.now)))
    }

    async fn forget(&self, seen: &Seen) -> Result<Replaced, StoreError> {
        let replacement = Replacement::over(&seen.flow, Next::Nothing, None);
        self.store.replace(replacement).await
    }
}

/// The failure of a call whose claim is released.
pub(super) fn released_failure(
    conversation: &Conversation,
    seen: &Seen,
    kind: FailureKind,
) -> Failure {
    let step = conversation.step();
    let holds = step.unknown() == Unknown::Hold && leaves_outcome_unknown(&kind);
    let failure = Failure::new(kind)
        .of_flow(&seen.flow, &conversation.protocol, &seen.now)
        .at_step(step);
    if leaves_nothing(conversation) {
        let failure = without_flow(failure);
        let aftermath = if holds {
            Aftermath::NoFlowHeld
        } else {
            failure.aftermath
        };
        Failure {
            aftermath,
            ..failure
        }
    } else if holds {
        failure.holding(step)
    } else {
        failure
    }
}

/// Whether the conversation is a start without a key, which leaves no flow behind where its
/// answer is not recorded.
fn leaves_nothing(conversation: &Conversation) -> bool {
    let is_start = conversation.begun.call.step == conversation.protocol.start().id();
    is_start && conversation.flow().origin().keyed.is_none()
}

fn without_flow(failure: Failure) -> Failure {
    Failure {
        flow: None,
        aftermath: Aftermath::NoFlow,
        ..failure
    }
}

fn leaves_outcome_unknown(kind: &FailureKind) -> bool {
    match kind {
        FailureKind::Unanswered(error) => error.ending().leaves_outcome_unknown(),
        FailureKind::ShuttingDown => true,
        FailureKind::InvalidInput(_)
        | FailureKind::UnsupportedMediaType
        | FailureKind::NotFound(_)
        | FailureKind::Refused(_)
        | FailureKind::Ended { .. }
        | FailureKind::Declined(_)
        | FailureKind::AdmissionLimited(_)
        | FailureKind::CapacityExhausted(_)
        | FailureKind::StoreUnavailable { .. }
        | FailureKind::Internal(_) => false,
    }
}
