//! What people are shown of a protocol: its pictures, and its rules in words.

#![expect(
    clippy::panic,
    reason = "a test ends at the first thing that is not as it must be"
)]

use integrator_core::protocol::{Protocol, compile, graph, words};

/// A protocol with these rules for its second step.
fn with_rules(rules: &str) -> Protocol {
    let text = format!(
        r#"
protocol = "example"
title = "Example"
backend = "default"
ttl = "5m"
initial = "created"
terminal = ["done"]

[steps.start]
from = ["created"]
call = "POST /begin"
outcomes = [{{ to = "begun", expect = ["/id"] }}]

[steps.look]
from = ["begun"]
call = "POST /look"
repeatable = true
outcomes = [{rules}]
"#
    );
    compile("example.toml", &text, "digest")
        .unwrap_or_else(|problems| panic!("{problems:?}"))
        .protocol
}

/// The lines of a picture that are ways out of the second state.
fn ways(picture: &str) -> Vec<&str> {
    let lines = picture.lines().map(str::trim);
    lines.filter(|line| line.starts_with("s1 -")).collect()
}

#[test]
fn a_step_with_one_way_out_is_drawn_by_its_name_alone() {
    let protocol = with_rules(r#"{ to = "done", when = { "/ok" = true } }"#);
    assert_eq!(ways(&graph::mermaid(&protocol)), ["s1 --> s2 : look"]);
    assert_eq!(ways(&graph::dot(&protocol)), ["s1 -> s2 [label=\"look\"];"]);
}

#[test]
fn ways_of_one_step_are_told_apart_by_the_answers_that_lead_them() {
    let protocol = with_rules(
        r#"{ to = "begun", when = { "/state" = "open", "/n" = 1_0.50 } },
           { to = "done", status = 201, expect = ["/id"] }, { to = "done", status = "4xx", when = { "/x" = { absent = true } } },
           { to = "error", expect = ["/id"] }"#,
    );
    assert_eq!(
        ways(&graph::mermaid(&protocol)),
        [
            r#"s1 --> s1 : look [/state = "open", /n = 10.5]"#,
            "s1 --> s2 : look [201 or 4xx, no /x]",
            "s1 --> s4 : look [2xx]",
        ]
    );
}

#[test]
fn whatever_a_rule_compares_with_ends_no_label() {
    let protocol = with_rules(
        r##"{ to = "begun", when = { "/a_b" = "c:d;e#f<b>\"\\n\n_g_*h*%%{i}" } }, { to = "done" }"##,
    );
    insta::assert_snapshot!(ways(&graph::mermaid(&protocol)).join("\n"), @r##"
    s1 --> s1 : look [/a_b = "c#58;d#59;e#35;f#60;b#62;#92;"#92;#92;n#92;n_g#95;#42;h#42;#37;#37;{i}"]
    s1 --> s2 : look [2xx]
    "##);
    insta::assert_snapshot!(ways(&graph::dot(&protocol)).join("\n"), @r##"
    s1 -> s1 [label="look [/a_b = \"c:d;e#f<b>\\\"\\\\n\\n_g_*h*%%{i}\"]"];
    s1 -> s2 [label="look [2xx]"];
    "##);
}

#[test]
fn a_long_label_is_cut() {
    let long = "x".repeat(1000);
    let rules = format!(r#"{{ to = "begun", when = {{ "/a" = "{long}" }} }}, {{ to = "done" }}"#);
    let picture = graph::mermaid(&with_rules(&rules));
    let longest = picture.lines().map(|line| line.chars().count()).max();
    assert!(longest.unwrap() < 140, "{picture}");
}

#[test]
fn a_rule_in_words_tells_its_status_and_every_place_that_it_asks_for() {
    let protocol = with_rules(
        r#"{ to = "begun", status = 202 },
           { to = "done", when = { "" = { null = true } } },
           { to = "done", expect = ["/id"], when = { "/a" = false, "/b" = { absent = true }, "/c" = 1e400 } }"#,
    );
    let step = protocol.step("look").unwrap();
    let told: Vec<_> = step.outcomes().iter().map(words::asks).collect();
    let whole = ["2xx", "the whole answer = null"];
    let third = ["2xx", "/a = false", "no /b", "/c = 1e400", "/id is text"];
    assert_eq!(told, [vec!["202"], whole.to_vec(), third.to_vec()]);
}
