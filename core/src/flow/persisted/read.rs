//! From a record back to a flow, under the definition that the record was written under.

use std::collections::VecDeque;

use bytes::Bytes;
use jiff::Timestamp;

use super::{
    PersistedAnswer, PersistedAttempt, PersistedEnding, PersistedExpiry, PersistedFlow,
    PersistedLast, PersistedLifecycle, PersistedRequest, PersistedTransition, Unrestorable,
};
use crate::flow::answer::{ExpiresAt, Placing, RecordedAnswer, Told, WholeAnswer};
use crate::flow::history::{Attempt, Cause, Ending, History, Sent, Transition};
use crate::flow::ids::{AttemptId, ClaimId, Fingerprint, FlowHandle};
use crate::flow::lifecycle::{Claim, Lifecycle, Unanswered};
use crate::flow::record::{Flow, Kept, LastAnswer, Origin};
use crate::flow::time::Tick;
use crate::json::Pointer;
use crate::protocol::step::Step;
use crate::protocol::table::{Protocol, StateId, StepId};

/// The flow of a record.
///
/// # Errors
///
/// [`Unrestorable`] where the record does not fit `protocol`.
pub fn restore_flow(record: PersistedFlow, protocol: &Protocol) -> Result<Flow, Unrestorable> {
    let names = Names(protocol);
    let state = names.state("state", &record.state)?;
    let lifecycle = names.lifecycle(record.lifecycle)?;
    if matches!(lifecycle, Lifecycle::Closed { .. }) != protocol.is_terminal(state) {
        let reason = "does not go with the lifecycle: a flow is closed where its state is terminal";
        return Err(unfit("state", record.state, reason));
    }
    let remembered = record.remembered.into_iter();
    let kept = record.kept.into_iter();
    let answered = record.answered.into_iter();
    let held = record.held.iter();
    let transitions = record.transitions.into_iter();
    let attempts = record.attempts.iter();
    Ok(Flow {
        origin: Origin {
            handle: FlowHandle::parse(&record.handle)
                .ok_or_else(|| unfit("handle", record.handle, "is no flow handle"))?,
            protocol: record.protocol.into(),
            digest: record.digest.into(),
            correlation_id: record.correlation.into(),
            keyed: match record.keyed {
                Some(digits) => Some(fingerprint("keyed", digits)?),
                None => None,
            },
            issued_at: time("issued", &record.issued)?,
        },
        version: record.version,
        state,
        lifecycle,
        entered: Tick(record.entered),
        deadline: Tick(record.deadline),
        expires_at: expiry(record.expires)?,
        flow_id: record.flow_id.map(Bytes::from),
        last_answer: match record.last {
            Some(last) => Some(names.last(last)?),
            None => None,
        },
        remembered: remembered
            .map(|(step, members)| Ok((names.step("remembered", &step)?, raw_members(members))))
            .collect::<Result<_, _>>()?,
        kept: kept
            .map(|kept| names.kept(kept))
            .collect::<Result<_, _>>()?,
        members: raw_members(record.members),
        answered: answered
            .map(|(step, attempt)| Ok((names.step("answered", &step)?, AttemptId::new(&attempt))))
            .collect::<Result<_, _>>()?,
        held: held
            .map(|step| names.step("held", step))
            .collect::<Result<_, _>>()?,
        history: History::restored(
            transitions
                .map(|made| names.transition(made))
                .collect::<Result<_, _>>()?,
            record.self_loops_omitted,
            attempts
                .map(|attempt| names.attempt(attempt))
                .collect::<Result<VecDeque<_>, _>>()?,
        ),
    })
}

/// The answer of a record and the body that was kept beside it.
///
/// # Errors
///
/// [`Unrestorable`] where the record does not fit `protocol`.
pub fn restore_answer(
    record: PersistedAnswer,
    body: Bytes,
    protocol: &Protocol,
) -> Result<RecordedAnswer, Unrestorable> {
    let names = Names(protocol);
    let content_type = match record.content_type {
        Some(text) => Some(latin1(&text).ok_or_else(|| {
            let found = format!("{} characters", text.chars().count());
            unfit("contentType", found, "stand for no bytes")
        })?),
        None => None,
    };
    Ok(RecordedAnswer {
        step: names.step("step", &record.step)?,
        attempt: AttemptId::new(&record.attempt),
        answer: WholeAnswer {
            status: record.status,
            content_type,
            body,
        },
        placing: match record.unclassified {
            Some(reason) => Placing::Unclassified { reason },
            None => Placing::Placed,
        },
        told: Told {
            state: names.state("state", &record.state)?,
            flow_id: record.flow_id.map(Bytes::from),
            expires_at: expiry(record.expires)?,
            members: raw_members(record.members),
        },
    })
}

/// Looks names up in one protocol.
struct Names<'a>(&'a Protocol);

impl Names<'_> {
    fn state(&self, member: &'static str, name: &str) -> Result<StateId, Unrestorable> {
        let state = self.0.state(name);
        state.ok_or_else(|| unfit(member, format!("'{name}'"), "is no state of the definition"))
    }

    fn step(&self, member: &'static str, name: &str) -> Result<StepId, Unrestorable> {
        let step = self.0.step(name).map(Step::id);
        step.ok_or_else(|| unfit(member, format!("'{name}'"), "is no step of the definition"))
    }

    fn unanswered(
        &self,
        member: &'static str,
        request: PersistedRequest,
    ) -> Result<Unanswered, Unrestorable> {
        Ok(Unanswered {
            step: self.step(member, &request.step)?,
            fingerprint: fingerprint(member, request.fingerprint)?,
            attempt: AttemptId::new(&request.attempt),
        })
    }

    fn lifecycle(&self, lifecycle: PersistedLifecycle) -> Result<Lifecycle, Unrestorable> {
        Ok(match lifecycle {
            PersistedLifecycle::Open { unanswered } => Lifecycle::Open {
                unanswered: match unanswered {
                    Some(request) => Some(self.unanswered("lifecycle", request)?),
                    None => None,
                },
            },
            PersistedLifecycle::Awaiting {
                request,
                claim,
                lease_until,
                claimed_at,
            } => {
                let request = self.unanswered("lifecycle", request)?;
                Lifecycle::Awaiting {
                    claim: Claim {
                        id: claim_id("lifecycle", claim)?,
                        step: request.step,
                        fingerprint: request.fingerprint,
                        attempt: request.attempt,
                        lease_until: Tick(lease_until),
                        claimed_at: time("lifecycle", &claimed_at)?,
                    },
                }
            }
            PersistedLifecycle::Closed { at } => Lifecycle::Closed { at: Tick(at) },
        })
    }

    fn last(&self, last: PersistedLast) -> Result<LastAnswer, Unrestorable> {
        let request = self.unanswered("last", last.request)?;
        Ok(LastAnswer {
            step: request.step,
            fingerprint: request.fingerprint,
            attempt: request.attempt,
            claim: claim_id("last", last.claim)?,
            state: self.state("last", &last.state)?,
        })
    }

    fn kept(&self, (step, pointer, value): (String, String, String)) -> Result<Kept, Unrestorable> {
        Ok(Kept {
            step: self.step("kept", &step)?,
            pointer: Pointer::parse(&pointer)
                .map_err(|_| unfit("kept", format!("'{pointer}'"), "is no JSON pointer"))?,
            value: value.into(),
        })
    }

    fn transition(&self, made: PersistedTransition) -> Result<Transition, Unrestorable> {
        Ok(Transition {
            version: made.version,
            from: self.state("transitions", &made.from)?,
            to: self.state("transitions", &made.to)?,
            at: time("transitions", &made.at)?,
            tick: Tick(made.tick),
            cause: match made.cause {
                Some((step, attempt, backend_status)) => Some(Cause {
                    step: self.step("transitions", &step)?,
                    attempt: AttemptId::new(&attempt),
                    backend_status,
                }),
                None => None,
            },
        })
    }

    fn attempt(&self, attempt: &PersistedAttempt) -> Result<Attempt, Unrestorable> {
        Ok(Attempt {
            step: self.step("attempts", &attempt.step)?,
            attempt: AttemptId::new(&attempt.attempt),
            at: time("attempts", &attempt.at)?,
            ending: ending(attempt.ending),
        })
    }
}

fn ending(ending: PersistedEnding) -> Ending {
    match ending {
        PersistedEnding::UnavailableNotSent => Ending::Unavailable(Sent::NotSent),
        PersistedEnding::UnavailableUnknown => Ending::Unavailable(Sent::Unknown),
        PersistedEnding::TimedOutNotSent => Ending::TimedOut(Sent::NotSent),
        PersistedEnding::TimedOutUnknown => Ending::TimedOut(Sent::Unknown),
        PersistedEnding::Declined(status) => Ending::Declined { status },
        PersistedEnding::Interrupted => Ending::Interrupted,
        PersistedEnding::Lapsed => Ending::Lapsed,
        PersistedEnding::Overtaken => Ending::Overtaken,
        PersistedEnding::Unsaved => Ending::Unsaved,
    }
}

fn expiry(expires: PersistedExpiry) -> Result<ExpiresAt, Unrestorable> {
    Ok(match expires {
        PersistedExpiry::Authored(raw) => ExpiresAt::Authored(raw.into()),
        PersistedExpiry::Computed(at) => ExpiresAt::Computed(time("expires", &at)?),
    })
}

fn raw_members(members: Vec<(String, String)>) -> Vec<(String, Bytes)> {
    let raw = |(name, value): (String, String)| (name, Bytes::from(value));
    members.into_iter().map(raw).collect()
}

fn time(member: &'static str, text: &str) -> Result<Timestamp, Unrestorable> {
    let parsed = text.parse();
    parsed.map_err(|_| unfit(member, format!("'{text}'"), "is no RFC 3339 time"))
}

fn fingerprint(member: &'static str, digits: String) -> Result<Fingerprint, Unrestorable> {
    let mut bytes = [0; 32];
    let pairs = digits.as_bytes().chunks_exact(2);
    let is_whole = digits.len() == 64;
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let parsed = std::str::from_utf8(pair).ok();
        let parsed = parsed.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match parsed.filter(|_| is_whole) {
            Some(parsed) => *byte = parsed,
            None => return Err(unfit(member, digits, "is no SHA-256 digest")),
        }
    }
    if is_whole {
        Ok(Fingerprint(bytes))
    } else {
        Err(unfit(member, digits, "is no SHA-256 digest"))
    }
}

fn claim_id(member: &'static str, digits: String) -> Result<ClaimId, Unrestorable> {
    let parsed = u128::from_str_radix(&digits, 16).ok();
    let parsed = parsed.filter(|_| digits.len() == 32).map(ClaimId);
    parsed.ok_or_else(|| unfit(member, digits, "is no claim id"))
}

fn latin1(text: &str) -> Option<Bytes> {
    let bytes = text.chars().map(|character| u8::try_from(character).ok());
    bytes.collect::<Option<Vec<u8>>>().map(Bytes::from)
}

fn unfit(member: &'static str, found: String, reason: &'static str) -> Unrestorable {
    Unrestorable {
        member,
        found,
        reason,
    }
}
