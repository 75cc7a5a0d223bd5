//! Every source in an `attach` or in the path of a call is there on every path that leads to its
//! step.
//!
//! For one source, the question is one bit: is it sure to be there? An outcome
//! taken makes the bit true (it asks for the pointer, the step requires and
//! remembers the member, the answer gives the flow's id), makes it false (it is
//! a newer answer of the same step that need not hold the pointer), or leaves
//! it. So the search walks pairs of state and bit; a source may be missing in a
//! state if the pair with the bit false is reached, and the way there is the
//! counterexample that the message shows.

use super::super::call_text::{self, PieceText};
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

/// The pairs of state and bit that are reached, nearest first.
struct Search<'p> {
    nodes: Vec<Node<'p>>,
    /// By state, then by the bit.
    seen: Vec<[bool; 2]>,
}

pub(super) fn attached_sources_are_there(
    protocol: &Protocol,
    step: &Step,
    definition: &StepDefinition,
    problems: &mut Problems<'_>,
) {
    for ((name, source), (_, text)) in step.attach().iter().zip(&definition.attach) {
        let use_of_it = format!("attaches {name:?}");
        let or = ", or move this to `default`, where callers may send their own in its place";
        if let Some(message) = missing(protocol, step, source, &text.value, &use_of_it, or) {
            problems.wrong(&text.place, message);
        }
    }
}

pub(super) fn sources_in_paths_are_there(
    protocol: &Protocol,
    step: &Step,
    definition: &StepDefinition,
    problems: &mut Problems<'_>,
) {
    let Some(call) = &definition.call else {
        return;
    };
    let texts = call_text::parse(&call.value).pieces.into_iter();
    let texts = texts.filter_map(|piece| match piece {
        PieceText::Source(text) => Some(text),
        PieceText::Written(_) => None,
    });
    for (source, text) in step.path().sources().zip(texts) {
        let use_of_it = "puts it into the path of its call";
        if let Some(message) = missing(protocol, step, source, text, use_of_it, "") {
            problems.wrong(&call.place, message);
        }
    }
}

/// The message about a source that may be missing where it is used; `or` is what else may be done.
fn missing(
    protocol: &Protocol,
    step: &Step,
    source: &Source,
    text: &str,
    use_of_it: &str,
    or: &str,
) -> Option<String> {
    if always_there(source) {
        return None;
    }
    let path = counterexample(protocol, step, source)?;
    if let Source::Request { step: of, .. } | Source::Response { step: of, .. } = source
        && *of == step.id()
    {
        return Some(format!(
            "{text:?} is what an earlier run of step {:?} leaves; its first run, on the path {path}, finds nothing when it {use_of_it}. A step's own request is no source for its call: callers send such a member in the body{or}",
            step.name()
        ));
    }
    Some(format!(
        "{text:?} may be missing when step {:?} {use_of_it}: nothing is sure to provide it on the path {path}. {}{or}",
        step.name(),
        remedy(protocol, source)
    ))
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
    let mut search = Search::of(protocol);
    let mut next = 0;
    while let Some(&Node { state, sure, .. }) = search.nodes.get(next) {
        if !sure && step.from().contains(&state) {
            return Some(told(protocol, &search.nodes, next));
        }
        let steps = protocol.steps().iter();
        for taken in steps.filter(|step| step.from().contains(&state)) {
            for (index, rule) in taken.outcomes().iter().enumerate() {
                let sure = sure_after(taken, rule, source).unwrap_or(sure);
                search.reach(rule.to(), sure, Some((next, taken, index + 1)));
            }
        }
        next += 1;
    }
    None
}

impl<'p> Search<'p> {
    fn of(protocol: &Protocol) -> Self {
        let mut search = Self {
            nodes: Vec::new(),
            seen: vec![[false; 2]; protocol.states().len()],
        };
        search.reach(protocol.initial(), false, None);
        search
    }

    /// Takes a pair of state and bit, the first time it is reached.
    fn reach(&mut self, state: StateId, sure: bool, before: Option<(usize, &'p Step, usize)>) {
        let seen = self.seen.get_mut(state.index());
        let seen = seen.and_then(|bits| bits.get_mut(usize::from(sure)));
        if seen.is_some_and(|seen| !core::mem::replace(seen, true)) {
            self.nodes.push(Node {
                state,
                sure,
                before,
            });
        }
    }
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
                "Have every path pass through step {name:?} with {member:?} in both its `require` and its `remember`, or refer to the member itself (a required member is a string)"
            )
        }
        Source::Response { step, pointer } => {
            let name = protocol.step_by_id(*step).name();
            let pointer = pointer.to_string();
            format!(
                "Have every path pass through step {name:?} and name {pointer:?} in the `expect` or `when` of the rule taken there"
            )
        }
        Source::FlowId | Source::FlowHandle | Source::CorrelationId | Source::ThisResponse(_) => {
            "Have every path pass through a step with `flow_id`".to_owned()
        }
    }
}
