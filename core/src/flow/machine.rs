//! The only code that changes a flow. Each function is pure and total: it takes the flow as it
//! stands and the time as it is told, and returns the next flow or says why there is none.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::answer::{ExpiresAt, Placing, RecordedAnswer, Told, WholeAnswer};
use super::history::{Attempt, Cause, Ending, History, Transition};
use super::ids::{AttemptId, ClaimId, Draw, Fingerprint};
use super::lifecycle::{Claim, Lifecycle};
use super::record::{Flow, LastAnswer, Origin};
use super::refusal::{Refusal, Why};
use super::sources;
use super::time::Now;
use crate::protocol::members::{Body, check_members};
use crate::protocol::outcome::{Classified, classify};
use crate::protocol::step::{Step, Unknown};
use crate::protocol::table::{Protocol, StateId, StepId};

/// A request to run a step.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The step.
    pub step: &'a Step,
    /// The body, already found readable.
    pub body: &'a Body<'a>,
    /// The body's fingerprint.
    pub fingerprint: Fingerprint,
}

/// What a claim is made with.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Fresh identifiers.
    pub draw: Draw,
    /// How long the claim may live.
    pub lease: Duration,
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub enum Begin {
    /// Save this flow, then make this call.
    Call(Box<Begun>),
    /// The same request made the latest transition: tell its recorded answer again.
    Replay(AttemptId),
    /// The same request is under way under this claim.
    Join(ClaimId),
    /// Nothing happens.
    Refused(Refusal),
}

/// A flow that holds a claim, and the call the claim is for.
#[derive(Clone, Debug)]
pub struct Begun {
    /// The flow to save before the call is made.
    pub flow: Flow,
    /// The call.
    pub call: Call,
}

/// One call to the backend, and what settling it will need of the request.
#[derive(Clone, Debug)]
pub struct Call {
    /// The claim that fences the answer.
    pub claim: ClaimId,
    /// The step that is run.
    pub step: StepId,
    /// Which request it is.
    pub fingerprint: Fingerprint,
    /// The backend's idempotency key.
    pub attempt: AttemptId,
    /// The body to send.
    pub body: Bytes,
    remembered: Vec<(String, Bytes)>,
}

/// What a whole answer led to.
#[derive(Clone, Debug)]
pub enum Settled {
    /// It moved the flow: save all of this in one operation, then tell it.
    Recorded(Box<Recorded>),
    /// It was not successful and no outcome takes it: the claim is released.
    Declined(Box<Flow>),
}

/// A flow that an answer moved.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The flow after it.
    pub flow: Flow,
    /// The answer to keep beside it.
    pub answer: Arc<RecordedAnswer>,
    /// What observers are told.
    pub transition: Transition,
    /// Answers that nothing shows any more.
    pub dropped: Vec<AttemptId>,
}

/// A flow that has become `expired`.
#[derive(Clone, Debug)]
pub struct Expired {
    /// The flow after it.
    pub flow: Flow,
    /// What observers are told.
    pub transition: Transition,
}

/// The claim is no longer the flow's, or the flow's deadline has passed: the answer is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stale;

/// A new flow that holds the claim of its start.
///
/// # Errors
///
/// [`Why::Members`] where the request is not what the step requires.
pub fn create(
    origin: Origin,
    protocol: &Protocol,
    request: Request<'_>,
    terms: Terms,
    now: &Now,
) -> Result<Begun, Refusal> {
    let initial = protocol.initial();
    check_members(request.step, request.body)
        .map_err(|invalid| Refusal::new(protocol, initial, request.step, Why::Members(invalid)))?;
    let fresh = Flow {
        origin,
        version: 0,
        state: initial,
        lifecycle: Lifecycle::Open { unanswered: None },
        entered: now.tick,
        deadline: now.tick.after(protocol.ttl()),
        expires_at: ExpiresAt::Computed(now.wall_after(protocol.ttl())),
        flow_id: None,
        last_answer: None,
        remembered: Vec::new(),
        kept: Vec::new(),
        members: Vec::new(),
        answered: Vec::new(),
        held: Vec::new(),
        history: History::default(),
    };
    Ok(claimed(fresh, request, terms, now))
}

/// Judges a request to a flow that exists, in the order that the contract gives to the checks,
/// and claims the flow where all of them pass.
#[must_use]
pub fn begin(
    flow: &Flow,
    protocol: &Protocol,
    request: Request<'_>,
    terms: Terms,
    now: &Now,
) -> Begin {
    let flow = lapse(flow, protocol, now);
    let step = request.step;
    let state = flow.state_at(protocol, now);
    let refused = |why| Begin::Refused(Refusal::new(protocol, state, step, why));
    if state == protocol.expired() {
        return refused(Why::Expired);
    }
    if let Some(attempt) = replayed(&flow, request) {
        return Begin::Replay(attempt);
    }
    if protocol.is_terminal(state) {
        return refused(Why::Terminal);
    }
    if !step.from().contains(&state) {
        let needs = step
            .from()
            .iter()
            .map(|from| protocol.state_name(*from).to_owned());
        return refused(Why::OutOfSequence {
            needs: needs.collect(),
        });
    }
    if let Err(invalid) = check_members(step, request.body) {
        return refused(Why::Members(invalid));
    }
    match flow.claim() {
        Some(claim) if is_same(claim, request) => Begin::Join(claim.id),
        Some(_) => refused(Why::InProgress),
        None if flow.held.contains(&step.id()) => refused(Why::OutcomeUnknown),
        None => Begin::Call(Box::new(claimed(flow, request, terms, now))),
    }
}

/// Judges a start request that names a flow which exists already by its idempotency key.
#[must_use]
pub fn begin_again(
    flow: &Flow,
    protocol: &Protocol,
    request: Request<'_>,
    terms: Terms,
    now: &Now,
) -> Begin {
    let state = flow.state_at(protocol, now);
    let refused = |why| Begin::Refused(Refusal::new(protocol, state, request.step, why));
    if flow.origin.keyed != Some(request.fingerprint) {
        return refused(Why::KeyReused);
    }
    if state == protocol.expired() {
        return refused(Why::Expired);
    }
    match flow.latest_answer(request.step.id()) {
        Some(attempt) => Begin::Replay(attempt.clone()),
        None => begin(flow, protocol, request, terms, now),
    }
}

/// Settles the call's claim with a whole answer.
///
/// # Errors
///
/// [`Stale`] where the claim no longer is the flow's or the flow has reached its deadline.
pub fn settle(
    flow: &Flow,
    protocol: &Protocol,
    call: &Call,
    answer: WholeAnswer,
    now: &Now,
) -> Result<Settled, Stale> {
    let claim = fenced(flow, call, now)?.clone();
    let step = protocol.step_by_id(call.step);
    let body = answer.body.clone();
    let status = answer.status;
    let mut next = flow.clone();
    next.version += 1;
    let (to, placing) = match classify(step, status, &body) {
        Classified::NotTaken => {
            end_claim(
                &mut next,
                protocol,
                &claim,
                Ending::Declined { status },
                now,
            );
            return Ok(Settled::Declined(Box::new(next)));
        }
        Classified::Unclassified { reason } => (protocol.error(), Placing::Unclassified { reason }),
        Classified::Taken {
            to,
            flow_id,
            expires_at,
        } => {
            if let Some(flow_id) = flow_id {
                next.flow_id = Some(body.slice_ref(flow_id.raw()));
            }
            if let Some((text, instant)) = expires_at {
                next.deadline = now.tick_at(instant);
                next.expires_at = ExpiresAt::Authored(body.slice_ref(text.raw()));
            }
            sources::keep(&mut next, step, &call.remembered, &body);
            sources::reply(&mut next, step, &body);
            (to, Placing::Placed)
        }
    };
    Ok(Settled::Recorded(Box::new(recorded(
        flow,
        next,
        protocol,
        call,
        (to, placing),
        answer,
        now,
    ))))
}

/// Releases the call's claim: there is no answer to record.
///
/// # Errors
///
/// [`Stale`] where the claim no longer is the flow's or the flow has reached its deadline.
pub fn release(
    flow: &Flow,
    protocol: &Protocol,
    call: &Call,
    ending: Ending,
    now: &Now,
) -> Result<Flow, Stale> {
    let claim = fenced(flow, call, now)?.clone();
    let mut next = flow.clone();
    next.version += 1;
    end_claim(&mut next, protocol, &claim, ending, now);
    Ok(next)
}

/// Closes an open flow as `expired`, its claim with it; `None` where the flow has ended already.
#[must_use]
pub fn expire(flow: &Flow, protocol: &Protocol, now: &Now) -> Option<Expired> {
    let mut next = lapse(flow, protocol, now);
    if let Lifecycle::Awaiting { claim } = next.lifecycle.clone() {
        end_claim(&mut next, protocol, &claim, Ending::Overtaken, now);
    }
    if next.is_closed() {
        return None;
    }
    next.version += 1;
    let transition = enter(&mut next, protocol, protocol.expired(), None, now);
    Some(Expired {
        flow: next,
        transition,
    })
}

/// The flow as it is at `now`: a claim whose lease has ended is an attempt that nobody settled,
/// and where the definition says so its step is held. Nothing is written by this alone.
#[must_use]
pub fn lapse(flow: &Flow, protocol: &Protocol, now: &Now) -> Flow {
    let mut next = flow.clone();
    if let Lifecycle::Awaiting { claim } = &flow.lifecycle
        && claim.lease_until <= now.tick
    {
        end_claim(&mut next, protocol, claim, Ending::Lapsed, now);
    }
    next
}

fn replayed(flow: &Flow, request: Request<'_>) -> Option<AttemptId> {
    let last = flow.last_answer.as_ref()?;
    let same = last.step == request.step.id() && last.fingerprint == request.fingerprint;
    (same && !request.step.repeatable()).then(|| last.attempt.clone())
}

fn is_same(claim: &Claim, request: Request<'_>) -> bool {
    claim.step == request.step.id() && claim.fingerprint == request.fingerprint
}

fn claimed(flow: Flow, request: Request<'_>, terms: Terms, now: &Now) -> Begun {
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
        body: sources::compose(&flow, request.step, request.body),
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

fn fenced<'a>(flow: &'a Flow, call: &Call, now: &Now) -> Result<&'a Claim, Stale> {
    match flow.claim() {
        Some(claim) if claim.id == call.claim && !flow.is_overdue(now) => Ok(claim),
        Some(_) | None => Err(Stale),
    }
}

fn end_claim(next: &mut Flow, protocol: &Protocol, claim: &Claim, ending: Ending, now: &Now) {
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

fn recorded(
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
fn enter(
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
