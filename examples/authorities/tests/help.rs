//! Every authority says what it is.

use std::process::Command;

/// Each program, and a word that its help must say.
const PROGRAMS: [(&str, &str, &str); 8] = [
    ("commerce", env!("CARGO_BIN_EXE_commerce"), "order"),
    ("gateway", env!("CARGO_BIN_EXE_gateway"), "payment"),
    (
        "pairing-host",
        env!("CARGO_BIN_EXE_pairing-host"),
        "operator",
    ),
    ("postmaster", env!("CARGO_BIN_EXE_postmaster"), "address"),
    ("provisioner", env!("CARGO_BIN_EXE_provisioner"), "machine"),
    (
        "public-dialect",
        env!("CARGO_BIN_EXE_public-dialect"),
        "app attest",
    ),
    ("review-desk", env!("CARGO_BIN_EXE_review-desk"), "review"),
    (
        "session-host",
        env!("CARGO_BIN_EXE_session-host"),
        "operator",
    ),
];

#[test]
fn every_authority_has_a_help_that_says_what_it_is() {
    for (name, program, word) in PROGRAMS {
        let output = Command::new(program).arg("--help").output();
        let output = output.unwrap_or_else(|error| panic!("{name}: {error}"));
        let help = String::from_utf8_lossy(&output.stdout).to_lowercase();
        assert!(output.status.success(), "{name}");
        for expected in [word, "--listen"] {
            assert!(help.contains(expected), "{name}: {help}");
        }
    }
}
