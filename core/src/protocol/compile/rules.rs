//! The rules of a step: statuses, conditions, and what `flow_id` implies.

use super::super::definition::{
    Expected, Located, OutcomeDefinition, Scalar, StepDefinition, Text,
};
use super::super::limits::{COMPARED_BYTES_MAX, CONDITIONS_MAX, OUTCOMES_MAX};
use super::super::name::quoted;
use super::super::outcome::{Condition, Outcome, StatusSet};
use super::super::problem::Problems;
use super::super::source;
use super::super::table::{START, StateId};
use super::scope::Scope;
use crate::json::{Decimal, Pointer};

const STATUS_ALLOWED: &str =
    "an integer from 200 to 599, or one of \"2xx\", \"3xx\", \"4xx\", \"5xx\"";

pub(super) fn outcomes(
    definition: &StepDefinition,
    flow_id: Option<&Pointer>,
    scope: &Scope<'_>,
    problems: &mut Problems<'_>,
) -> Vec<Outcome> {
    let Some(rules) = &definition.outcomes else {
        return Vec::new();
    };
    let count = rules.value.len();
    if !(1..=OUTCOMES_MAX).contains(&count) {
        let message = format!("{count} rules; from 1 to {OUTCOMES_MAX} are allowed");
        problems.broken(&rules.place, message);
        return Vec::new();
    }
    let rules = rules.value.iter();
    rules
        .filter_map(|rule| outcome(rule, flow_id, scope, problems))
        .collect()
}

fn outcome(
    definition: &OutcomeDefinition,
    flow_id: Option<&Pointer>,
    scope: &Scope<'_>,
    problems: &mut Problems<'_>,
) -> Option<Outcome> {
    let status = status(definition.status.as_ref(), problems);
    let mut conditions = when(definition, problems);
    conditions.extend(expect(definition, problems));
    let to = to(definition.to.as_ref()?, scope, problems)?;
    if let Some(pointer) = flow_id {
        // An answer that names no flow, such as "not yet" or a refusal with 200, has a rule that
        // says so itself.
        let unnamed = conditions.contains(&(pointer.clone(), Condition::Absent));
        let needed = !unnamed && (!scope.is_terminal(to) || status.can_succeed());
        let expected = (pointer.clone(), Condition::NonEmptyString);
        if needed && !conditions.contains(&expected) {
            conditions.push(expected);
        }
    }
    Some(Outcome {
        to,
        status,
        conditions,
    })
}

fn to(name: &Text, scope: &Scope<'_>, problems: &mut Problems<'_>) -> Option<StateId> {
    let state = scope.state(&name.value)?;
    if state == scope.initial {
        let message = format!(
            "no step leads to the initial state {}: only {START:?} leaves it, and that makes a new flow. Name another state",
            quoted(&name.value)
        );
        problems.broken(&name.place, message);
    }
    Some(state)
}

fn status(scalar: Option<&Located<Scalar>>, problems: &mut Problems<'_>) -> StatusSet {
    let Some(scalar) = scalar else {
        return StatusSet::Class(2);
    };
    let (status, found) = match &scalar.value {
        Scalar::Number(number) => (exact_status(number), quoted(number).replace('"', "")),
        Scalar::Text(text) => (status_class(text), quoted(text)),
        Scalar::Boolean(boolean) => (None, boolean.to_string()),
    };
    status.unwrap_or_else(|| {
        problems.broken(
            &scalar.place,
            format!("found {found}; allowed: {STATUS_ALLOWED}"),
        );
        StatusSet::Class(2)
    })
}

fn exact_status(number: &str) -> Option<StatusSet> {
    let status: u16 = number.parse().ok()?;
    (200..=599)
        .contains(&status)
        .then_some(StatusSet::Exactly(status))
}

fn status_class(text: &str) -> Option<StatusSet> {
    match text {
        "2xx" => Some(StatusSet::Class(2)),
        "3xx" => Some(StatusSet::Class(3)),
        "4xx" => Some(StatusSet::Class(4)),
        "5xx" => Some(StatusSet::Class(5)),
        _ => None,
    }
}

fn when(definition: &OutcomeDefinition, problems: &mut Problems<'_>) -> Vec<(Pointer, Condition)> {
    let mut conditions = Vec::new();
    if let Some((excess, _)) = definition.when.get(CONDITIONS_MAX) {
        let message =
            format!("too many conditions; at most {CONDITIONS_MAX} are allowed in a rule");
        problems.broken(&excess.place, message);
        return conditions;
    }
    for (pointer, expected) in &definition.when {
        let pointer = located_pointer(pointer, problems);
        let condition = condition(expected, problems);
        conditions.extend(pointer.zip(condition));
    }
    conditions
}

fn condition(expected: &Located<Expected>, problems: &mut Problems<'_>) -> Option<Condition> {
    let condition = match &expected.value {
        Expected::Null => Some(Condition::Null),
        Expected::Absent => Some(Condition::Absent),
        Expected::Is(Scalar::Boolean(boolean)) => Some(Condition::Boolean(*boolean)),
        Expected::Is(Scalar::Text(text)) => {
            (text.len() <= COMPARED_BYTES_MAX).then(|| Condition::Text(text.clone()))
        }
        Expected::Is(Scalar::Number(number)) => (number.len() <= COMPARED_BYTES_MAX)
            .then(|| number.strip_prefix('+').unwrap_or(number))
            .and_then(|number| Decimal::parse(number.as_bytes()))
            .map(Condition::Number),
    };
    if condition.is_none() {
        let message = format!(
            "no answer can be compared with this: write a string of at most {COMPARED_BYTES_MAX} bytes, or a number (not inf, not nan) of at most as many characters"
        );
        problems.broken(&expected.place, message);
    }
    condition
}

fn expect(
    definition: &OutcomeDefinition,
    problems: &mut Problems<'_>,
) -> Vec<(Pointer, Condition)> {
    let mut conditions = Vec::new();
    let Some(texts) = &definition.expect else {
        return conditions;
    };
    if texts.value.len() > CONDITIONS_MAX {
        let message = format!(
            "{} pointers; at most {CONDITIONS_MAX} are allowed in a rule",
            texts.value.len()
        );
        problems.broken(&texts.place, message);
        return conditions;
    }
    for text in &texts.value {
        let Some(pointer) = located_pointer(text, problems) else {
            continue;
        };
        let condition = (pointer, Condition::NonEmptyString);
        if conditions.contains(&condition) {
            problems.wrong(
                &text.place,
                format!("{} is named twice; once is enough", quoted(&text.value)),
            );
        } else {
            conditions.push(condition);
        }
    }
    conditions
}

fn located_pointer(text: &Text, problems: &mut Problems<'_>) -> Option<Pointer> {
    match source::pointer(&text.value) {
        Ok(pointer) => Some(pointer),
        Err(message) => {
            problems.broken(&text.place, message);
            None
        }
    }
}
