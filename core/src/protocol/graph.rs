//! A protocol as a picture: Mermaid and Graphviz DOT.
//!
//! The text depends on the protocol alone. Names of states and steps have only
//! letters, digits, hyphens and underscores; what rules compare with may hold
//! anything, and is escaped.

use std::fmt::Write;

use super::outcome::{Condition, Outcome, StatusSet};
use super::step::Step;
use super::table::{Protocol, StateId};
use super::words;

/// A label tells at most so many characters of the answers that lead its way.
const GUARD_CHARS_MAX: usize = 100;

/// A way from state to state by a step: the rules that lead it.
struct Edge<'p> {
    from: StateId,
    to: StateId,
    step: &'p Step,
    rules: Vec<&'p Outcome>,
}

/// The protocol as a Mermaid state diagram.
///
/// Where a step leads to more than one state, its label tells by which answers.
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
    for edge in edges(protocol) {
        let (from, to) = (edge.from.index(), edge.to.index());
        let label = mermaid_text(&edge.label());
        lines.push(format!("    s{from} --> s{to} : {label}"));
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
/// Where a step leads to more than one state, its label tells by which answers.
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
    for edge in edges(protocol) {
        let (from, to) = (edge.from.index(), edge.to.index());
        let label = dot_text(&edge.label());
        lines.push(format!("    s{from} -> s{to} [label=\"{label}\"];"));
    }
    lines.push("}".to_owned());
    joined(&lines)
}

/// Each way from state to state by a step, once, in definition order.
fn edges(protocol: &Protocol) -> Vec<Edge<'_>> {
    let mut edges: Vec<Edge<'_>> = Vec::new();
    for step in protocol.steps() {
        for (from, rule) in moves(step) {
            let to = rule.to();
            let known = edges
                .iter_mut()
                .find(|edge| (edge.from, edge.to, edge.step.id()) == (from, to, step.id()));
            match known {
                Some(edge) => edge.rules.push(rule),
                None => edges.push(Edge {
                    from,
                    to,
                    step,
                    rules: vec![rule],
                }),
            }
        }
    }
    edges
}

fn moves(step: &Step) -> impl Iterator<Item = (StateId, &Outcome)> {
    let from = step.from().iter();
    from.flat_map(|from| step.outcomes().iter().map(|rule| (*from, rule)))
}

impl Edge<'_> {
    /// The step, and by which answers it goes this way where it has others.
    fn label(&self) -> String {
        let name = self.step.name();
        let mut targets = self.step.outcomes().iter().map(Outcome::to);
        if targets.all(|to| to == self.to) {
            return name.to_owned();
        }
        let mut guards: Vec<String> = self.rules.iter().map(|rule| guard(rule)).collect();
        guards.dedup();
        format!("{name} [{}]", cut(&guards.join(" or ")))
    }
}

/// What sets a rule apart. What `expect` asks for only says that an answer is
/// whole, and 2xx is what answers are.
fn guard(rule: &Outcome) -> String {
    let conditions = rule.conditions().iter();
    let mut parts: Vec<String> = conditions
        .filter(|(_, condition)| *condition != Condition::NonEmptyString)
        .map(|(pointer, condition)| words::asked(pointer, condition))
        .collect();
    if rule.status() != StatusSet::Class(2) || parts.is_empty() {
        parts.insert(0, rule.status().to_string());
    }
    parts.join(", ")
}

fn cut(text: &str) -> String {
    if text.chars().count() <= GUARD_CHARS_MAX {
        return text.to_owned();
    }
    let mut shown: String = text.chars().take(GUARD_CHARS_MAX - 1).collect();
    shown.push('…');
    shown
}

/// A label's text. Mermaid ends one at a colon or semicolon, reads HTML and
/// Markdown in it, and takes `#…;` for a character.
fn mermaid_text(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let is_word = |at: Option<usize>| {
        let character = at.and_then(|at| characters.get(at));
        character.is_some_and(|character| character.is_alphanumeric())
    };
    let mut escaped = String::with_capacity(text.len());
    for (at, character) in characters.iter().enumerate() {
        // An underscore inside a word begins no emphasis.
        let inside = is_word(at.checked_sub(1)) && is_word(Some(at + 1));
        let special = "#;:%<>&*`\\~".contains(*character) || (*character == '_' && !inside);
        if special {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "#{};", u32::from(*character));
        } else {
            escaped.push(*character);
        }
    }
    escaped
}

/// A quoted string's text: only the quote and the backslash mean something.
fn dot_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
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
