//! Every rule can be taken: none contradicts itself, and none is shadowed by an
//! earlier one that matches whatever it matches.

use super::super::definition::{OutcomeDefinition, StepDefinition};
use super::super::outcome::{Condition, Outcome, StatusSet};
use super::super::problem::Problems;
use super::super::step::Step;
use super::super::table::Protocol;
use crate::json::Pointer;

/// A condition and the place that it is about.
type Asked = (Pointer, Condition);

pub(super) fn every_rule_can_be_taken(
    protocol: &Protocol,
    step: &Step,
    definition: &StepDefinition,
    problems: &mut Problems<'_>,
) {
    let places = definition.outcomes.iter().flat_map(|rules| &rules.value);
    for ((index, rule), place) in step.outcomes().iter().enumerate().zip(places) {
        let to = protocol.state_name(rule.to());
        if let Some((one, other)) = contradiction(rule) {
            let message = format!(
                "this rule (to {to:?}) can never match: no answer has both {} and {}{}",
                told(one),
                told(other),
                implied(step, place, [one, other])
            );
            problems.wrong(&place.place, message);
            continue;
        }
        if let Some((status, asked)) = asked_of_nothing(rule) {
            let message = format!(
                "this rule (to {to:?}) can never match: an answer of {status} has no body, and {} is asked of it. Take that out, or ask it of another status",
                told(asked)
            );
            problems.wrong(&place.place, message);
            continue;
        }
        let earlier = step.outcomes().iter().take(index);
        if let Some(number) = earlier
            .into_iter()
            .position(|earlier| covers(earlier, rule))
        {
            let number = number + 1;
            let message = format!(
                "this rule (to {to:?}) is never reached: rule {number} before it matches whatever it matches. Put it before rule {number}, or make rule {number} ask for more"
            );
            problems.wrong(&place.place, message);
        }
    }
}

/// Whether every answer that `later` matches is matched by `earlier`.
fn covers(earlier: &Outcome, later: &Outcome) -> bool {
    let implied = |(pointer, condition): &Asked| {
        let mut known = later.conditions().iter();
        known.any(|(at, known)| implies((at, known), (pointer, condition)))
    };
    earlier.status().covers(later.status()) && earlier.conditions().iter().all(implied)
}

/// Whether an answer in which the first condition holds is one in which the
/// second does.
fn implies(known: (&Pointer, &Condition), asked: (&Pointer, &Condition)) -> bool {
    let ((at, known), (pointer, asked)) = (known, asked);
    if at == pointer {
        return known == asked
            || matches!((known, asked), (Condition::Text(text), Condition::NonEmptyString) if !text.is_empty());
    }
    // Every condition asks for a scalar or for nothing: nothing lies below it.
    *asked == Condition::Absent && at.is_prefix_of(pointer)
}

/// Two conditions of a rule that no answer fulfils at once.
fn contradiction(rule: &Outcome) -> Option<(&Asked, &Asked)> {
    let conditions = rule.conditions().iter().enumerate();
    conditions.into_iter().find_map(|(index, one)| {
        let mut others = rule.conditions().iter().skip(index + 1);
        let other = others.find(|other| contradict(one, other))?;
        Some((one, other))
    })
}

/// What a rule asks of an answer whose status says that it has no body (RFC 9110, sections 15.3.5
/// and 15.4.5).
fn asked_of_nothing(rule: &Outcome) -> Option<(u16, &Asked)> {
    match rule.status() {
        StatusSet::Exactly(status @ (204 | 304)) => Some((status, rule.conditions().first()?)),
        StatusSet::Exactly(_) | StatusSet::Class(_) => None,
    }
}

fn contradict(one: &Asked, other: &Asked) -> bool {
    if one.0 == other.0 {
        return !implies((&one.0, &one.1), (&other.0, &other.1))
            && !implies((&other.0, &other.1), (&one.0, &one.1));
    }
    let below = one.0.is_prefix_of(&other.0) && other.1 != Condition::Absent;
    let above = other.0.is_prefix_of(&one.0) && one.1 != Condition::Absent;
    below || above
}

/// Where a condition comes from that the rule does not name itself.
fn implied(step: &Step, place: &OutcomeDefinition, both: [&Asked; 2]) -> &'static str {
    let implied = |(pointer, condition): &Asked| {
        let named = place.expect.iter().flat_map(|expect| &expect.value);
        *condition == Condition::NonEmptyString
            && step.flow_id() == Some(pointer)
            && !named
                .into_iter()
                .any(|named| named.value == pointer.to_string())
    };
    if both.into_iter().any(implied) {
        ", which `flow_id` asks for. Give the id in another step, or say here that it is absent"
    } else {
        ". Take one of them out, or make two rules of it"
    }
}

fn told((pointer, condition): &Asked) -> String {
    let pointer = pointer.to_string();
    match condition {
        Condition::Text(text) => format!("the string {text:?} at {pointer:?}"),
        Condition::Number(_) => format!("a certain number at {pointer:?}"),
        Condition::Boolean(boolean) => format!("{boolean} at {pointer:?}"),
        Condition::Null => format!("null at {pointer:?}"),
        Condition::Absent => format!("nothing at {pointer:?}"),
        Condition::NonEmptyString => format!("a non-empty string at {pointer:?}"),
    }
}
