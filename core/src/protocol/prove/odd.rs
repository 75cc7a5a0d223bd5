//! What is allowed but probably not meant.

use super::super::definition::StepDefinition;
use super::super::problem::Problems;
use super::super::step::{Method, Source, Step, Unknown};
use super::super::table::{Protocol, StepId};

pub(super) fn tell(
    protocol: &Protocol,
    steps: &[(&Step, &StepDefinition)],
    problems: &mut Problems<'_>,
) {
    for (step, definition) in steps {
        remembered_for_nothing(protocol, step, definition, problems);
        polling_that_replays(protocol, step, definition, problems);
        start_never_repeats(protocol, step, definition, problems);
        held_for_nothing(step, definition, problems);
        redelivered_for_nothing(protocol, step, definition, problems);
        deadline_of_what_has_ended(protocol, step, definition, problems);
    }
}

fn remembered_for_nothing(
    protocol: &Protocol,
    step: &Step,
    definition: &StepDefinition,
    problems: &mut Problems<'_>,
) {
    for name in definition.remember.iter().flat_map(|names| &names.value) {
        if step
            .attach()
            .iter()
            .any(|(attached, _)| *attached == name.value)
        {
            let message = format!(
                "callers may not send {:?}, so there is nothing to remember",
                name.value
            );
            problems.odd(&name.place, message);
        } else if !is_used(protocol, step.id(), &name.value) {
            let message = format!("{:?} is remembered, but no source refers to it", name.value);
            problems.odd(&name.place, message);
        }
    }
}

fn is_used(protocol: &Protocol, step: StepId, member: &str) -> bool {
    let mut sources = protocol.steps().iter().flat_map(Step::sources);
    sources.any(|source| match source {
        Source::Request { step: of, pointer } => {
            *of == step
                && pointer
                    .tokens()
                    .first()
                    .is_some_and(|token| token == member)
        }
        Source::FlowHandle
        | Source::FlowId
        | Source::CorrelationId
        | Source::Response { .. }
        | Source::ThisResponse(_) => false,
    })
}

fn polling_that_replays(
    protocol: &Protocol,
    step: &Step,
    definition: &StepDefinition,
    problems: &mut Problems<'_>,
) {
    let rules = definition.outcomes.iter().flat_map(|rules| &rules.value);
    for (rule, place) in step.outcomes().iter().zip(rules) {
        if step.from().contains(&rule.to()) && !step.repeatable() {
            let others = if step.headers().is_empty() {
                ""
            } else {
                ", and that whatever its `headers` say: who sends the same bytes unsigned answers for the true sender"
            };
            let message = format!(
                "this rule leads back to {:?}, but the step is not `repeatable`: the same request would be replayed, not called again{others}",
                protocol.state_name(rule.to())
            );
            problems.odd(&place.place, message);
        }
    }
}

fn start_never_repeats(
    protocol: &Protocol,
    step: &Step,
    definition: &StepDefinition,
    problems: &mut Problems<'_>,
) {
    let flag = definition.repeatable.as_ref().filter(|flag| flag.value);
    if let Some(flag) = flag.filter(|_| step.id() == protocol.start().id()) {
        problems.odd(
            &flag.place,
            "start makes a flow once; a keyed start is replayed whatever this says",
        );
    }
}

fn held_for_nothing(step: &Step, definition: &StepDefinition, problems: &mut Problems<'_>) {
    if let Some(unknown) = &definition.unknown
        && step.unknown() == Unknown::Hold
        && step.method() == Method::Get
    {
        problems.odd(
            &unknown.place,
            "a GET changes nothing, so a second one does no harm: leave `unknown` out",
        );
    }
}

/// An event that ended a flow is delivered again where its answer got lost. Repeatable steps are
/// never replayed, so that the flow, which has ended, refuses it.
fn redelivered_for_nothing(
    protocol: &Protocol,
    step: &Step,
    definition: &StepDefinition,
    problems: &mut Problems<'_>,
) {
    let mut rules = step.outcomes().iter();
    if let Some(flag) = &definition.repeatable
        && step.repeatable()
        && step.callback().is_some()
        && rules.any(|rule| protocol.is_terminal(rule.to()))
    {
        problems.odd(
            &flag.place,
            "an event that ended the flow is refused when it is delivered again, since a `repeatable` step is never replayed: leave `repeatable` out of a callback",
        );
    }
}

fn deadline_of_what_has_ended(
    protocol: &Protocol,
    step: &Step,
    definition: &StepDefinition,
    problems: &mut Problems<'_>,
) {
    let mut rules = step.outcomes().iter();
    if let Some(expires_at) = &definition.expires_at
        && rules.all(|rule| protocol.is_terminal(rule.to()))
    {
        problems.odd(
            &expires_at.place,
            "every rule of this step ends the flow, and what has ended has no deadline: leave `expires_at` out",
        );
    }
}
