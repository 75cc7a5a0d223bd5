//! The shipped definitions: each loads, has a scenario that shows all of its rules, and a page with
//! the picture that is drawn of it.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot arrange what it needs fails"
)]

use std::fs;
use std::path::{Path, PathBuf};

use appattest_integrator::rehearsal::{self, Rehearsal};
use integrator_core::protocol::{Compiled, Protocol, compile, graph};

pub(crate) const DEFINITIONS: &str = "config/protocols";
pub(crate) const SCENARIOS: &str = "config/protocols/scenarios";
const PAGES: &str = "docs/protocols";

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of a folder with this ending, by the names that they begin with.
pub(crate) fn names(folder: &str, ending: &str) -> Vec<String> {
    let entries = fs::read_dir(repository().join(folder)).expect(folder);
    let files = entries.map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = files
        .filter_map(|file| Some(file.to_str()?.strip_suffix(ending)?.to_owned()))
        .collect();
    names.sort();
    assert!(!names.is_empty(), "{folder} holds no {ending}");
    names
}

pub(crate) fn file(folder: &str, name: &str, ending: &str) -> (PathBuf, String) {
    let path = PathBuf::from(folder).join(format!("{name}{ending}"));
    let text = fs::read_to_string(repository().join(&path));
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    (path, text)
}

fn definition(name: &str) -> Compiled {
    let (path, text) = file(DEFINITIONS, name, ".toml");
    compile(&path.display().to_string(), &text, "digest")
        .unwrap_or_else(|problems| panic!("{problems:#?}"))
}

pub(crate) fn played(name: &str) -> (Protocol, Rehearsal) {
    let protocol = definition(name).protocol;
    let (path, text) = file(SCENARIOS, name, ".toml");
    let scenario = rehearsal::read(&path.display().to_string(), &text, &protocol);
    let scenario = scenario.unwrap_or_else(|problems| panic!("{problems}"));
    let rehearsal = rehearsal::play(&protocol, &scenario).expect("identifiers");
    (protocol, rehearsal)
}

#[test]
fn every_shipped_definition_is_named_as_its_file_and_loads_without_warnings() {
    for name in names(DEFINITIONS, ".toml") {
        let Compiled { protocol, warnings } = definition(&name);
        assert_eq!(protocol.name(), name);
        assert_eq!(protocol.backend(), "default", "{name} loads anywhere");
        assert_eq!(warnings, [], "{name}");
    }
}

#[test]
fn every_shipped_definition_has_a_scenario_and_every_scenario_a_definition() {
    assert_eq!(names(SCENARIOS, ".toml"), names(DEFINITIONS, ".toml"));
}

#[test]
fn every_shipped_definition_has_a_page_and_every_page_a_definition() {
    assert_eq!(names(PAGES, ".md"), names(DEFINITIONS, ".toml"));
}

#[test]
fn every_shipped_scenario_goes_as_it_says() {
    for name in names(SCENARIOS, ".toml") {
        let (protocol, rehearsal) = played(&name);
        let told = rehearsal::report(&rehearsal, &protocol);
        assert!(rehearsal.is_as_expected(), "{name}:\n{told}");
    }
}

#[test]
fn every_rule_of_a_shipped_definition_is_taken_in_its_scenario() {
    for name in names(SCENARIOS, ".toml") {
        let (protocol, rehearsal) = played(&name);
        let missing = rehearsal::rules(&rehearsal, &protocol);
        assert!(missing.is_empty(), "{name}: {missing:#?}");
    }
}

#[test]
fn every_page_holds_the_picture_that_is_drawn() {
    for name in names(PAGES, ".md") {
        let (path, page) = file(PAGES, &name, ".md");
        let drawn = graph::mermaid(&definition(&name).protocol);
        let block = format!("```mermaid\n{drawn}```");
        let path = path.display();
        assert!(page.contains(&block), "{path} must hold:\n{block}");
    }
}

#[test]
fn the_scenario_in_the_document_goes_as_it_says() {
    let protocol = definition("app-attest").protocol;
    let page = fs::read_to_string(repository().join("docs/PROTOCOLS.md")).expect("the page");
    let (_, reference) = page.split_once("### Scenarios").expect("a reference");
    let after = reference.split_once("```toml\n[[run]]");
    let (_, after) = after.expect("a scenario");
    let (text, _) = after.split_once("```").expect("its end");
    let scenario = rehearsal::read("the page", &format!("[[run]]{text}"), &protocol);
    let scenario = scenario.unwrap_or_else(|problems| panic!("{problems}"));
    let rehearsal = rehearsal::play(&protocol, &scenario).expect("identifiers");
    let told = rehearsal::report(&rehearsal, &protocol);
    assert!(rehearsal.is_as_expected(), "{told}");
}
