//! What is allowed but probably not meant.

use super::super::definition::StepDefinition;
use super::super::problem::Problems;
use super::super::step::{Source, Step};
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
    let steps = protocol.steps().iter();
    let mut sources = steps
        .flat_map(|step| [step.attach(), step.default(), step.reply()])
        .flatten();
    sources.any(|(_, source)| match source {
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
            let message = format!(
                "this rule leads back to {:?}, but the step is not `repeatable`: the same request would be replayed, not called again",
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
