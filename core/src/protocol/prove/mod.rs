//! The laws of the graph: what loading a definition proves.
//!
//! Every state can be reached, every non-terminal one has a step out of it and
//! no terminal one has, every rule can be taken, and every attached source is
//! there on every path that leads to its step. What a proof refuses, it refuses
//! with the state, the step and the path in question.

mod available;
mod never;
mod odd;
mod shadow;

use super::definition::{Definition, Place, StepDefinition};
use super::name::{did_you_mean, listed};
use super::problem::Problems;
use super::step::Step;
use super::table::{Protocol, StateId};

/// Proves a compiled protocol, whose definition tells the places.
///
/// `mentions` is where each state is first named.
pub(super) fn prove(
    protocol: &Protocol,
    definition: &Definition,
    mentions: &[Place],
    problems: &mut Problems<'_>,
) {
    let steps: Vec<(&Step, &StepDefinition)> =
        protocol.steps().iter().zip(&definition.steps).collect();
    terminal_states_are_final(protocol, &steps, problems);
    every_state_is_reached(protocol, mentions, problems);
    no_state_is_a_dead_end(protocol, mentions, problems);
    for (step, definition) in &steps {
        shadow::every_rule_can_be_taken(protocol, step, definition, problems);
        available::attached_sources_are_there(protocol, step, definition, problems);
        available::sources_in_paths_are_there(protocol, step, definition, problems);
    }
    odd::tell(protocol, &steps, problems);
    never::tell(protocol, &steps, problems);
}

fn terminal_states_are_final(
    protocol: &Protocol,
    steps: &[(&Step, &StepDefinition)],
    problems: &mut Problems<'_>,
) {
    for (step, definition) in steps {
        for name in definition.from.iter().flat_map(|from| &from.value) {
            let state = protocol.state(&name.value);
            if state.is_some_and(|state| protocol.is_terminal(state)) {
                let message = format!(
                    "state {:?} is terminal, and no step leads out of it; take it out of this `from` (step {:?}), or out of `terminal`",
                    name.value,
                    step.name()
                );
                problems.wrong(&name.place, message);
            }
        }
    }
}

fn every_state_is_reached(protocol: &Protocol, mentions: &[Place], problems: &mut Problems<'_>) {
    let reached = reached(protocol);
    for (state, mention) in protocol.states().zip(mentions) {
        let always = state == protocol.expired() || state == protocol.error();
        if always || reached.contains(&state) {
            continue;
        }
        let name = protocol.state_name(state);
        let leads_there = protocol.steps().iter().any(|step| leads_to(step, state));
        let message = if leads_there {
            let leading = protocol.steps().iter().filter(|step| leads_to(step, state));
            format!(
                "state {name:?} is unreachable: what leads to it (step {}) starts in states that are unreachable themselves. Lead there first",
                listed(leading.map(Step::name))
            )
        } else {
            let meant = did_you_mean(name, targets(protocol).map(|to| protocol.state_name(to)));
            format!(
                "state {name:?} is unreachable: no outcome leads to it.{meant} Name it in the `to` of an outcome, or nowhere"
            )
        };
        problems.wrong(mention, message);
    }
}

/// The states that some run of the protocol can be in.
fn reached(protocol: &Protocol) -> Vec<StateId> {
    let mut reached = vec![protocol.initial()];
    let mut next = 0;
    while let Some(state) = reached.get(next).copied() {
        next += 1;
        let steps = protocol.steps().iter();
        let steps = steps.filter(|step| step.from().contains(&state));
        for rule in steps.flat_map(Step::outcomes) {
            if !reached.contains(&rule.to()) {
                reached.push(rule.to());
            }
        }
    }
    reached
}

fn leads_to(step: &Step, state: StateId) -> bool {
    step.outcomes().iter().any(|rule| rule.to() == state)
}

fn targets(protocol: &Protocol) -> impl Iterator<Item = StateId> {
    let rules = protocol.steps().iter().flat_map(Step::outcomes);
    rules.map(super::outcome::Outcome::to)
}

fn no_state_is_a_dead_end(protocol: &Protocol, mentions: &[Place], problems: &mut Problems<'_>) {
    let starts = |state| {
        protocol
            .steps()
            .iter()
            .any(|step| step.from().contains(&state))
    };
    for (state, mention) in protocol.states().zip(mentions) {
        if protocol.is_terminal(state) || starts(state) {
            continue;
        }
        let name = protocol.state_name(state);
        let others = protocol.states().filter(|other| *other != state);
        let meant = did_you_mean(name, others.map(|other| protocol.state_name(other)));
        let message = format!(
            "state {name:?} is a dead end: no step starts in it and it is not terminal.{meant} Name it in the `from` of a step, or in `terminal`"
        );
        problems.wrong(mention, message);
    }
}
