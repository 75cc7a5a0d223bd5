//! Running a step of a flow that exists.

use std::sync::Arc;

use integrator_core::flow::ids::{AttemptId, ClaimId, FlowHandle};
use integrator_core::flow::machine::{Begin, Request, begin};
use integrator_core::flow::refusal::{Refusal, Why};
use integrator_core::protocol::Step;

use super::delivery::Delivery;
use super::event::Event;
use super::failure::{Failure, FailureKind};
use super::reply::{Outcome, Reply};
use super::{Found, Orchestrator, no_flow};
use crate::envelope::Envelope;

/// How often a request is judged anew because another one changed the flow in between. Each
/// round means that someone else made progress, so more than a few are never needed.
const ROUNDS: usize = 16;

/// A request to run a step.
#[derive(Clone)]
pub struct StepOrder {
    /// The flow's handle, as the caller wrote it.
    pub handle: String,
    /// The step's name, as the caller wrote it.
    pub step: String,
    /// What the caller sent.
    pub sent: Delivery,
}

/// What following a judgement led to.
pub(super) enum Followed {
    /// This.
    Told(Outcome),
    /// Another request changed the flow first: judge again.
    Again,
    /// Another request asked the gate first and was waited for: judge again. However many come at
    /// once, this takes none of their rounds.
    Waited,
}

impl Orchestrator {
    /// Runs a step of a flow, or tells the recorded answer of the same request again.
    ///
    /// # Errors
    ///
    /// A [`Failure`]; the flow is unchanged then, but for the attempt that its history lists.
    pub async fn advance(self: &Arc<Self>, order: StepOrder) -> Outcome {
        let (orchestrator, envelope) = (self.clone(), order.sent.envelope.clone());
        let run = async move { Box::pin(orchestrator.run_step(&order)).await };
        self.traced(&envelope, run).await
    }

    pub(super) async fn run_step(self: &Arc<Self>, order: &StepOrder) -> Outcome {
        let read = order.sent.read();
        let not_found = |failure| read.unless_unreadable(failure);
        let handle = FlowHandle::parse(&order.handle).ok_or_else(no_flow);
        let handle = handle.map_err(not_found)?;
        let fingerprint = order.sent.fingerprint();
        let mut missed = None;
        let mut rounds = 0;
        while rounds < ROUNDS {
            let found = self.find(&handle).await.map_err(not_found)?;
            let step = existing_step(&found, &order.step).map_err(not_found)?;
            let body = read.of(step)?;
            let request = Request {
                step,
                body: &body,
                fingerprint,
            };
            let terms = self.terms(&found.protocol)?;
            let judged = begin(&found.flow, &found.protocol, request, terms, &found.now);
            match self
                .follow(judged, &found, step, &order.sent.envelope, &mut missed)
                .await
            {
                Followed::Told(outcome) => return outcome,
                Followed::Waited => {}
                Followed::Again => {
                    rounds += 1;
                    // Whoever changed the flow may run on this very thread.
                    tokio::task::yield_now().await;
                }
            }
        }
        let found = self.find(&handle).await?;
        let step = existing_step(&found, &order.step)?;
        Err(in_progress(&found, step))
    }

    /// Does what the machine judged. `missed` is the claim that this request would have joined in
    /// its last round, had its call been under way here.
    pub(super) async fn follow(
        self: &Arc<Self>,
        judged: Begin,
        found: &Found,
        step: &Step,
        envelope: &Envelope,
        missed: &mut Option<ClaimId>,
    ) -> Followed {
        match judged {
            Begin::Refused(refusal) => Followed::Told(Err(refused(refusal, found, step))),
            Begin::Replay(attempt) => self.replay(&attempt, found, step).await,
            Begin::Join(claim) => match self.shared.joins.find(claim) {
                Some(join) => Followed::Told(join.outcome().await),
                None if *missed == Some(claim) => Followed::Told(Err(in_progress(found, step))),
                None => {
                    *missed = Some(claim);
                    Followed::Again
                }
            },
            Begin::Call(begun) => self.claim(found, *begun, envelope).await,
        }
    }

    async fn replay(&self, attempt: &AttemptId, found: &Found, step: &Step) -> Followed {
        let answer = match self.recorded(found, attempt).await {
            Ok(Some(answer)) => answer,
            // The flow was removed between the two readings.
            Ok(None) => return Followed::Again,
            Err(error) => return Followed::Told(Err(error.into())),
        };
        self.shared.observer.observe(Event::Replayed {
            protocol: &found.protocol,
            step,
        });
        Followed::Told(Ok(Reply {
            origin: found.flow.origin().clone(),
            protocol: found.protocol.clone(),
            answer,
            replayed: true,
        }))
    }
}

/// `start` creates a flow and is no step of one that exists.
fn existing_step<'a>(found: &'a Found, name: &str) -> Result<&'a Step, Failure> {
    let protocol = &found.protocol;
    let step = protocol
        .step(name)
        .filter(|step| step.id() != protocol.start().id());
    step.ok_or_else(|| {
        let steps = protocol
            .steps()
            .iter()
            .filter(|step| step.id() != protocol.start().id());
        let names: Vec<&str> = steps.map(Step::name).collect();
        let known = names.join(", ");
        let detail = format!(
            "protocol '{}' has no such step. Steps of a flow: {known}.",
            protocol.name()
        );
        Failure::new(FailureKind::NotFound(detail)).of_flow(&found.flow, protocol, &found.now)
    })
}

fn refused(refusal: Refusal, found: &Found, step: &Step) -> Failure {
    Failure::new(FailureKind::Refused(refusal))
        .of_flow(&found.flow, &found.protocol, &found.now)
        .at_step(step)
}

pub(super) fn in_progress(found: &Found, step: &Step) -> Failure {
    let state = found.flow.state_at(&found.protocol, &found.now);
    let refusal = Refusal::new(&found.protocol, state, step, Why::InProgress);
    refused(refusal, found, step)
}
