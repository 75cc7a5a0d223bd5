//! Claim, forward, settle: the way of every call to the backend.

use std::sync::Arc;
use std::time::Duration;

use integrator_core::control::law::End;
use integrator_core::flow::answer::WholeAnswer;
use integrator_core::flow::lifecycle::SETTLE_ALLOWANCE;
use integrator_core::flow::machine::Begun;
use integrator_core::flow::record::Flow;
use integrator_core::protocol::{Protocol, Step};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::admission::Leave;
use super::advance::Followed;
use super::code::Code;
use super::event::Event;
use super::failure::{Failure, ending_code};
use super::joins::Ticket;
use super::leads::Basis;
use super::reply::Outcome;
use super::settle::Seen;
use super::{Found, Orchestrator};
use crate::admission::Permit;
use crate::backend::client::BackendClient;
use crate::backend::error::CallError;
use crate::backend::request::BackendRequest;
use crate::envelope::Envelope;
use crate::spans::{self, AboutStep};
use crate::store::{Next, Replaced, Replacement, StoreError, Stored};

/// A call, from when it may be made. Dropped before its claim is saved, it was never there.
pub(super) struct Conversation {
    pub(super) begun: Begun,
    pub(super) protocol: Arc<Protocol>,
    pub(super) envelope: Envelope,
    pub(super) ticket: Ticket,
    pub(super) deadlines: Deadlines,
    pub(super) leave: Leave,
}

/// Counted from before the flow was read, so that the claim's lease, which counts from the store's
/// clock at that reading, always ends after them.
#[derive(Clone, Copy)]
pub(super) struct Deadlines {
    /// When the call must have its whole answer.
    pub(super) answer: Instant,
    /// When settling is given up.
    pub(super) settle: Instant,
}

impl Deadlines {
    fn from(asked: Instant, client: &BackendClient) -> Self {
        let answer = asked + client.timeout();
        Self {
            answer,
            settle: answer + SETTLE_ALLOWANCE,
        }
    }
}

/// Why there is no answer to settle.
pub(super) enum NoAnswer {
    Failed(CallError),
    Interrupted,
    /// The store did not acknowledge the claim.
    Unclaimed(StoreError),
}

impl Conversation {
    pub(super) fn flow(&self) -> &Flow {
        &self.begun.flow
    }

    pub(super) fn step(&self) -> &Step {
        self.protocol.step_by_id(self.begun.call.step)
    }

    /// What the spans of this call tell.
    pub(super) fn about(&self) -> AboutStep<'_> {
        AboutStep {
            flow: self.flow(),
            protocol: &self.protocol,
            step: self.step(),
            attempt: self.begun.call.attempt.as_str(),
        }
    }
}

impl Orchestrator {
    /// Saves the claim over the flow as it was judged, and makes the call if that succeeds.
    pub(super) async fn claim(
        self: &Arc<Self>,
        found: &Found,
        begun: Begun,
        envelope: &Envelope,
    ) -> Followed {
        let step = found.protocol.step_by_id(begun.call.step);
        let of_found = |failure: Failure| {
            let failure = failure.of_flow(&found.flow, &found.protocol, &found.now);
            failure.at_step(step)
        };
        let asked = self.ask(&found.protocol, step, Basis::Flow(&found.flow));
        let leave = match asked.await {
            Ok(Some(leave)) => leave,
            Ok(None) => return Followed::Waited,
            Err(failure) => return Followed::Told(Err(of_found(failure))),
        };
        let conversation = self.conversation(begun, leave, &found.protocol, envelope, found.asked);
        let conversation = match conversation {
            Ok(conversation) => conversation,
            Err(failure) => return Followed::Told(Err(of_found(failure))),
        };
        let next = Next::Record {
            stored: Stored::new(conversation.flow().clone(), found.protocol.clone()),
            answer: None,
            dropped: Vec::new(),
        };
        let replacement = Replacement::over(&found.flow, next, Some(found.flow.deadline()));
        let span = spans::claim(conversation.about());
        let replaced = self.store.replace(replacement).instrument(span.clone());
        let replaced = replaced.await;
        if replaced.is_err() {
            spans::failed(&span, Code::StoreUnavailable.as_str());
        }
        drop(span);
        match replaced {
            Ok(Replaced::Done) => Followed::Told(self.converse(conversation).await),
            Ok(Replaced::Conflict | Replaced::TooLate) => Followed::Again,
            Err(error) => {
                let failure = of_found(error.clone().into());
                let outcome = self.unacknowledged(conversation, error, failure);
                Followed::Told(outcome.await)
            }
        }
    }

    /// Goes on with a claim that the store did not acknowledge and holds nevertheless. Where that
    /// cannot be seen nothing is sent: the caller is told so, and whatever may have been written
    /// is taken back behind its back.
    pub(super) async fn unacknowledged(
        self: &Arc<Self>,
        mut conversation: Conversation,
        error: StoreError,
        failure: Failure,
    ) -> Outcome {
        let claim = conversation.begun.call.claim;
        let is_ours = |seen: Seen| seen.flow.claim().is_some_and(|held| held.id == claim);
        if let Ok(Some(seen)) = self.see(&conversation).await
            && is_ours(seen)
        {
            return self.converse(conversation).await;
        }
        std::mem::take(&mut conversation.leave).failed(&failure.kind);
        let (orchestrator, told) = (self.clone(), Err(failure.clone()));
        let trace = conversation.envelope.trace().clone();
        let taken_back = async move {
            let span = spans::release(conversation.about());
            let released = orchestrator.release(&conversation, NoAnswer::Unclaimed(error));
            released.instrument(span).await;
            conversation.ticket.tell(&told);
        };
        let taken_back = async move { trace.scope(taken_back).await };
        self.shared.steps.spawn(taken_back.in_current_span());
        Err(failure)
    }

    /// Opens a call for others to join and starts its deadlines; the claim is not saved yet.
    pub(super) fn conversation(
        &self,
        begun: Begun,
        leave: Leave,
        protocol: &Arc<Protocol>,
        envelope: &Envelope,
        asked: Instant,
    ) -> Result<Conversation, Failure> {
        let client = self.backend_of(protocol)?;
        Ok(Conversation {
            ticket: self.shared.joins.open(begun.call.claim),
            deadlines: Deadlines::from(asked, client),
            protocol: protocol.clone(),
            envelope: envelope.clone(),
            begun,
            leave,
        })
    }

    /// Makes the one call that a saved claim allows, settles it, and tells whoever waits.
    pub(super) async fn converse(&self, mut conversation: Conversation) -> Outcome {
        let permit = std::mem::take(&mut conversation.leave).claimed();
        let outcome = match self.forward(&conversation, permit).await {
            Ok(answer) => self.commit(&conversation, answer).await,
            Err(no_answer) => {
                let span = spans::release(conversation.about());
                let released = self.release(&conversation, no_answer);
                Err(released.instrument(span).await)
            }
        };
        conversation.ticket.tell(&outcome);
        outcome
    }

    async fn commit(&self, conversation: &Conversation, answer: WholeAnswer) -> Outcome {
        let span = spans::commit(conversation.about());
        let settled = self.settle(conversation, answer).instrument(span.clone());
        let outcome = settled.await;
        match &outcome {
            Ok(reply) => {
                let state = reply.protocol.state_name(reply.answer.told.state);
                span.record("integrator.state", state);
            }
            Err(failure) => spans::failed(&span, failure.code().as_str()),
        }
        outcome
    }

    async fn forward(
        &self,
        conversation: &Conversation,
        permit: Option<Permit>,
    ) -> Result<WholeAnswer, NoAnswer> {
        let flow = conversation.flow();
        let step = conversation.step();
        let Ok(client) = self.backend_of(&conversation.protocol) else {
            return Err(NoAnswer::Interrupted);
        };
        let (host, port) = client.place();
        let span = spans::call(conversation.about(), host, port);
        let request = BackendRequest {
            message: conversation.begun.call.message.clone(),
            headers: conversation.envelope.going_along(step),
            correlation_id: flow.origin().correlation_id.clone(),
            flow_handle: flow.handle().as_str().to_owned(),
            attempt: conversation.begun.call.attempt.as_str().to_owned(),
            trace: conversation.envelope.trace().within(&span),
        };
        let deadline = conversation.deadlines.answer;
        let under_way = self.leave(permit, deadline);
        let had = deadline.saturating_duration_since(Instant::now());
        let begun = self.shared.clock.monotonic();
        let call = client.call(request, deadline);
        let answered = tokio::select! {
            answered = call.instrument(span.clone()) => answered,
            () = self.shared.cut.cancelled() => {
                spans::failed(&span, Code::ShuttingDown.as_str());
                return Err(NoAnswer::Interrupted);
            }
        };
        let ended = answered.as_ref().map(|answer| answer.status);
        let ended = ended.map_err(|error| ending_code(error.ending()).as_str());
        spans::called(&span, ended);
        drop(span);
        let took = self.shared.clock.monotonic().saturating_sub(begun);
        self.came_back(under_way, end_of(&answered, had, client));
        self.shared.observer.observe(Event::Called {
            flow,
            protocol: &conversation.protocol,
            step,
            ended: answered.as_ref().map(|answer| answer.status),
            took,
        });
        answered.map_err(NoAnswer::Failed)
    }
}

/// How a call that had so much time ended, as the gate sees it. Whatever the backend said, it took
/// its time to say it. Time that the store took is not the backend's; a connection that broke would
/// have broken whatever time was left.
fn end_of(answered: &Result<WholeAnswer, CallError>, had: Duration, client: &BackendClient) -> End {
    match answered {
        Ok(_) => End::Answered,
        Err(CallError::TimedOut { .. }) => End::Unanswered { deadline: had },
        Err(CallError::Unavailable { .. }) => End::Unanswered {
            deadline: client.timeout(),
        },
    }
}
