//! A protocol as a picture: Mermaid and Graphviz DOT.
//!
//! The text depends on the protocol alone. Names of states and steps have only
//! letters, digits, hyphens and underscores, so nothing needs escaping.

use std::fmt::Write;

use super::step::Step;
use super::table::{Protocol, StateId};

/// The protocol as a Mermaid state diagram.
///
/// `expired` and `error` are drawn apart, without the arrow that every open
/// state has to each of them.
#[must_use]
pub fn mermaid(protocol: &Protocol) -> String {
    let mut lines = vec!["stateDiagram-v2".to_owned()];
    for state in protocol.states() {
        let (name, number) = (protocol.state_name(state), state.index());
        lines.push(format!("    state \"{name}\" as s{number}"));
    }
    lines.push(format!("    [*] --> s{}", protocol.initial().index()));
    for (from, to, step) in edges(protocol) {
        let (from, to) = (from.index(), to.index());
        lines.push(format!("    s{from} --> s{to} : {step}"));
    }
    for state in protocol
        .states()
        .filter(|state| protocol.is_terminal(*state))
    {
        lines.push(format!("    s{} --> [*]", state.index()));
    }
    for (state, when) in from_anywhere(protocol) {
        lines.push(format!("    note right of s{} : {when}", state.index()));
    }
    joined(&lines)
}

/// The protocol as a Graphviz DOT digraph.
///
/// `expired` and `error` are drawn apart, without the arrow that every open
/// state has to each of them.
#[must_use]
pub fn dot(protocol: &Protocol) -> String {
    let mut lines = vec![format!("digraph \"{}\" {{", protocol.name())];
    lines.push("    rankdir=LR;".to_owned());
    lines.push("    node [shape=box, style=rounded];".to_owned());
    for state in protocol.states() {
        let (name, number) = (protocol.state_name(state), state.index());
        let mut label = name.to_owned();
        for (_, when) in from_anywhere(protocol)
            .iter()
            .filter(|(of, _)| *of == state)
        {
            let _ = write!(label, "\\n({when})");
        }
        let peripheries = if protocol.is_terminal(state) { 2 } else { 1 };
        lines.push(format!(
            "    s{number} [label=\"{label}\", peripheries={peripheries}];"
        ));
    }
    for (from, to, step) in edges(protocol) {
        let (from, to) = (from.index(), to.index());
        lines.push(format!("    s{from} -> s{to} [label=\"{step}\"];"));
    }
    lines.push("}".to_owned());
    joined(&lines)
}

/// Each way from state to state by a step, once, in definition order.
fn edges(protocol: &Protocol) -> Vec<(StateId, StateId, &str)> {
    let mut edges = Vec::new();
    for step in protocol.steps() {
        for (from, to) in moves(step) {
            let edge = (from, to, step.name());
            if !edges.contains(&edge) {
                edges.push(edge);
            }
        }
    }
    edges
}

fn moves(step: &Step) -> impl Iterator<Item = (StateId, StateId)> {
    let from = step.from().iter();
    from.flat_map(|from| step.outcomes().iter().map(|rule| (*from, rule.to())))
}

/// The states that are reached from every open state, and when.
fn from_anywhere(protocol: &Protocol) -> [(StateId, &'static str); 2] {
    [
        (protocol.expired(), "from any open state, at its deadline"),
        (
            protocol.error(),
            "from any open state, by an answer that cannot be placed",
        ),
    ]
}

fn joined(lines: &[String]) -> String {
    let mut text = lines.join("\n");
    text.push('\n');
    text
}
