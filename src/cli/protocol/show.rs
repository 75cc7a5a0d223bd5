//! `protocol show`: one protocol as tables. First where each answer leads, state by state; then
//! what each step takes from its caller, sends, and shows.

use integrator_core::json::Pointer;
use integrator_core::protocol::duration::spelled;
use integrator_core::protocol::{Outcome, Protocol, Source, StateId, Step, Unknown, words};

use crate::cli::table;

/// Longer answers are told on several lines.
const ANSWER_CHARS: usize = 44;

pub(super) fn text(protocol: &Protocol) -> String {
    let mut parts = vec![facts(protocol), ways(protocol)];
    parts.extend(protocol.steps().iter().map(|step| details(protocol, step)));
    parts.join("\n")
}

fn facts(protocol: &Protocol) -> String {
    let ends = |state: &StateId| protocol.is_terminal(*state);
    let (terminal, open): (Vec<_>, Vec<_>) = protocol.states().partition(ends);
    let names = |states: &[StateId]| {
        let names = states.iter().map(|state| protocol.state_name(*state));
        names.collect::<Vec<_>>().join(", ")
    };
    let rows = [
        ["protocol", protocol.name()].map(ToOwned::to_owned),
        ["title", protocol.title()].map(ToOwned::to_owned),
        ["digest", protocol.digest()].map(ToOwned::to_owned),
        ["backend", protocol.backend()].map(ToOwned::to_owned),
        ["ttl".to_owned(), spelled(protocol.ttl())],
        ["retention".to_owned(), spelled(protocol.retention())],
        ["open".to_owned(), names(&open)],
        ["ended".to_owned(), names(&terminal)],
    ];
    table::text(&rows)
}

/// One row for each way out of a state; what repeats the row above is left blank.
fn ways(protocol: &Protocol) -> String {
    let mut rows = vec![["STATE", "STEP", "ANSWER", "LEADS TO"].map(ToOwned::to_owned)];
    let open = protocol
        .states()
        .filter(|state| !protocol.is_terminal(*state));
    for state in open {
        let mut name = protocol.state_name(state).to_owned();
        for step in protocol.steps() {
            if step.from().contains(&state) {
                rows.extend(ways_by(protocol, step, &mut name));
            }
        }
    }
    let always = [
        ["any open", "any", "2xx, no rule matches", "error"],
        ["", "", "any other status, no rule matches", "as it was"],
        ["", "", "none in time, none whole", "as it was"],
        ["", "-", "the deadline comes", "expired"],
    ];
    rows.extend(always.map(|row| row.map(ToOwned::to_owned)));
    table::text(&rows)
}

/// The rows of one step. `state` is told in the first row that has it.
fn ways_by(protocol: &Protocol, step: &Step, state: &mut String) -> Vec<[String; 4]> {
    let mut rows = Vec::new();
    let mut name = step.name().to_owned();
    for rule in step.outcomes() {
        let mut target = protocol.state_name(rule.to()).to_owned();
        for answer in answer(rule) {
            rows.push([
                std::mem::take(state),
                std::mem::take(&mut name),
                answer,
                std::mem::take(&mut target),
            ]);
        }
    }
    rows
}

/// What a rule asks for, on as many lines as it needs.
fn answer(rule: &Outcome) -> Vec<String> {
    let asked = words::asks(rule);
    let line = asked.join(", ");
    if line.chars().count() <= ANSWER_CHARS {
        return vec![line];
    }
    let last = asked.len().saturating_sub(1);
    let lines = asked.into_iter().enumerate();
    lines
        .map(|(at, line)| if at < last { format!("{line},") } else { line })
        .collect()
}

fn details(protocol: &Protocol, step: &Step) -> String {
    let mut rows: Vec<[String; 2]> = Vec::new();
    let mut row = |name: &str, text: String| {
        if !text.is_empty() {
            rows.push([format!("  {name}"), text]);
        }
    };
    row("call", call(step));
    row("asked by", callers(step));
    row("require", step.require().join(", "));
    row("headers", step.headers().join(", "));
    row("remember", step.remember().join(", "));
    for (name, table) in [
        ("attach", step.attach()),
        ("default", step.default()),
        ("reply", step.reply()),
    ] {
        let mut name = name;
        for (member, source) in table {
            row(std::mem::take(&mut name), from(protocol, member, source));
        }
    }
    let in_answer =
        |pointer: &Pointer| words::source(protocol, &Source::ThisResponse(pointer.clone()));
    row(
        "flow_id",
        step.flow_id().map(&in_answer).unwrap_or_default(),
    );
    let expires = step.expires_at().map(in_answer);
    row("expires_at", expires.unwrap_or_default());
    row("again", again(protocol, step).to_owned());
    format!("{}\n{}", step.name(), table::text(&rows))
}

fn call(step: &Step) -> String {
    let carried = match step.sends().body() {
        Some(body) => format!("{body} body"),
        None => "members as query".to_owned(),
    };
    let method = step.method().as_str();
    format!("{method} {}, {carried}", step.path().text())
}

fn callers(step: &Step) -> String {
    let Some(pointer) = step.callback() else {
        return String::new();
    };
    let pointer = words::pointer(pointer);
    format!("whoever has the handle, or a callback with the flowID at {pointer}")
}

fn from(protocol: &Protocol, member: &str, source: &Source) -> String {
    format!("{member} = {}", words::source(protocol, source))
}

/// What becomes of a second request.
fn again(protocol: &Protocol, step: &Step) -> &'static str {
    let held = step.unknown() == Unknown::Hold;
    match (step.repeatable(), held) {
        _ if step.id() == protocol.start().id() && !held => {
            "the same Idempotency-Key is replayed; without one, a start that gets no answer leaves no flow"
        }
        (false, false) => "the same request is replayed; after a lost answer it calls again",
        (true, false) => "the same request calls again (repeatable)",
        (false, true) => "the same request is replayed; after a lost answer the step is held",
        (true, true) => {
            "the same request calls again (repeatable); after a lost answer the step is held"
        }
    }
}
