//! The command line, as a process: what it prints and the exit code.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot arrange what it needs fails"
)]

use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;

/// The binary in a folder of its own, without environment.
pub(crate) fn run(directory: &TempDir, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_appattest-integrator"))
        .current_dir(directory.path())
        .env_clear()
        .envs(environment.iter().copied())
        .args(arguments)
        .output()
        .expect("the binary runs")
}

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder can be made")
}

/// Exit code, standard output, standard error.
pub(crate) fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code();
    format!(
        "exit {code:?}\n{}---\n{}",
        text(&output.stdout),
        text(&output.stderr)
    )
}

#[test]
fn check_says_that_everything_can_be_used() {
    insta::assert_snapshot!(told(&run(&folder(), &["check"], &[])));
}

#[test]
fn check_tells_what_is_doubtful_and_exits_0() {
    let environment = [("APP_ATTEST_BACKEND_BASE_URL", "http://0.0.0.0:8080")];
    insta::assert_snapshot!(told(&run(&folder(), &["check"], &environment)));
}

#[test]
fn check_tells_the_place_of_the_store_without_its_credentials() {
    let environment = [
        ("INTEGRATOR__STORE__KIND", "postgres"),
        (
            "INTEGRATOR__STORE__URL",
            "postgres://u:hunter2@db:5432/flows?password=hunter2",
        ),
    ];
    let output = run(&folder(), &["check"], &environment);
    insta::assert_snapshot!(told(&output), @"
    exit Some(0)
    ok configuration: backends default; store postgres at postgres://db:5432/flows
    ok admission: off
    ok protocol app-attest: 3 steps, app-attest.toml (compiled in)
    ---
    ");
}

#[test]
fn check_tells_what_admission_control_would_do() {
    let environment = [
        ("APP_ATTEST_ADMISSION_CONTROL_ENABLED", "1"),
        ("INTEGRATOR__ADMISSION__MODE", "observe"),
        (
            "INTEGRATOR__ADMISSION__RATE_MAX_SCHEDULE",
            "2026-12-01T00:00:00Z 10,2026-12-15T00:00:00Z 50",
        ),
    ];
    let output = run(&folder(), &["check"], &environment);
    insta::assert_snapshot!(told(&output), @"
    exit Some(0)
    ok configuration: backends default; store memory
    ok admission: observe, new_flows, target 200 ms, 1 to 200 starts a second, ceiling by schedule, per process
    ok protocol app-attest: 3 steps, app-attest.toml (compiled in)
    ---
    ");
}

#[test]
fn check_tells_every_problem_on_standard_error_and_exits_2() {
    let directory = folder();
    fs::write(directory.path().join("a.toml"), "[flows]\nmax = 0").unwrap();
    let environment = [("APP_ATTEST_BACKEND_TIMEOUT_MS", "3s")];
    insta::assert_snapshot!(told(&run(
        &directory,
        &["check", "--config", "a.toml"],
        &environment
    )));
}

#[test]
fn serve_with_an_unusable_address_exits_2_with_and_without_its_name() {
    for arguments in [
        ["serve", "--listen", "here"].as_slice(),
        &["--listen", "here"],
    ] {
        let output = run(&folder(), arguments, &[]);
        assert_eq!(output.status.code(), Some(2));
        assert!(told(&output).contains("server.listen (flag --listen): found \"here\""));
    }
}

#[test]
fn an_address_before_a_command_is_refused() {
    let output = run(&folder(), &["--listen", "127.0.0.1:0", "check"], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("--listen stands after serve, or without a command"));
}

#[test]
fn protocols_are_listed_with_the_default_marked() {
    let directory = folder();
    let other = include_str!("../../config/protocols/app-attest.toml")
        .replace("\"app-attest\"", "\"other\"");
    fs::create_dir(directory.path().join("mine")).unwrap();
    fs::write(directory.path().join("mine/other.toml"), other).unwrap();
    let output = told(&run(
        &directory,
        &["--protocols", "mine", "protocol", "list"],
        &[],
    ));
    let names: Vec<Vec<&str>> = output
        .lines()
        .map(|line| line.split_whitespace().take(2).collect())
        .collect();
    assert_eq!(
        names[2..4],
        [["app-attest", "default"], ["other", "Apple"]],
        "{output}"
    );
}

#[test]
fn a_protocol_is_shown_with_its_states_and_steps() {
    let output = told(&run(&folder(), &["protocol", "show", "app-attest"], &[]));
    let without_digest: Vec<&str> = output
        .lines()
        .filter(|line| !line.starts_with("digest"))
        .collect();
    insta::assert_snapshot!(without_digest.join("\n"));
}

#[test]
fn a_protocol_is_drawn_in_either_language() {
    let mermaid = run(&folder(), &["protocol", "graph", "app-attest"], &[]);
    let named = run(
        &folder(),
        &["protocol", "graph", "app-attest", "--format", "mermaid"],
        &[],
    );
    let dot = run(
        &folder(),
        &["protocol", "graph", "app-attest", "--format", "dot"],
        &[],
    );
    assert_eq!(mermaid.stdout, named.stdout);
    assert!(told(&mermaid).contains("stateDiagram-v2"));
    assert!(told(&dot).contains("digraph"));
}

#[test]
fn a_protocol_that_is_not_there_is_told_with_those_that_are() {
    let output = run(&folder(), &["protocol", "show", "app-atest"], &[]);
    assert_eq!(
        told(&output),
        "exit Some(2)\n---\nno protocol app-atest; there are: app-attest. A file is named by its path: ./app-atest.toml\n"
    );
}

#[test]
fn usage_errors_exit_2_and_help_and_version_exit_0() {
    for (arguments, code) in [
        (["frobnicate"], 2),
        (["--verbose"], 2),
        (["protocol"], 2),
        (["--help"], 0),
        (["--version"], 0),
    ] {
        assert_eq!(
            run(&folder(), &arguments, &[]).status.code(),
            Some(code),
            "{arguments:?}"
        );
    }
}

#[test]
fn the_command_line_explains_itself() {
    insta::assert_snapshot!(told(&run(&folder(), &["--help"], &[])));
}
