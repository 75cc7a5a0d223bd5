//! The only code that changes a flow. Each function is pure and total: it takes the flow as it
//! stands and the time as it is told, and returns the next flow or says why there is none.

mod moves;
mod terms;

use self::moves::{claimed, end_claim, enter, fenced, is_same, message, recorded, replayed};
pub use self::terms::{Begin, Begun, Call, Expired, Recorded, Request, Settled, Stale, Terms};
use bytes::Bytes;

use super::answer::{ExpiresAt, Placing, WholeAnswer};
use super::history::{Ending, History};
use super::lifecycle::Lifecycle;
use super::record::{Flow, Origin};
use super::refusal::{Refusal, Why};
use super::sources;
use super::time::Now;
use crate::protocol::outcome::{Classified, classify};
use crate::protocol::table::Protocol;

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
    let message = message(&fresh, request)
        .map_err(|invalid| Refusal::new(protocol, initial, request.step, Why::Members(invalid)))?;
    Ok(claimed(fresh, request, message, terms, now))
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
    let message = match message(&flow, request) {
        Ok(message) => message,
        Err(invalid) => return refused(Why::Members(invalid)),
    };
    match flow.claim() {
        Some(claim) if is_same(claim, request) => Begin::Join(claim.id),
        Some(_) => refused(Why::InProgress),
        None if flow.held.contains(&step.id()) => refused(Why::OutcomeUnknown),
        None => Begin::Call(Box::new(claimed(flow, request, message, terms, now))),
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
                next.flow_id = Some(Bytes::copy_from_slice(flow_id.raw()));
            }
            if let Some((text, instant)) = expires_at {
                next.deadline = now.tick_at(instant);
                next.expires_at = ExpiresAt::Authored(Bytes::copy_from_slice(text.raw()));
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
    // A flow that ran out did so at its deadline, whenever that is found out; or where the
    // deadline had passed when it was set, right then.
    let transitions = next.history.transitions();
    let latest = transitions
        .last()
        .map_or(next.entered, |latest| latest.tick);
    let end = now.no_later_than(next.deadline.max(latest));
    if let Lifecycle::Awaiting { claim } = next.lifecycle.clone() {
        end_claim(&mut next, protocol, &claim, Ending::Overtaken, &end);
    }
    if next.is_closed() {
        return None;
    }
    next.version += 1;
    let transition = enter(&mut next, protocol, protocol.expired(), None, &end);
    // Retention counts from the write.
    next.lifecycle = Lifecycle::Closed { at: now.tick };
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
        let end = now.no_later_than(claim.lease_until);
        end_claim(&mut next, protocol, claim, Ending::Lapsed, &end);
    }
    next
}
