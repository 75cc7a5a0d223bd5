//! Every attached source is there on every path that leads to its step.
//!
//! For one source, the question is one bit: is it sure to be there? An outcome
//! taken makes the bit true (it asks for the pointer, the step requires and
//! remembers the member, the answer gives the flow's id), makes it false (it is
//! a newer answer of the same step that need not hold the pointer), or leaves
//! it. So the search walks pairs of state and bit; a source may be missing in a
//! state if the pair with the bit false is reached, and the way there is the
//! counterexample that the message shows.

use super::super::definition::StepDefinition;
use super::super::outcome::{Condition, Outcome};
use super::super::problem::Problems;
use super::super::step::{Source, Step};
use super::super::table::{Protocol, StateId};
use crate::json::Pointer;

/// A state on a path, and how the path came there.
struct Node<'p> {
    state: StateId,
    sure: bool,
    /// The node before, and the step and rule number (from 1) that led here.
    before: Option<(usize, &'p Step, usize)>,
}

pub(super) fn attached_sources_are_there(
    protocol: &Protocol,
    step: &Step,
    definition: &StepDefinition,
    problems: &mut Problems<'_>,
) {
    for ((name, source), (_, text)) in step.attach().iter().zip(&definition.attach) {
        if always_there(source) {
            continue;
        }
        if let Some(path) = counterexample(protocol, step, source) {
            let message = format!(
                "{:?} may be missing when step {:?} attaches {name:?}: nothing is sure to provide it on the path {path}. {}",
                text.value,
                step.name(),
                remedy(protocol, source)
            );
            problems.wrong(&text.place, message);
        }
    }
}

fn always_there(source: &Source) -> bool {
    match source {
        Source::FlowHandle | Source::CorrelationId => true,
        Source::FlowId
        | Source::Request { .. }
        | Source::Response { .. }
        | Source::ThisResponse(_) => false,
    }
}

/// A path to a state of the step's `from` on which the source may be missing.
fn counterexample(protocol: &Protocol, step: &Step, source: &Source) -> Option<String> {
    let mut nodes = vec![Node {
        state: protocol.initial(),
        sure: false,
        before: None,
    }];
    let mut next = 0;
    while let Some(node) = nodes.get(next) {
        if !node.sure && step.from().contains(&node.state) {
            return Some(told(protocol, &nodes, next));
        }
        let found = successors(protocol, node.state, node.sure, source);
        for (taken, rule, state, sure) in found {
            let known = |node: &Node<'_>| node.state == state && node.sure == sure;
            if !nodes.iter().any(known) {
                let before = Some((next, taken, rule));
                nodes.push(Node {
                    state,
                    sure,
                    before,
                });
            }
        }
        next += 1;
    }
    None
}

/// Where the steps out of a state lead, and whether the source is sure there.
fn successors<'p>(
    protocol: &'p Protocol,
    state: StateId,
    sure: bool,
    source: &Source,
) -> Vec<(&'p Step, usize, StateId, bool)> {
    let steps = protocol.steps().iter();
    let steps = steps.filter(|step| step.from().contains(&state));
    let taken = steps.flat_map(|step| {
        step.outcomes()
            .iter()
            .enumerate()
            .map(move |rule| (step, rule))
    });
    let taken = taken.map(|(step, (index, rule))| {
        let sure = sure_after(step, rule, source).unwrap_or(sure);
        (step, index + 1, rule.to(), sure)
    });
    taken.collect()
}

/// Whether the source is sure to be there after this rule was taken; nothing
/// if the rule changes nothing about it.
fn sure_after(taken: &Step, rule: &Outcome, source: &Source) -> Option<bool> {
    match source {
        Source::FlowHandle | Source::CorrelationId => Some(true),
        Source::FlowId => {
            let asked = taken.flow_id().is_some_and(|pointer| holds(rule, pointer));
            asked.then_some(true)
        }
        Source::Request { step, pointer } if *step == taken.id() => {
            Some(requires_and_remembers(taken, pointer))
        }
        Source::Response { step, pointer } if *step == taken.id() => Some(holds(rule, pointer)),
        Source::Request { .. } | Source::Response { .. } | Source::ThisResponse(_) => None,
    }
}

/// Whether an answer that the rule matches holds something at the pointer.
fn holds(rule: &Outcome, pointer: &Pointer) -> bool {
    let present = |(at, condition): &(Pointer, Condition)| {
        *condition != Condition::Absent && pointer.is_prefix_of(at)
    };
    rule.conditions().iter().any(present)
}

/// A required member is a string: it is there, and nothing lies below it.
fn requires_and_remembers(step: &Step, pointer: &Pointer) -> bool {
    let [member] = pointer.tokens() else {
        return false;
    };
    step.require().contains(member) && step.remember().contains(member)
}

fn told(protocol: &Protocol, nodes: &[Node<'_>], last: usize) -> String {
    let mut told = Vec::new();
    let mut at = nodes.get(last);
    while let Some(node) = at {
        told.push(format!("{:?}", protocol.state_name(node.state)));
        if let Some((_, step, rule)) = node.before {
            told.push(format!("({}, rule {rule})", step.name()));
        }
        at = node.before.and_then(|(before, ..)| nodes.get(before));
    }
    told.reverse();
    told.join(" → ").replace(") → ", ") ")
}

fn remedy(protocol: &Protocol, source: &Source) -> String {
    match source {
        Source::Request { step, pointer } => {
            let name = protocol.step_by_id(*step).name();
            let member = pointer.tokens().first().map_or("", String::as_str);
            format!(
                "Have every path pass through step {name:?} with {member:?} in both its `require` and its `remember`, refer to the member itself (a required member is a string), or move this to `default`"
            )
        }
        Source::Response { step, pointer } => {
            let name = protocol.step_by_id(*step).name();
            let pointer = pointer.to_string();
            format!(
                "Have every path pass through step {name:?} and name {pointer:?} in the `expect` or `when` of the rule taken there, or move this to `default`"
            )
        }
        Source::FlowId | Source::FlowHandle | Source::CorrelationId | Source::ThisResponse(_) => {
            "Have every path pass through a step with `flow_id`, or move this to `default`"
                .to_owned()
        }
    }
}
