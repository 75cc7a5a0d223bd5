//! From flows to sealed texts and back.
//!
//! A seal is SHA-256 over a text, what is kept beside it and where it belongs, so that a flipped
//! bit, a truncated body or a row that was moved is found out before anything of it is believed.

use std::sync::Arc;

use bytes::Bytes;
use integrator_core::flow::answer::RecordedAnswer;
use integrator_core::flow::ids::{ClaimId, FlowHandle};
use integrator_core::flow::persisted::{
    PersistedAnswer, PersistedFlow, persist_answer, persist_flow, restore_answer, restore_flow,
};
use integrator_core::protocol::Protocol;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Answer, Head, Row, Sealed};
use crate::store::operations::StoreError;
use crate::store::stored::Stored;

/// The version of the format that is written. One that is higher was written by a newer version
/// of this program and is not read.
pub(super) const SCHEMA: u16 = 1;

/// Where a record lies, for whoever must look at it.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// The store's kind.
    pub(super) store: &'static str,
    /// Which flow.
    pub(super) handle: &'a FlowHandle,
}

impl Place<'_> {
    pub(super) fn unreadable(&self, what: &str, reason: &dyn ToString) -> StoreError {
        StoreError::Unreadable {
            coordinates: format!(
                "the {what} of flow {} in the {} store",
                self.handle.as_str(),
                self.store
            ),
            reason: reason.to_string(),
        }
    }
}

/// A flow as a database takes it.
pub(super) fn row(stored: &Stored) -> Result<Row, StoreError> {
    let handle = stored.flow.handle().clone();
    let record = persist_flow(&stored.flow, &stored.protocol);
    let version = stored.flow.version();
    let sealed = sealed(&record, |text| {
        head_seal(SCHEMA, &handle, version, text.as_bytes())
    })?;
    Ok(Row {
        handle,
        head: Head { version, sealed },
        claim: stored.flow.claim().map(|claim| claim_digits(claim.id)),
        facts: stored.facts(),
    })
}

/// A claim's id as a database compares it.
pub(super) fn claim_digits(claim: ClaimId) -> String {
    format!("{:032x}", claim.0)
}

/// A recorded answer as a database takes it.
pub(super) fn answer(
    handle: &FlowHandle,
    answer: &RecordedAnswer,
    protocol: &Protocol,
) -> Result<Answer, StoreError> {
    let record = persist_answer(answer, protocol);
    let body = answer.answer.body.clone();
    let sealed = sealed(&record, |text| {
        answer_seal(SCHEMA, handle, &answer.attempt, text.as_bytes(), &body)
    })?;
    Ok(Answer {
        attempt: answer.attempt.clone(),
        sealed,
        body,
        bytes: answer.held_bytes(),
    })
}

/// The record of a flow, once its seal is found whole: what it says is what was written.
pub(super) fn open_head(place: Place<'_>, head: &Head) -> Result<PersistedFlow, StoreError> {
    let Sealed { schema, text, seal } = &head.sealed;
    check_schema(place, "record", *schema)?;
    let whole = head_seal(*schema, place.handle, head.version, text.as_bytes());
    if *seal != whole {
        return Err(place.unreadable("record", &"it is damaged: its seal does not fit"));
    }
    serde_json::from_str(text).map_err(|error| place.unreadable("record", &error))
}

/// The flow of an opened record.
pub(super) fn flow(
    place: Place<'_>,
    record: PersistedFlow,
    protocol: Arc<Protocol>,
) -> Result<Stored, StoreError> {
    let flow = restore_flow(record, &protocol);
    let flow = flow.map_err(|unfit| place.unreadable("record", &unfit))?;
    Ok(Stored::new(flow, protocol))
}

/// The answer of a record, once its seal is found whole.
pub(super) fn recorded_answer(
    place: Place<'_>,
    record: Answer,
    protocol: &Protocol,
) -> Result<RecordedAnswer, StoreError> {
    let what = format!("answer to attempt {}", record.attempt.as_str());
    let Sealed { schema, text, seal } = &record.sealed;
    check_schema(place, &what, *schema)?;
    let whole = answer_seal(
        *schema,
        place.handle,
        &record.attempt,
        text.as_bytes(),
        &record.body,
    );
    if *seal != whole {
        return Err(place.unreadable(&what, &"it is damaged: its seal does not fit"));
    }
    let read: Result<PersistedAnswer, _> = serde_json::from_str(text);
    let read = read.map_err(|error| place.unreadable(&what, &error))?;
    restore_answer(read, record.body, protocol).map_err(|unfit| place.unreadable(&what, &unfit))
}

fn check_schema(place: Place<'_>, what: &str, schema: u16) -> Result<(), StoreError> {
    if schema == SCHEMA {
        return Ok(());
    }
    let reason = format!(
        "it is written in format {schema}, and this version of the program reads format {SCHEMA}; run the version that wrote it"
    );
    Err(place.unreadable(what, &reason))
}

fn sealed(
    record: &impl Serialize,
    seal: impl FnOnce(&str) -> [u8; 32],
) -> Result<Sealed, StoreError> {
    let text = serde_json::to_string(record).map_err(StoreError::unavailable)?;
    Ok(Sealed {
        schema: SCHEMA,
        seal: seal(&text),
        text,
    })
}

fn head_seal(schema: u16, handle: &FlowHandle, version: u64, text: &[u8]) -> [u8; 32] {
    let version = version.to_be_bytes();
    digest(&[
        b"flow",
        &schema.to_be_bytes(),
        handle.as_str().as_bytes(),
        &version,
        text,
    ])
}

fn answer_seal(
    schema: u16,
    handle: &FlowHandle,
    attempt: &integrator_core::flow::ids::AttemptId,
    text: &[u8],
    body: &Bytes,
) -> [u8; 32] {
    digest(&[
        b"answer",
        &schema.to_be_bytes(),
        handle.as_str().as_bytes(),
        attempt.as_str().as_bytes(),
        text,
        body,
    ])
}

/// SHA-256 over the parts, each behind its length, so that no two lists of parts give one text.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}
