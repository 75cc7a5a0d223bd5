//! Values that no run of the protocol ever has where they are asked for. Under `attach` and in paths
//! that is refused; elsewhere it is odd.

use super::super::definition::{Pairs, StepDefinition};
use super::super::problem::Problems;
use super::super::step::{Source, Step};
use super::super::table::{Protocol, StateId};

pub(super) fn tell(
    protocol: &Protocol,
    steps: &[(&Step, &StepDefinition)],
    problems: &mut Problems<'_>,
) {
    for (step, definition) in steps {
        let defaults = (step.default(), &definition.default);
        told(protocol, step, defaults, false, problems);
        let replies = (step.reply(), &definition.reply);
        told(protocol, step, replies, true, problems);
        let callback = definition.callback.as_ref();
        if let Some(callback) = callback.filter(|_| !gives(protocol, step, &Source::FlowId, false))
        {
            problems.odd(
                &callback.place,
                "no step that comes before this one has `flow_id`: the callback never finds a flow",
            );
        }
    }
}

/// Tells which of the members have a source that is never there; `answered` is whether the step's
/// own answer and request count.
fn told(
    protocol: &Protocol,
    step: &Step,
    (pairs, texts): (&[(String, Source)], &Pairs),
    answered: bool,
    problems: &mut Problems<'_>,
) {
    for ((name, source), (_, text)) in pairs.iter().zip(texts) {
        if gives(protocol, step, source, answered) {
            continue;
        }
        let from = match source {
            Source::Request { step, .. } | Source::Response { step, .. } => {
                format!("step {:?}", protocol.step_by_id(*step).name())
            }
            Source::FlowHandle
            | Source::CorrelationId
            | Source::FlowId
            | Source::ThisResponse(_) => "a step with `flow_id`".to_owned(),
        };
        let message = format!(
            "{:?} is never there: no run takes {from} before step {:?}. Refer to a step that comes earlier, or leave {name:?} out",
            text.value,
            step.name()
        );
        problems.odd(&text.place, message);
    }
}

/// Whether some run has the source's value when the step is taken, or once it is answered.
fn gives(protocol: &Protocol, step: &Step, source: &Source, answered: bool) -> bool {
    let is_given_by =
        |giver: &Step| (answered && giver.id() == step.id()) || comes_before(protocol, giver, step);
    match source {
        Source::FlowHandle | Source::CorrelationId | Source::ThisResponse(_) => true,
        Source::FlowId => {
            let mut givers = protocol.steps().iter();
            givers.any(|giver| giver.flow_id().is_some() && is_given_by(giver))
        }
        Source::Request { step: giver, .. } | Source::Response { step: giver, .. } => {
            is_given_by(protocol.step_by_id(*giver))
        }
    }
}

/// Whether some run takes `first`, and `then` later.
fn comes_before(protocol: &Protocol, first: &Step, then: &Step) -> bool {
    let mut reached: Vec<StateId> = Vec::new();
    let mut steps = vec![first];
    while let Some(step) = steps.pop() {
        for rule in step.outcomes() {
            if reached.contains(&rule.to()) {
                continue;
            }
            reached.push(rule.to());
            let next = protocol.steps().iter();
            steps.extend(next.filter(|step| step.from().contains(&rule.to())));
        }
    }
    then.from().iter().any(|state| reached.contains(state))
}
