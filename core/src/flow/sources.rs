//! Values that a definition's sources name: kept when an answer is recorded, found again when a
//! later step's request is composed. They travel as raw JSON text and are never interpreted; they
//! are copies, so that a few bytes do not keep a whole answer in memory.

use bytes::Bytes;

use super::record::{Flow, Kept};
use crate::json::{Pointer, Resolved, Value, write_string};
use crate::protocol::members::Body;
use crate::protocol::outcome::ANSWER_DEPTH_MAX;
use crate::protocol::step::{Source, Step};
use crate::protocol::table::StepId;

/// The members of a request that its step remembers, as they are written.
pub(super) fn remember(step: &Step, body: &Body<'_>) -> Vec<(String, Bytes)> {
    let copy =
        |(name, value): (&str, Value<'_>)| (name.to_owned(), Bytes::copy_from_slice(value.raw()));
    body.remembered(step).map(copy).collect()
}

/// Keeps what this run's request is remembered by and what later sources name of its answer, in
/// place of what an earlier run of the step left.
pub(super) fn keep(flow: &mut Flow, step: &Step, remembered: &[(String, Bytes)], body: &Bytes) {
    flow.remembered.retain(|(of, _)| *of != step.id());
    flow.remembered.push((step.id(), remembered.to_vec()));
    flow.kept.retain(|kept| kept.step != step.id());
    let document = Value::parse(body, ANSWER_DEPTH_MAX).ok();
    for pointer in step.keep() {
        if let Some(value) = document.and_then(|document| found(document, pointer)) {
            flow.kept.push(Kept {
                step: step.id(),
                pointer: pointer.clone(),
                value: Bytes::copy_from_slice(value.raw()),
            });
        }
    }
}

/// Adds the step's `reply` entries to those of earlier steps. A source that resolves to nothing
/// adds nothing.
pub(super) fn reply(flow: &mut Flow, step: &Step, body: &Bytes) {
    for (name, source) in step.reply() {
        let Some(value) = resolve(flow, source, Some(body)) else {
            continue;
        };
        match flow.members.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => flow.members.push((name.clone(), value)),
        }
    }
}

/// The value that a source names, as raw JSON text; nothing where it resolves to nothing. `answer`
/// is this step's own, where there is one.
pub(super) fn resolve(flow: &Flow, source: &Source, answer: Option<&Bytes>) -> Option<Bytes> {
    match source {
        Source::FlowHandle => Some(json_string(flow.handle().as_str())),
        Source::CorrelationId => Some(json_string(&flow.origin.correlation_id)),
        Source::FlowId => flow.flow_id.clone(),
        Source::Request { step, pointer } => remembered(flow, *step, pointer),
        Source::Response { step, pointer } => {
            let same = |kept: &&Kept| kept.step == *step && kept.pointer == *pointer;
            flow.kept.iter().find(same).map(|kept| kept.value.clone())
        }
        Source::ThisResponse(pointer) => {
            let body = answer?;
            let document = Value::parse(body, ANSWER_DEPTH_MAX).ok()?;
            Some(Bytes::copy_from_slice(found(document, pointer)?.raw()))
        }
    }
}

fn remembered(flow: &Flow, step: StepId, pointer: &Pointer) -> Option<Bytes> {
    let (_, members) = flow.remembered.iter().find(|(of, _)| *of == step)?;
    let name = pointer.tokens().first()?;
    let (_, text) = members.iter().find(|(member, _)| member == name)?;
    let value = Value::parse(text, ANSWER_DEPTH_MAX).ok()?;
    Some(text.slice_ref(found(value, &pointer.below_first())?.raw()))
}

fn found<'a>(document: Value<'a>, pointer: &Pointer) -> Option<Value<'a>> {
    match document.resolve(pointer) {
        Resolved::Found(value) => Some(value),
        Resolved::Absent | Resolved::Doubled => None,
    }
}

fn json_string(text: &str) -> Bytes {
    let mut out = Vec::with_capacity(text.len() + 2);
    write_string(&mut out, text);
    Bytes::from(out)
}
