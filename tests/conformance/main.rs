//! The document of the service, held against the running service by a program that knows neither:
//! schemathesis reads the document and asks what follows from it, well-formed and not, step after
//! step, and whatever is answered must be what the document says.

#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test that cannot arrange what it needs fails; it calls the service as anybody does"
)]

mod backend;
mod service;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use integrator_testbed::python;

use self::service::Running;

/// What this folder holds.
const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance");
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");

fn packages() -> PathBuf {
    let listed = Path::new(HERE).join("requirements.txt");
    python::packages(env!("CARGO_TARGET_TMPDIR"), "conformance", listed)
}

/// Runs a Python program to its end, and fails with its own words.
fn does_well(mut program: Command) {
    let output = program.output().expect("python3 starts");
    assert!(
        output.status.success(),
        "{program:?} says\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_document_is_valid_openapi_3_1() {
    let mut validator = python::python(&packages());
    validator.args(["-m", "openapi_spec_validator", "--schema", "3.1", DOCUMENT]);
    does_well(validator);
}

#[tokio::test]
async fn the_running_service_answers_as_its_document_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = Running::start(folder.path()).await;
    let handles = running.flows_in_every_state().await;
    let quoted: Vec<String> = handles.iter().map(|handle| format!("{handle:?}")).collect();
    fs::write(folder.path().join("handles.txt"), quoted.join("\n")).expect("written");
    let config = folder.path().join("schemathesis.toml");
    fs::copy(Path::new(HERE).join("schemathesis.toml"), &config).expect("copied");

    let mut schemathesis = python::python(&packages());
    schemathesis
        .current_dir(folder.path())
        .args(["-m", "schemathesis.cli", "--no-color", "--config-file"])
        .arg(&config)
        .arg("run")
        .arg(format!("{}/openapi.json", running.url()));
    let done = tokio::task::spawn_blocking(move || does_well(schemathesis));
    done.await.expect("schemathesis finds nothing");
}
