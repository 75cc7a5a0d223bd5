//! Protocols: which are found, what is wrong with them, and whether their backends are there.

use std::fs;

use appattest_integrator::catalog::Catalog;
use appattest_integrator::config::{self, Config};
use appattest_integrator::problems::Problems;

use super::Layers;

const APP_ATTEST: &str = include_str!("../../../config/protocols/app-attest.toml");

/// The compiled-in protocol under another name, with another backend.
fn other(name: &str, backend: &str) -> String {
    APP_ATTEST
        .replace("\"app-attest\"", &format!("\"{name}\""))
        .replace("\"default\"", &format!("\"{backend}\""))
}

impl Layers {
    fn protocol(self, file: &str, text: impl AsRef<[u8]>) -> Layers {
        self.beside(&format!("config/protocols/{file}"), text)
    }

    fn load_all(&self) -> Result<(Config, Catalog), Problems> {
        config::load_with_protocols(self.sources.clone())
    }

    fn all_problems(&self) -> String {
        let problems = self
            .load_all()
            .err()
            .map(|problems| problems.to_string())
            .unwrap_or_default();
        self.without_directory(&problems)
    }
}

#[test]
fn app_attest_is_there_without_any_file() {
    let catalog = Catalog::load(None, "app-attest").unwrap();
    let protocol = catalog.default();
    assert_eq!(protocol.definition(), APP_ATTEST);
    assert_eq!(protocol.digest().len(), 64);
    assert_eq!(catalog.get(protocol.name()).unwrap().name(), "app-attest");
    assert!(catalog.get("none").is_none());
    assert_eq!(catalog.warnings(), [""; 0]);
}

#[test]
fn a_file_of_the_same_name_replaces_the_compiled_in_protocol() {
    let text = APP_ATTEST.replace("\"5m\"", "\"7m\"");
    let (_, catalog) = Layers::none().protocol("x.toml", &text).load_all().unwrap();
    assert_eq!(catalog.iter().count(), 1);
    assert_eq!(catalog.default().definition(), text);
    assert!(catalog.origin("app-attest").unwrap().ends_with("x.toml"));
}

#[test]
fn definitions_are_read_by_name_and_other_files_are_not() {
    let layers = Layers::none()
        .protocol("b.toml", other("b", "default"))
        .protocol("a.toml", other("a", "default"))
        .protocol(".hidden.toml", "not toml")
        .protocol("notes.txt", "not toml");
    let (_, catalog) = layers.load_all().unwrap();
    let names: Vec<&str> = catalog.iter().map(|protocol| protocol.name()).collect();
    assert_eq!(names, ["a", "app-attest", "b"]);
}

#[test]
fn two_files_of_one_protocol_are_refused() {
    let layers = Layers::none()
        .protocol("a.toml", other("x", "default"))
        .protocol("b.toml", other("x", "default"));
    insta::assert_snapshot!(layers.all_problems());
}

#[test]
fn everything_that_is_wrong_in_any_definition_and_in_the_configuration_is_told_at_once() {
    let layers = Layers::none()
        .file("[flows]\nmax = 0")
        .protocol("a.toml", "protocol = \"A\"")
        .protocol("b.toml", b"protocol = \"\xff\"")
        .protocol("c.toml", "#".repeat(256 * 1024 + 1))
        .protocol("d.toml/inside", "");
    let problems = layers.all_problems();
    for place in [
        "flows.max (a.toml:2)",
        "a.toml:1",
        "b.toml: the definition is not UTF-8 (line 1)",
        "c.toml: the definition is too large; allowed: at most 262144 bytes",
        "d.toml: the definition cannot be read",
    ] {
        assert!(problems.contains(place), "{place}: {problems}");
    }
}

#[test]
fn the_default_protocol_must_be_there() {
    insta::assert_snapshot!(
        Layers::none()
            .variable("INTEGRATOR__PROTOCOLS__DEFAULT", "app-atest")
            .all_problems()
    );
}

#[test]
fn a_protocols_backend_must_be_configured() {
    let layers = Layers::none()
        .file("[backends.payments]\nbase_url = \"http://p\"")
        .protocol("pay.toml", other("pay", "payment"))
        .protocol("far.toml", other("far", "elsewhere"));
    insta::assert_snapshot!(layers.all_problems());
    let layers = layers.variable("INTEGRATOR__BACKENDS__PAYMENT__BASE_URL", "http://p");
    fs::remove_file(layers.directory.path().join("config/protocols/far.toml")).unwrap();
    assert_eq!(layers.all_problems(), "");
}

#[test]
fn problems_of_configuration_backends_and_definitions_come_together() {
    let layers = Layers::none()
        .file("[flows]\nmax = 0\n[protocols]\ndefault = \"A\"")
        .protocol("far.toml", other("far", "elsewhere"));
    insta::assert_snapshot!(layers.all_problems());
}

#[test]
fn a_file_that_is_not_understood_says_nothing_of_protocols() {
    let layers = Layers::none()
        .file("[protocols\n")
        .protocol("far.toml", "not toml");
    assert_eq!(layers.all_problems().lines().count(), 1);
}

#[test]
fn a_call_that_may_outlast_its_flow_is_doubtful() {
    let layers = Layers::none().variable("APP_ATTEST_BACKEND_TIMEOUT_MS", "298001");
    let (config, _) = layers.load_all().unwrap();
    insta::assert_snapshot!(config.warnings.join("\n"));
    let layers = Layers::none().variable("APP_ATTEST_BACKEND_TIMEOUT_MS", "298000");
    let (config, _) = layers.load_all().unwrap();
    assert_eq!(
        config.warnings.len(),
        1,
        "the grace of shutting down is short, the protocol is not"
    );
}

fn names(catalog: &Catalog) -> Vec<&str> {
    catalog.iter().map(|protocol| protocol.name()).collect()
}

#[test]
fn protocols_that_are_read_again_are_those_of_then_and_the_default_folder_may_come_and_go() {
    let layers = Layers::none();
    let (config, catalog) = layers.load_all().unwrap();
    assert_eq!(names(&catalog), ["app-attest"]);

    let layers = layers.protocol("pay.toml", other("pay", "default"));
    let (catalog, warnings) = config.read_protocols().unwrap();
    assert_eq!(names(&catalog), ["app-attest", "pay"]);
    assert_eq!(warnings, [""; 0]);

    fs::remove_dir_all(layers.directory.path().join("config")).unwrap();
    let (catalog, _) = config.read_protocols().unwrap();
    assert_eq!(names(&catalog), ["app-attest"]);
}

#[test]
fn a_named_folder_that_went_is_a_problem_when_protocols_are_read_again() {
    let layers = Layers::none()
        .file("[protocols]\ndir = \"mine\"")
        .beside("mine/pay.toml", other("pay", "default"));
    let config = layers.config();

    fs::remove_dir_all(layers.directory.path().join("mine")).unwrap();

    let problems = config.read_protocols().unwrap_err().to_string();
    insta::assert_snapshot!(
        layers.without_directory(&problems),
        @"mine: the folder cannot be read: No such file or directory (os error 2)"
    );
}

#[test]
fn what_is_wrong_or_doubtful_at_a_start_is_so_when_protocols_are_read_again() {
    let layers = Layers::none().variable("APP_ATTEST_BACKEND_TIMEOUT_MS", "298001");
    let config = layers.config();
    let (_, warnings) = config.read_protocols().unwrap();
    assert_eq!(warnings.len(), 1);

    let layers = layers
        .protocol("a.toml", other("far", "elsewhere"))
        .protocol("b.toml", other("far", "elsewhere"));
    let problems = config.read_protocols().unwrap_err().to_string();
    assert!(problems.contains("b.toml: protocol far is defined in"));

    fs::remove_file(layers.directory.path().join("config/protocols/b.toml")).unwrap();
    let problems = config.read_protocols().unwrap_err().to_string();
    insta::assert_snapshot!(
        layers.without_directory(&problems),
        @"config/protocols/a.toml:9: protocol far asks the backend elsewhere, which is not configured; configured: default; restart the process with [backends.elsewhere]"
    );
}
