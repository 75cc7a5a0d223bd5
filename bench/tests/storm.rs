//! The storm against the live service, at its shortest: the command runs, and what it prints has
//! the shape that admission control is there for.
//!
//! One run, of some twenty seconds of real time, is what all tests look at. Margins are wide: what
//! is compared lies far apart.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot arrange what it needs fails"
)]

use std::process::Command;
use std::sync::LazyLock;

use integrator_testbed::program::beside;

const OFF: &str = "off, live";
const OBSERVE: &str = "observe, live";
const ENFORCE: &str = "enforce, live";

static TOLD: LazyLock<String> = LazyLock::new(|| {
    let bench = env!("CARGO_BIN_EXE_integrator-bench");
    let service = beside(bench, "appattest-integrator", "appattest-integrator");
    let ran = Command::new(bench)
        .args(["storm", "--quick", "--program"])
        .arg(service)
        .output()
        .expect("the command starts");
    let printed = String::from_utf8(ran.stdout).expect("it prints text");
    let wrong = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{printed}{wrong}");
    printed
});

/// The number in the row that begins with `row`, below the title `column`.
fn number(row: &str, column: &str) -> f64 {
    let mut place = None;
    for line in TOLD.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let titled = cells.iter().position(|cell| *cell == column);
        place = titled.or(place);
        if let (Some(place), true) = (place, cells.get(1) == Some(&row)) {
            let cell = cells.get(place).and_then(|cell| cell.parse().ok());
            return cell.unwrap_or_else(|| panic!("no number for {row}, {column}: {line}"));
        }
    }
    panic!("no {row}, {column} in:\n{}", *TOLD)
}

#[test]
fn without_the_gate_the_storm_buries_the_backend() {
    assert!(number(OFF, "p50 ms") >= 1000.0, "{}", *TOLD);
    assert!(number(OFF, "after %") <= 50.0, "{}", *TOLD);
}

#[test]
fn with_the_gate_the_backend_keeps_answering_and_begun_flows_finish() {
    assert!(number(ENFORCE, "p50 ms") < 500.0, "{}", *TOLD);
    assert!(number(ENFORCE, "finish %") >= 90.0, "{}", *TOLD);
    let ahead = number(ENFORCE, "finish %") / number(OFF, "finish %");
    assert!(ahead >= 1.5, "{}", *TOLD);
}

#[test]
fn a_gate_that_observes_refuses_nobody_and_counts_whom_it_would_have() {
    assert!(number(OBSERVE, "p50 ms") >= 1000.0, "{}", *TOLD);
    assert!(number(OBSERVE, "answered 429") < 1.0, "{}", *TOLD);
    assert!(
        number(OBSERVE, "refused, as the gate counts") >= 1.0,
        "{}",
        *TOLD
    );
}

#[test]
fn the_live_storm_has_the_shape_of_the_laboratorys() {
    for way in ["off", "enforce"] {
        let apart = |column| {
            let virtually = number(&format!("{way}, laboratory"), column);
            (number(&format!("{way}, live"), column) - virtually).abs()
        };
        assert!(apart("finish %") <= 25.0, "{}", *TOLD);
        assert!(apart("goodput %") <= 35.0, "{}", *TOLD);
    }
}
