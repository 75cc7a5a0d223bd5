//! The protocol of the tutorial, as the page writes it, with the authority of the tutorial.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot arrange what it needs fails"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::harness::{INTEGRATOR, Integrator, authority};

/// The block of the page that begins with this line.
fn block(first: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/PROTOCOLS.md");
    let page = fs::read_to_string(page).expect("the page is there");
    let start = format!("```toml\n{first}");
    let (_, after) = page.split_once(&start).expect("the block is there");
    let (inside, _) = after.split_once("```").expect("the block ends");
    format!("{first}{inside}")
}

fn definition() -> String {
    block("protocol  = \"email-change\"\n")
}

#[test]
fn the_scenario_of_the_page_runs_as_it_expects() {
    let folder = tempfile::tempdir().expect("a folder");
    for (file, text) in [
        ("email-change.toml", definition()),
        ("scenario.toml", block("[[run]]\n")),
    ] {
        fs::write(folder.path().join(file), text).expect("written");
    }

    let tried = Command::new(INTEGRATOR)
        .current_dir(folder.path())
        .args(["protocol", "try", "email-change.toml", "scenario.toml"])
        .output()
        .expect("it runs");

    let told = String::from_utf8_lossy(&tried.stdout).into_owned();
    assert!(tried.status.success(), "{told}");
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/PROTOCOLS.md");
    let page = fs::read_to_string(page).expect("the page is there");
    assert!(page.contains(&told), "the page must hold:\n{told}");
}

#[tokio::test]
async fn the_address_is_changed_by_the_code_that_was_mailed_and_by_no_other() {
    let postmaster = authority("postmaster", &[]);
    let integrator = Integrator::defined("email-change", &definition(), &postmaster.url(), "");

    let started = integrator
        .start(&json!({"address": "ada@example.com"}))
        .await;
    let mail = postmaster.says("mail");
    let code = mail["code"].as_str().expect("a code");
    let wrong = if code == "000000" { "111111" } else { "000000" };
    let handle = started.handle();
    let refused = integrator
        .step(&handle, "confirm", &json!({"code": wrong}))
        .await;
    let confirmed = integrator
        .step(&handle, "confirm", &json!({"code": code}))
        .await;

    assert_eq!(started.text("/state"), "mailed");
    assert_eq!(started.text("/address"), "ada@example.com");
    assert_eq!(refused.text("/state"), "mailed");
    assert_eq!(refused.member("/backend/triesLeft"), 2);
    assert_eq!(confirmed.text("/state"), "changed");
}

#[tokio::test]
async fn three_wrong_codes_end_the_flow() {
    let postmaster = authority("postmaster", &[]);
    let integrator = Integrator::defined("email-change", &definition(), &postmaster.url(), "");
    let started = integrator
        .start(&json!({"address": "ada@example.com"}))
        .await;
    let handle = started.handle();

    for state in ["mailed", "mailed", "refused"] {
        let reply = integrator
            .step(&handle, "confirm", &json!({"code": "none"}))
            .await;

        assert_eq!(reply.text("/state"), state);
    }
}

#[tokio::test]
async fn what_is_no_address_is_refused() {
    let postmaster = authority("postmaster", &[]);
    let integrator = Integrator::defined("email-change", &definition(), &postmaster.url(), "");

    let started = integrator.start(&json!({"address": "nowhere"})).await;

    assert_eq!(started.text("/state"), "refused");
}
