//! Observations and histories as JSON.

use bytes::Bytes;
use integrator_core::flow::answer::{ExpiresAt, Told};
use integrator_core::flow::history::{Attempt, Ending, Sent, Transition};
use integrator_core::flow::record::Origin;
use integrator_core::protocol::Protocol;
use jiff::Timestamp;

use super::json::{ObjectWriter, array};
use super::verbatim::{write_backend, write_backend_in_lines};
use crate::orchestrator::failure::ending_code;
use crate::orchestrator::reply::{Observation, Past, Reply};

/// RFC 3339, UTC, with milliseconds.
pub(super) fn time(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// Adds `expiresAt`: the backend's own text where it authored it.
pub(super) fn write_expiry(object: &mut ObjectWriter, expires_at: &ExpiresAt) {
    match expires_at {
        ExpiresAt::Authored(text) => object.raw("expiresAt", text),
        ExpiresAt::Computed(instant) => object.string("expiresAt", &time(*instant)),
    };
}

/// Whether any byte of a call may have reached the backend, as callers read it.
pub(super) const fn sent(sent: Sent) -> &'static str {
    match sent {
        Sent::NotSent => "not_sent",
        Sent::Unknown => "unknown",
    }
}

/// What a reader is shown.
pub(super) fn observation(seen: &Observation) -> Bytes {
    let mut object = ObjectWriter::new();
    write_facts(
        &mut object,
        &seen.origin,
        &seen.protocol,
        &seen.told,
        seen.last_answer.as_deref(),
    );
    object.into_bytes()
}

/// What the caller of a step is shown: the same, and the backend's answer.
pub(super) fn reply(reply: &Reply) -> Bytes {
    let told = &reply.answer.told;
    let state = reply.protocol.state_name(told.state);
    let mut object = ObjectWriter::new();
    write_facts(
        &mut object,
        &reply.origin,
        &reply.protocol,
        told,
        Some(state),
    );
    write_backend(&mut object, &reply.answer.answer.body, usize::MAX);
    object.into_bytes()
}

fn write_facts(
    object: &mut ObjectWriter,
    origin: &Origin,
    protocol: &Protocol,
    told: &Told,
    last_answer: Option<&str>,
) {
    object.string("flowHandle", origin.handle.as_str());
    if let Some(flow_id) = &told.flow_id {
        object.raw("flowID", flow_id);
    }
    object
        .string("protocol", protocol.name())
        .string("state", protocol.state_name(told.state))
        .boolean("terminal", protocol.is_terminal(told.state))
        .string("issuedAt", &time(origin.issued_at));
    write_expiry(object, &told.expires_at);
    object.string("correlationID", &origin.correlation_id);
    if let Some(state) = last_answer {
        object.string("lastBackendStatus", state);
    }
    for (name, value) in &told.members {
        object.raw(name, value);
    }
}

/// A flow's past.
pub(super) fn history(past: &Past) -> Bytes {
    let whole = |entry: &mut ObjectWriter, body: &[u8]| write_backend(entry, body, usize::MAX);
    let transitions = past.history.transitions().iter();
    let attempts = past.history.attempts();
    let mut object = ObjectWriter::new();
    object
        .string("flowHandle", past.origin.handle.as_str())
        .raw(
            "transitions",
            &array(transitions.map(|transition| transition_entry(past, transition, whole))),
        )
        .raw(
            "attempts",
            &array(attempts.map(|attempt| attempt_entry(past, attempt))),
        );
    if past.history.self_loops_omitted() > 0 {
        object.number("selfLoopsOmitted", past.history.self_loops_omitted());
    }
    object.into_bytes()
}

/// A transition as an event stream tells it.
pub(super) fn transition_event(past: &Past, transition: &Transition) -> Vec<u8> {
    transition_entry(past, transition, write_backend_in_lines)
}

fn transition_entry(
    past: &Past,
    transition: &Transition,
    write_answer: impl Fn(&mut ObjectWriter, &[u8]),
) -> Vec<u8> {
    let protocol = &past.protocol;
    let mut entry = ObjectWriter::new();
    entry.number("version", transition.version);
    if let Some(cause) = &transition.cause {
        entry.string("step", protocol.step_by_id(cause.step).name());
    }
    entry
        .string("from", protocol.state_name(transition.from))
        .string("to", protocol.state_name(transition.to))
        .string("at", &time(transition.at));
    if let Some(cause) = &transition.cause {
        entry
            .string("attemptID", cause.attempt.as_str())
            .number("backendStatus", u64::from(cause.backend_status));
        if let Some(recorded) = past.answer(&cause.attempt) {
            write_answer(&mut entry, &recorded.answer.body);
        }
    }
    entry.finish()
}

fn attempt_entry(past: &Past, attempt: &Attempt) -> Vec<u8> {
    let mut entry = ObjectWriter::new();
    entry
        .string("step", past.protocol.step_by_id(attempt.step).name())
        .string("attemptID", attempt.attempt.as_str())
        .string("at", &time(attempt.at))
        .string("code", ending_code(attempt.ending).as_str());
    match attempt.ending {
        Ending::Unavailable(reached) | Ending::TimedOut(reached) => {
            entry.string("outcome", sent(reached));
        }
        Ending::Declined { status } => {
            entry
                .string("outcome", "answered")
                .number("backendStatus", u64::from(status));
        }
        Ending::Unsaved => {
            entry.string("outcome", sent(Sent::NotSent));
        }
        Ending::Interrupted | Ending::Lapsed | Ending::Overtaken => {
            entry.string("outcome", sent(Sent::Unknown));
        }
    }
    entry.finish()
}
