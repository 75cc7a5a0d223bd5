//! A machine without certificate roots.

use std::process::Command;

use crate::harness::program::{INTEGRATOR, Program};

fn without_roots(backend: &str) -> Command {
    let mut command = Command::new(INTEGRATOR);
    command.args(["serve", "--listen", "127.0.0.1:0"]);
    command.env("APP_ATTEST_BACKEND_BASE_URL", backend);
    for place in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        command.env(place, "/nonexistent");
    }
    command
}

#[test]
fn a_backend_without_tls_is_served_without_certificate_roots() {
    drop(Program::start(without_roots("http://127.0.0.1:8080")));
}

#[test]
fn a_backend_with_tls_and_no_certificate_roots_is_an_error_with_its_reason() {
    let ended = without_roots("https://127.0.0.1:8080")
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(
        said.contains("https://127.0.0.1:8080") && said.contains("certificates"),
        "{said}"
    );
    assert!(!said.contains("panicked"), "{said}");
}
