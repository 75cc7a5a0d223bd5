//! `store`: checking a store and carrying its flows, as a process over real stores.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot arrange what it needs fails"
)]

use std::fs;
use std::process::{Command, Output};

use integrator_testbed::redis::{Options, Server};
use tempfile::TempDir;

use crate::contract::subject::Subject;
use crate::harness::program::INTEGRATOR;
use crate::harness::stores::{At, Kind};

fn run(arguments: &[&str], store: &[(&str, &str)]) -> Output {
    Command::new(INTEGRATOR)
        .env_clear()
        .envs(store.iter().copied())
        .args(arguments)
        .output()
        .expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A closed file with two flows, and the folder that it is in.
async fn file_of_two_flows() -> (TempDir, String) {
    let subject = Subject::of(Kind::Sqlite).await;
    subject.begun(1).await;
    subject.begun(2).await;
    let Subject {
        opened,
        store,
        place,
        ..
    } = subject;
    drop(store);
    drop(opened);
    let At::Folder(folder) = place.at else {
        panic!("no folder")
    };
    let path = folder.path().join("flows.db").display().to_string();
    (folder, path)
}

fn sqlite(path: &str) -> [(&'static str, &str); 2] {
    [
        ("INTEGRATOR__STORE__KIND", "sqlite"),
        ("INTEGRATOR__STORE__PATH", path),
    ]
}

#[tokio::test]
async fn check_tells_what_the_store_is_and_holds() {
    let (_folder, path) = file_of_two_flows().await;

    let output = run(&["store", "check"], &sqlite(&path));

    let told = text(&output.stdout);
    assert!(output.status.success(), "{told}{}", text(&output.stderr));
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines[0].starts_with("ok store sqlite: SQLite 3."), "{told}");
    assert_eq!(lines[1], "durability power_loss");
    assert!(lines.contains(&"setting synchronous = full"), "{told}");
    assert!(told.contains("holds 2 flows, 0 of them ended"), "{told}");
}

#[test]
fn check_of_a_store_that_does_not_answer_fails_with_the_cause_alone() {
    let server = Server::start(Options::default());
    let url = server.url(0);
    server.kill();
    let store = [
        ("INTEGRATOR__STORE__KIND", "redis"),
        ("INTEGRATOR__STORE__URL", url.as_str()),
    ];

    let output = run(&["store", "check"], &store);

    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("the store does not answer"), "{told}");
    assert_eq!(text(&output.stdout), "");
}

#[tokio::test]
async fn flows_are_exported_to_a_file_and_imported_with_count_and_digest() {
    let (folder, path) = file_of_two_flows().await;
    let file = folder.path().join("flows.ndjson").display().to_string();
    let server = Server::start(Options::default());
    let url = server.url(0);
    let target = [
        ("INTEGRATOR__STORE__KIND", "redis"),
        ("INTEGRATOR__STORE__URL", url.as_str()),
    ];

    let exported = run(&["store", "export", "--output", &file], &sqlite(&path));
    let imported = run(&["store", "import", &file], &target);
    let piped = run(&["store", "export"], &target);

    let exported = text(&exported.stderr);
    let carried = exported.trim().strip_prefix("exported ").unwrap();
    assert!(carried.starts_with("2 flows, sha256 "), "{exported}");
    let agrees = format!("imported {carried}; the store agrees\n");
    assert_eq!(text(&imported.stdout), agrees);
    assert_eq!(text(&piped.stdout), fs::read_to_string(&file).unwrap());
}

#[tokio::test]
async fn an_export_does_not_write_over_a_file() {
    let (folder, path) = file_of_two_flows().await;
    let file = folder.path().join("there");
    fs::write(&file, "precious").unwrap();

    let output = run(
        &["store", "export", "--output", &file.display().to_string()],
        &sqlite(&path),
    );

    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
}

#[test]
fn flows_in_memory_cannot_be_exported() {
    let output = run(&["store", "export"], &[]);

    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("end with their process"), "{told}");
}
