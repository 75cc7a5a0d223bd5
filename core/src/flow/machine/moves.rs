//! The moves that the machine's functions are made of.

use std::sync::Arc;

use super::terms::{Begun, Call, Recorded, Request, Stale, Terms};
use crate::flow::answer::{Placing, RecordedAnswer, Told, WholeAnswer};
use crate::flow::history::{Attempt, Cause, Ending, Transition};
use crate::flow::ids::AttemptId;
use crate::flow::lifecycle::{Claim, Lifecycle};
use crate::flow::message::{Message, compose};
use crate::flow::record::{Flow, LastAnswer};
use crate::flow::sources;
use crate::flow::time::Now;
use crate::protocol::members::{InvalidInput, check_members};
use crate::protocol::step::Unknown;
use crate::protocol::table::{Protocol, StateId};

pub(super) fn replayed(flow: &Flow, request: Request<'_>) -> Option<AttemptId> {
    let last = flow.last_answer.as_ref()?;
    let same = last.step == request.step.id() && last.fingerprint == request.fingerprint;
    (same && !request.step.repeatable()).then(|| last.attempt.clone())
}

/// What the step sends of this request.
pub(super) fn message(flow: &Flow, request: Request<'_>) -> Result<Message, InvalidInput> {
    check_members(request.step, request.body)?;
    compose(flow, request.step, request.body)
}

pub(super) fn is_same(claim: &Claim, request: Request<'_>) -> bool {
    claim.step == request.step.id() && claim.fingerprint == request.fingerprint
}

pub(super) fn claimed(
    flow: Flow,
    request: Request<'_>,
    message: Message,
    terms: Terms,
    now: &Now,
) -> Begun {
    let attempt = match &flow.lifecycle {
        Lifecycle::Open {
            unanswered: Some(earlier),
        } if earlier.step == request.step.id() && earlier.fingerprint == request.fingerprint => {
            earlier.attempt.clone()
        }
        Lifecycle::Open { .. } | Lifecycle::Awaiting { .. } | Lifecycle::Closed { .. } => {
            terms.draw.attempt
        }
    };
    let call = Call {
        claim: terms.draw.claim,
        step: request.step.id(),
        fingerprint: request.fingerprint,
        attempt: attempt.clone(),
        message,
        remembered: sources::remember(request.step, request.body),
    };
    let claim = Claim {
        id: call.claim,
        step: call.step,
        fingerprint: call.fingerprint,
        attempt,
        lease_until: now.tick.after(terms.lease),
        claimed_at: now.wall,
    };
    let mut next = flow;
    next.version += 1;
    next.lifecycle = Lifecycle::Awaiting { claim };
    Begun { flow: next, call }
}

pub(super) fn fenced<'a>(flow: &'a Flow, call: &Call, now: &Now) -> Result<&'a Claim, Stale> {
    match flow.claim() {
        Some(claim) if claim.id == call.claim && !flow.is_overdue(now) => Ok(claim),
        Some(_) | None => Err(Stale),
    }
}

pub(super) fn end_claim(
    next: &mut Flow,
    protocol: &Protocol,
    claim: &Claim,
    ending: Ending,
    now: &Now,
) {
    let holds = protocol.step_by_id(claim.step).unknown() == Unknown::Hold;
    if holds && ending.leaves_outcome_unknown() && !next.held.contains(&claim.step) {
        next.held.push(claim.step);
    }
    next.history.push_attempt(Attempt {
        step: claim.step,
        attempt: claim.attempt.clone(),
        at: now.wall,
        ending,
    });
    next.lifecycle = Lifecycle::Open {
        unanswered: Some(claim.unanswered()),
    };
}

pub(super) fn recorded(
    before: &Flow,
    mut next: Flow,
    protocol: &Protocol,
    call: &Call,
    (to, placing): (StateId, Placing),
    answer: WholeAnswer,
    now: &Now,
) -> Recorded {
    next.answered.retain(|(step, _)| *step != call.step);
    next.answered.push((call.step, call.attempt.clone()));
    next.last_answer = Some(LastAnswer {
        step: call.step,
        fingerprint: call.fingerprint,
        attempt: call.attempt.clone(),
        claim: call.claim,
        state: to,
    });
    let cause = Cause {
        step: call.step,
        attempt: call.attempt.clone(),
        backend_status: answer.status,
    };
    let transition = enter(&mut next, protocol, to, Some(cause), now);
    let shown = next.shown_answers();
    let mut dropped = before.shown_answers();
    dropped.retain(|attempt| !shown.contains(attempt));
    let told = Told {
        state: to,
        flow_id: next.flow_id.clone(),
        expires_at: next.expires_at.clone(),
        members: next.members.clone(),
    };
    let answer = RecordedAnswer {
        step: call.step,
        attempt: call.attempt.clone(),
        answer,
        placing,
        told,
    };
    let answer = Arc::new(answer);
    Recorded {
        flow: next,
        answer,
        transition,
        dropped,
    }
}

/// Moves `next` to `to`, whose version it already carries, and writes that into its history.
pub(super) fn enter(
    next: &mut Flow,
    protocol: &Protocol,
    to: StateId,
    cause: Option<Cause>,
    now: &Now,
) -> Transition {
    let transition = Transition {
        version: next.version,
        from: next.state,
        to,
        at: now.wall,
        tick: now.tick,
        cause,
    };
    next.history.push_transition(transition.clone());
    if next.state != to {
        next.entered = now.tick;
    }
    next.state = to;
    next.lifecycle = if protocol.is_terminal(to) {
        Lifecycle::Closed { at: now.tick }
    } else {
        Lifecycle::Open { unanswered: None }
    };
    transition
}
