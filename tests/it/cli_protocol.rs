//! The tools of whoever writes a definition, as a process: what they print and the exit code.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot arrange what it needs fails"
)]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use integrator_core::protocol::compile;
use tempfile::TempDir;

use crate::cli::{folder, run, told};

/// A folder whose configuration cannot be used.
fn misconfigured() -> TempDir {
    let directory = folder();
    fs::create_dir(directory.path().join("config")).expect("a folder");
    write(&directory, "config/integrator.toml", "[flows]\nmax = 0\n");
    directory
}

fn write(directory: &TempDir, file: &str, text: &str) {
    fs::write(directory.path().join(file), text).expect("written");
}

/// A fixture of this repository.
fn fixture(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/protocols")
        .join(file);
    fs::read_to_string(path).expect("a fixture")
}

/// What a command that succeeds prints.
fn printed(directory: &TempDir, arguments: &[&str]) -> String {
    let output = run(directory, arguments, &[]);
    assert!(output.status.success(), "{}", told(&output));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn good_definitions_are_checked_without_a_configuration_and_told_with_what_is_odd() {
    let directory = misconfigured();
    write(&directory, "plain.toml", &fixture("good/plain.toml"));
    write(&directory, "odd.toml", &fixture("good/odd.toml"));
    let output = run(
        &directory,
        &["protocol", "check", "plain.toml", "odd.toml"],
        &[],
    );
    insta::assert_snapshot!(told(&output));
}

#[test]
fn every_problem_of_every_file_is_told_at_once() {
    let directory = folder();
    write(&directory, "title.toml", &fixture("bad/title.toml"));
    write(&directory, "plain.toml", &fixture("good/plain.toml"));
    write(
        &directory,
        "missing-keys.toml",
        &fixture("bad/missing-keys.toml"),
    );
    let files = ["title.toml", "plain.toml", "missing-keys.toml", "none.toml"];
    let output = run(
        &directory,
        &[&["protocol", "check"], &files[..]].concat(),
        &[],
    );
    insta::assert_snapshot!(told(&output));
}

#[test]
fn a_definition_is_read_from_standard_input() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_appattest-integrator"))
        .args(["protocol", "check", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut stdin = child.stdin.take().expect("its input");
    stdin
        .write_all(fixture("good/plain.toml").as_bytes())
        .expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(
        told(&output),
        "exit Some(0)\nok example: 6 states, 2 steps\n---\n"
    );
}

#[test]
fn a_definition_in_a_file_is_shown_and_drawn_without_a_configuration() {
    let directory = misconfigured();
    write(
        &directory,
        "every-part.toml",
        &fixture("good/every-part.toml"),
    );
    let shown = printed(&directory, &["protocol", "show", "every-part.toml"]);
    let without_digest: Vec<&str> = shown
        .lines()
        .filter(|line| !line.starts_with("digest"))
        .collect();
    insta::assert_snapshot!("shown", without_digest.join("\n"));
    let drawn = printed(&directory, &["protocol", "graph", "./every-part.toml"]);
    insta::assert_snapshot!("drawn", drawn);
}

#[test]
fn a_protocol_by_name_needs_the_configuration() {
    let output = run(&misconfigured(), &["protocol", "show", "app-attest"], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("flows.max"), "{}", told(&output));
}

#[test]
fn the_starter_loads_without_a_warning_and_its_scenario_shows_every_rule() {
    let directory = misconfigured();
    let definition = printed(&directory, &["protocol", "new", "gift-card"]);
    write(&directory, "gift-card.toml", &definition);
    let scenario = printed(&directory, &["protocol", "new", "gift-card", "--scenario"]);
    write(&directory, "scenario.toml", &scenario);
    let checked = printed(&directory, &["protocol", "check", "gift-card.toml"]);
    assert_eq!(checked, "ok gift-card: 6 states, 2 steps\n");
    let tried = printed(
        &directory,
        &["protocol", "try", "gift-card.toml", "scenario.toml"],
    );
    assert!(
        tried.ends_with("\n\n5 runs, 11 requests: all as expected\n"),
        "{tried}"
    );
}

#[test]
fn every_alternative_in_the_starters_comments_is_grammar() {
    let starter = printed(&folder(), &["protocol", "new", "gift-card"]);
    let lines: Vec<&str> = starter.lines().collect();
    let mut tried = 0;
    for (number, line) in lines.iter().enumerate() {
        let Some(alternative) = line.trim_start().strip_prefix("# ") else {
            continue;
        };
        let key = alternative.split_once(" =").map(|(key, _)| key.trim());
        let is_key = |key: &str| {
            key.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        };
        if !alternative.starts_with('{') && !key.is_some_and(is_key) {
            continue;
        }
        let mut text = String::new();
        for (other, line) in lines.iter().enumerate() {
            let said = line.split_once(" =").map(|(said, _)| said.trim());
            // What stands in the same table under the same key gives way.
            let gives_way = said == key && key == Some("call") && other.abs_diff(number) < 5;
            let line = if other == number { alternative } else { line };
            if other == number || !gives_way {
                text.push_str(line);
                text.push('\n');
            }
        }
        tried += 1;
        let problems = compile("starter.toml", &text, "").err();
        assert_eq!(problems, None, "{alternative}");
    }
    assert_eq!(tried, 9);
}

#[test]
fn a_starter_takes_a_title_and_refuses_what_is_no_name() {
    let directory = folder();
    let titled = ["protocol", "new", "a", "--title", "\"Gift\" \\ card"];
    let definition = printed(&directory, &titled);
    let compiled = compile("a.toml", &definition, "").expect("it loads");
    assert_eq!(compiled.protocol.title(), "\"Gift\" \\ card");
    let refused = run(&directory, &["protocol", "new", "Gift Card"], &[]);
    assert_eq!(
        told(&refused),
        "exit Some(2)\n---\nprotocol: \"Gift Card\" is no protocol name; a name is [a-z][a-z0-9-]{0,39}\n"
    );
}

#[test]
fn a_run_that_differs_is_told_and_exits_1() {
    let directory = folder();
    let definition = printed(&directory, &["protocol", "new", "gift-card"]);
    write(&directory, "gift-card.toml", &definition);
    let scenario = r#"
[[run]]
title = "An order is opened"
[[run.request]]
step   = "start"
body   = { item = "A-17" }
answer = { body = { orderID = "o-1" } }
expect = { state = "done", call = "POST /order", sent = { item = "B", note = 1 }, members = { item = "B" } }
"#;
    write(&directory, "scenario.toml", scenario);
    let output = run(
        &directory,
        &["protocol", "try", "gift-card.toml", "scenario.toml"],
        &[],
    );
    insta::assert_snapshot!(told(&output));
}

#[test]
fn a_scenario_that_cannot_be_played_is_told_whole_and_exits_2() {
    let directory = folder();
    let scenario = r#"
run_count = 1
[[run]]
titel = "x"
[[run.request]]
step = "strat"
body = { a = 1 }
json = "{}"
[[run.request]]
stpe = "start"
[[run.request]]
step = "start"
after = "5 m"
callback = true
headers = { "a b" = "c" }
json = "{"
answer = "late"
expect = { state = "opn", code = "nope", sent = { a = 2020-01-01 } }
[[run.request]]
answer = { status = 99 }
"#;
    write(&directory, "scenario.toml", scenario);
    let output = run(
        &directory,
        &["protocol", "try", "app-attest", "scenario.toml"],
        &[],
    );
    insta::assert_snapshot!(told(&output));
}
