//! Definitions of the greatest size that is allowed: 64 steps, 64 states, and rules up to the last
//! byte or nearly.

use std::fmt::Write as _;

/// Bytes of a definition.
const BYTES_MAX: usize = 256 * 1024;
/// Steps of a definition, and states.
const STEPS_MAX: usize = 64;
const STATES_MAX: usize = 64;
/// Rules of a step.
const RULES_MAX: usize = 32;
/// Bytes of a rule around what it compares with, at most.
const RULE_FRAME: usize = 40;
/// Bytes of a step around its rules, at most.
const STEP_FRAME: usize = 96;

const APP_ATTEST: &str = include_str!("../../config/protocols/app-attest.toml");

/// A large definition that no flow runs.
pub(crate) fn other(number: usize) -> String {
    let head = format!(
        r#"protocol = "other-{number}"
title    = "Other"
backend  = "default"
ttl      = "5m"
initial  = "created"
terminal = []

[steps.start]
from     = ["created"]
call     = "POST /other"
outcomes = [{{ to = "begun" }}]
"#
    );
    let room = BYTES_MAX - head.len();
    // It has one step already, and the states created, begun, expired and error.
    head + &padding("begun", STEPS_MAX - 1, STATES_MAX - 4, room)
}

/// App Attest with steps beside its own that no flow of it takes, in the midst of them.
pub(crate) fn app_attest() -> String {
    let next = "[steps.client-data-hash]";
    let place = APP_ATTEST.find(next).expect("App Attest has this step");
    let (before, after) = APP_ATTEST.split_at(place);
    let room = BYTES_MAX - APP_ATTEST.len();
    // It has three steps already, and five states besides expired and error.
    let padding = padding("registered", STEPS_MAX - 3, STATES_MAX - 7, room);
    format!("{before}{padding}{after}")
}

/// Steps that lead from a state through new ones, and round and round among them.
fn padding(entry: &str, steps: usize, states: usize, room: usize) -> String {
    let rules = RULES_MAX - 1;
    let compared = "x".repeat((room / steps - STEP_FRAME) / rules - RULE_FRAME);
    let mut text = String::with_capacity(room);
    for step in 0..steps {
        let from = match step {
            0 => entry.to_owned(),
            _ => format!("p{}", (step - 1).min(states - 1)),
        };
        let to = step % states;
        let written = write!(
            text,
            "[steps.pad-{step}]\nfrom = [\"{from}\"]\ncall = \"POST /pad\"\noutcomes = [\n"
        );
        written.expect("a string takes text");
        for rule in 0..rules {
            let rule = writeln!(
                text,
                "{{ to = \"p{to}\", when = {{ \"/v\" = \"{rule:02}{compared}\" }} }},"
            );
            rule.expect("a string takes text");
        }
        text.push_str(&format!("{{ to = \"p{to}\" }},\n]\n\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_as_large_as_allowed_and_no_larger() {
        for text in [other(0), other(254), app_attest()] {
            assert_eq!(text.matches("\n[steps.").count(), STEPS_MAX);
            assert!(text.len() <= BYTES_MAX, "{}", text.len());
            assert!(text.len() > BYTES_MAX * 9 / 10, "{}", text.len());
        }
    }
}
