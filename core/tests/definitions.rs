//! The definitions in `tests/protocols`: every good one loads, and of every bad
//! one the complete messages are on record.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends at the first thing that is not as it must be"
)]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use integrator_core::protocol::{Compiled, Protocol, Step, compile, graph};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The definitions of a folder: file name and text, in the order of the names.
fn definitions(folder: &str) -> Vec<(String, String)> {
    let entries = fs::read_dir(workspace().join(folder)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "toml")
    });
    files.sort();
    let named = files.iter().map(|file| {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(file).unwrap())
    });
    named.collect()
}

fn compiled(file: &str, text: &str) -> Compiled {
    compile(file, text, "digest").unwrap_or_else(|problems| {
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{file} does not load:\n{}", told.join("\n"))
    })
}

fn app_attest() -> Protocol {
    let text = fs::read_to_string(workspace().join("config/protocols/app-attest.toml")).unwrap();
    let compiled = compiled("app-attest.toml", &text);
    assert_eq!(compiled.warnings, []);
    compiled.protocol
}

#[test]
fn every_bad_definition_is_refused_with_these_messages() {
    let bad = definitions("tests/protocols/bad");
    assert!(bad.len() >= 30, "{}", bad.len());
    for (file, text) in bad {
        let problems = compile(&file, &text, "digest").expect_err(&file);
        let mut told = String::new();
        for problem in problems {
            writeln!(told, "{problem}").unwrap();
        }
        let name = file.trim_end_matches(".toml").to_owned();
        insta::assert_snapshot!(name, told);
    }
}

#[test]
fn every_good_definition_loads_with_these_warnings() {
    let good = definitions("tests/protocols/good");
    assert!(good.len() >= 5, "{}", good.len());
    let mut told = String::new();
    for (file, text) in good {
        for warning in compiled(&file, &text).warnings {
            writeln!(told, "{warning}").unwrap();
        }
    }
    insta::assert_snapshot!("good-warnings", told);
}

#[test]
fn the_diagram_in_the_documents_is_the_one_that_is_drawn() {
    let drawn = format!("```mermaid\n{}```", graph::mermaid(&app_attest()));
    for page in ["docs/PROTOCOLS.md", "CONTROL_MODEL.md"] {
        let text = fs::read_to_string(workspace().join(page)).unwrap();
        assert!(text.contains(&drawn), "{page} must hold:\n{drawn}");
    }
}

#[test]
fn the_messages_in_the_document_are_the_ones_that_are_told() {
    let page = fs::read_to_string(workspace().join("docs/PROTOCOLS.md")).unwrap();
    let quoted: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("    ") && line.contains(".toml:"))
        .collect();
    assert!(quoted.len() >= 5, "{quoted:?}");
    let mut told = String::new();
    for (file, text) in definitions("tests/protocols/bad") {
        for problem in compile(&file, &text, "digest").unwrap_err() {
            writeln!(told, "    {problem}").unwrap();
        }
    }
    for line in quoted {
        assert!(
            told.contains(line),
            "no bad definition is refused with: {line}"
        );
    }
}

#[test]
fn the_first_definition_in_the_document_loads() {
    let page = fs::read_to_string(workspace().join("docs/PROTOCOLS.md")).unwrap();
    let (_, after) = page.split_once("```toml\n").unwrap();
    let (text, _) = after.split_once("```").unwrap();
    assert_eq!(compiled("order.toml", text).warnings, []);
}

#[test]
fn app_attest_is_drawn_as_dot() {
    insta::assert_snapshot!("app-attest-dot", graph::dot(&app_attest()));
}

#[test]
fn app_attest_compiles_to_what_its_file_says() {
    let protocol = app_attest();
    assert_eq!(protocol.name(), "app-attest");
    assert_eq!(protocol.title(), "Apple App Attest");
    assert_eq!(protocol.backend(), "default");
    assert_eq!(protocol.ttl().as_secs(), 300);
    assert_eq!(protocol.retention().as_secs(), 900);
    let states: Vec<_> = protocol
        .states()
        .map(|state| (protocol.state_name(state), protocol.is_terminal(state)))
        .collect();
    let expected = [
        ("created", false),
        ("registered", false),
        ("hash_issued", false),
        ("verified", true),
        ("rejected", true),
        ("expired", true),
        ("error", true),
    ];
    assert_eq!(states, expected);
    let allowed = |state| {
        let state = protocol.state(state).unwrap();
        let steps = protocol.allowed_steps(state);
        steps.map(|step| step.name().to_owned()).collect::<Vec<_>>()
    };
    assert!(allowed("created").is_empty());
    assert_eq!(allowed("registered"), ["client-data-hash"]);
    assert_eq!(allowed("hash_issued"), ["assert"]);
    assert!(allowed("verified").is_empty());
    let hash = protocol.step("client-data-hash").unwrap();
    let keep: Vec<String> = hash.keep().iter().map(ToString::to_string).collect();
    assert_eq!(keep, ["/clientDataHash_base64"]);
    assert_eq!(protocol.start().path().text(), "/app-attest/register");
}

#[test]
fn every_state_and_step_is_found_by_its_name_and_nothing_else_is() {
    for (file, text) in definitions("tests/protocols/good") {
        let protocol = compiled(&file, &text).protocol;
        for state in protocol.states() {
            assert_eq!(protocol.state(protocol.state_name(state)), Some(state));
        }
        for step in protocol.steps() {
            let found = protocol.step(step.name()).map(Step::id);
            assert_eq!(found, Some(step.id()), "{file}");
        }
        assert_eq!(protocol.state("nowhere"), None);
        assert!(protocol.step("nothing").is_none());
    }
}
