//! A protocol's parts in the words of its definition, for people to read.

use core::fmt;

use super::outcome::{Condition, Outcome, StatusSet};
use super::step::Source;
use super::table::Protocol;
use crate::json::{Pointer, write_string};

impl fmt::Display for StatusSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(status) => write!(f, "{status}"),
            Self::Class(digit) => write!(f, "{digit}xx"),
        }
    }
}

/// What a rule asks of an answer, status first: `2xx`, `/verified = true`.
#[must_use]
pub fn asks(rule: &Outcome) -> Vec<String> {
    let conditions = rule.conditions().iter();
    let conditions = conditions.map(|(pointer, condition)| asked(pointer, condition));
    core::iter::once(rule.status().to_string())
        .chain(conditions)
        .collect()
}

/// What a rule asks of one place of an answer.
pub(super) fn asked(pointer: &Pointer, condition: &Condition) -> String {
    let place = place(pointer);
    match condition {
        Condition::Text(text) => format!("{place} = {}", json_string(text)),
        Condition::Number(number) => format!("{place} = {number}"),
        Condition::Boolean(boolean) => format!("{place} = {boolean}"),
        Condition::Null => format!("{place} = null"),
        Condition::Absent => format!("no {place}"),
        Condition::NonEmptyString => format!("{place} is text"),
    }
}

/// A source as a definition spells it.
#[must_use]
pub fn source(protocol: &Protocol, source: &Source) -> String {
    match source {
        Source::FlowHandle => "flow:/flowHandle".to_owned(),
        Source::FlowId => "flow:/flowID".to_owned(),
        Source::CorrelationId => "flow:/correlationID".to_owned(),
        Source::Request { step, pointer } => {
            let step = protocol.step_by_id(*step).name();
            format!("{step}.request:{}", self::pointer(pointer))
        }
        Source::Response { step, pointer } => {
            let step = protocol.step_by_id(*step).name();
            format!("{step}.response:{}", self::pointer(pointer))
        }
        Source::ThisResponse(pointer) => format!("response:{}", self::pointer(pointer)),
    }
}

/// A pointer on one line, whatever its names hold.
#[must_use]
pub fn pointer(pointer: &Pointer) -> String {
    let mut plain = String::new();
    for character in pointer.to_string().chars() {
        if character.is_control() {
            plain.extend(character.escape_default());
        } else {
            plain.push(character);
        }
    }
    plain
}

fn place(pointer: &Pointer) -> String {
    if pointer.tokens().is_empty() {
        "the whole answer".to_owned()
    } else {
        self::pointer(pointer)
    }
}

fn json_string(text: &str) -> String {
    let mut spelled = Vec::with_capacity(text.len() + 2);
    write_string(&mut spelled, text);
    String::from_utf8_lossy(&spelled).into_owned()
}
