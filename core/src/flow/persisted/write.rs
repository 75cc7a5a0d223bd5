//! From a flow to its record.

use std::fmt::Write as _;

use bytes::Bytes;

use super::{
    PersistedAnswer, PersistedAttempt, PersistedEnding, PersistedExpiry, PersistedFlow,
    PersistedLast, PersistedLifecycle, PersistedRequest, PersistedTransition,
};
use crate::flow::answer::{ExpiresAt, Placing, RecordedAnswer};
use crate::flow::history::{Attempt, Ending, Sent, Transition};
use crate::flow::ids::{AttemptId, ClaimId, Fingerprint};
use crate::flow::lifecycle::Lifecycle;
use crate::flow::record::Flow;
use crate::protocol::table::{Protocol, StateId, StepId};

/// The record of a flow that runs `protocol`.
#[must_use]
pub fn persist_flow(flow: &Flow, protocol: &Protocol) -> PersistedFlow {
    let names = Names(protocol);
    let remembered = flow.remembered.iter();
    let kept = flow.kept.iter();
    let answered = flow.answered.iter();
    PersistedFlow {
        handle: flow.origin.handle.as_str().to_owned(),
        protocol: flow.origin.protocol.to_string(),
        digest: flow.origin.digest.to_string(),
        correlation: flow.origin.correlation_id.to_string(),
        keyed: flow.origin.keyed.map(fingerprint_digits),
        issued: flow.origin.issued_at.to_string(),
        version: flow.version,
        state: names.state(flow.state),
        lifecycle: names.lifecycle(&flow.lifecycle),
        entered: flow.entered.0,
        deadline: flow.deadline.0,
        expires: expiry(&flow.expires_at),
        flow_id: flow.flow_id.as_ref().map(text),
        last: flow.last_answer.as_ref().map(|last| PersistedLast {
            request: names.request(last.step, last.fingerprint, &last.attempt),
            claim: claim_digits(last.claim),
            state: names.state(last.state),
        }),
        remembered: remembered
            .map(|(step, members)| (names.step(*step), named_texts(members)))
            .collect(),
        kept: kept
            .map(|kept| {
                let pointer = kept.pointer.to_string();
                (names.step(kept.step), pointer, text(&kept.value))
            })
            .collect(),
        members: named_texts(&flow.members),
        answered: answered
            .map(|(step, attempt)| (names.step(*step), attempt.as_str().to_owned()))
            .collect(),
        held: flow.held.iter().map(|step| names.step(*step)).collect(),
        transitions: flow
            .history
            .transitions()
            .iter()
            .map(|made| names.transition(made))
            .collect(),
        self_loops_omitted: flow.history.self_loops_omitted(),
        attempts: flow
            .history
            .attempts()
            .map(|attempt| names.attempt(attempt))
            .collect(),
    }
}

/// The record of an answer, without its body.
#[must_use]
pub fn persist_answer(answer: &RecordedAnswer, protocol: &Protocol) -> PersistedAnswer {
    let names = Names(protocol);
    let content_type = answer.answer.content_type.as_ref();
    PersistedAnswer {
        step: names.step(answer.step),
        attempt: answer.attempt.as_str().to_owned(),
        status: answer.answer.status,
        content_type: content_type.map(|bytes| bytes.iter().copied().map(char::from).collect()),
        unclassified: match &answer.placing {
            Placing::Placed => None,
            Placing::Unclassified { reason } => Some(reason.clone()),
        },
        state: names.state(answer.told.state),
        flow_id: answer.told.flow_id.as_ref().map(text),
        expires: expiry(&answer.told.expires_at),
        members: named_texts(&answer.told.members),
    }
}

/// Names of one protocol's states and steps.
struct Names<'a>(&'a Protocol);

impl Names<'_> {
    fn state(&self, state: StateId) -> String {
        self.0.state_name(state).to_owned()
    }

    fn step(&self, step: StepId) -> String {
        self.0.step_by_id(step).name().to_owned()
    }

    fn request(
        &self,
        step: StepId,
        fingerprint: Fingerprint,
        attempt: &AttemptId,
    ) -> PersistedRequest {
        PersistedRequest {
            step: self.step(step),
            fingerprint: fingerprint_digits(fingerprint),
            attempt: attempt.as_str().to_owned(),
        }
    }

    fn lifecycle(&self, lifecycle: &Lifecycle) -> PersistedLifecycle {
        match lifecycle {
            Lifecycle::Open { unanswered } => PersistedLifecycle::Open {
                unanswered: unanswered.as_ref().map(|earlier| {
                    self.request(earlier.step, earlier.fingerprint, &earlier.attempt)
                }),
            },
            Lifecycle::Awaiting { claim } => PersistedLifecycle::Awaiting {
                request: self.request(claim.step, claim.fingerprint, &claim.attempt),
                claim: claim_digits(claim.id),
                lease_until: claim.lease_until.0,
                claimed_at: claim.claimed_at.to_string(),
            },
            Lifecycle::Closed { at } => PersistedLifecycle::Closed { at: at.0 },
        }
    }

    fn transition(&self, made: &Transition) -> PersistedTransition {
        PersistedTransition {
            version: made.version,
            from: self.state(made.from),
            to: self.state(made.to),
            at: made.at.to_string(),
            tick: made.tick.0,
            cause: made.cause.as_ref().map(|cause| {
                let attempt = cause.attempt.as_str().to_owned();
                (self.step(cause.step), attempt, cause.backend_status)
            }),
        }
    }

    fn attempt(&self, attempt: &Attempt) -> PersistedAttempt {
        PersistedAttempt {
            step: self.step(attempt.step),
            attempt: attempt.attempt.as_str().to_owned(),
            at: attempt.at.to_string(),
            ending: ending(attempt.ending),
        }
    }
}

fn ending(ending: Ending) -> PersistedEnding {
    match ending {
        Ending::Unavailable(Sent::NotSent) => PersistedEnding::UnavailableNotSent,
        Ending::Unavailable(Sent::Unknown) => PersistedEnding::UnavailableUnknown,
        Ending::TimedOut(Sent::NotSent) => PersistedEnding::TimedOutNotSent,
        Ending::TimedOut(Sent::Unknown) => PersistedEnding::TimedOutUnknown,
        Ending::Declined { status } => PersistedEnding::Declined(status),
        Ending::Interrupted => PersistedEnding::Interrupted,
        Ending::Lapsed => PersistedEnding::Lapsed,
        Ending::Overtaken => PersistedEnding::Overtaken,
        Ending::Unsaved => PersistedEnding::Unsaved,
    }
}

fn expiry(expires_at: &ExpiresAt) -> PersistedExpiry {
    match expires_at {
        ExpiresAt::Authored(raw) => PersistedExpiry::Authored(text(raw)),
        ExpiresAt::Computed(at) => PersistedExpiry::Computed(at.to_string()),
    }
}

fn named_texts(members: &[(String, Bytes)]) -> Vec<(String, String)> {
    let named = |(name, value): &(String, Bytes)| (name.clone(), text(value));
    members.iter().map(named).collect()
}

/// Raw JSON text is UTF-8: the scanner that cut it out takes nothing else.
fn text(raw: &Bytes) -> String {
    String::from_utf8_lossy(raw).into_owned()
}

fn fingerprint_digits(fingerprint: Fingerprint) -> String {
    let mut digits = String::with_capacity(64);
    for byte in fingerprint.0 {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

fn claim_digits(claim: ClaimId) -> String {
    format!("{:032x}", claim.0)
}
