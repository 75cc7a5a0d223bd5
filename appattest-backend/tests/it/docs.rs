//! The documentation and the program say the same, and neither says more.

use std::{collections::BTreeSet, process::Command};

use appattest_backend::{authority::Call, reason::Reason};
use serde_json::Value;

use crate::harness::BINARY;

const DOCUMENT: &str = include_str!("../../../docs/BACKEND.md");

/// The rows of the table under a heading, as cells.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let section = DOCUMENT.split_once(&format!("\n## {heading}\n")).unwrap().1;
    let section = section.split("\n## ").next().unwrap();
    section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect()
}

#[test]
fn the_list_of_reasons_is_the_documented_one() {
    let documented: Vec<(String, String)> = table("Reasons")
        .iter()
        .map(|cells| (cells[0].trim_matches('`').to_owned(), cells[1].to_owned()))
        .collect();
    let given: Vec<(String, String)> = Reason::ALL
        .iter()
        .map(|reason| (reason.code().to_owned(), reason.description().to_owned()))
        .collect();
    assert_eq!(documented, given);
    let codes: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.code()).collect();
    assert_eq!(codes.len(), Reason::ALL.len());
}

#[test]
fn the_flags_and_variables_are_the_documented_ones() {
    let output = Command::new(BINARY).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let word = |text: &str, prefix: &str| -> Option<String> {
        let from = text.find(prefix)?;
        let rest = &text[from..];
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
            .unwrap_or(rest.len());
        Some(rest[..end].to_owned())
    };
    let offered: BTreeSet<String> = help
        .lines()
        .filter(|line| line.trim_start().starts_with('-') && line.contains("--"))
        .filter_map(|line| word(line, "--"))
        .chain(
            help.split("[env: ")
                .skip(1)
                .filter_map(|rest| word(rest, "APPATTEST_")),
        )
        .collect();
    let documented: BTreeSet<String> = table("Flags")
        .iter()
        .flat_map(|cells| [word(cells[0], "--"), word(cells[1], "APPATTEST_")])
        .flatten()
        .collect();
    assert_eq!(documented, offered);
}

#[test]
fn every_call_is_documented() {
    for call in Call::ALL {
        assert!(DOCUMENT.contains(&format!("`POST {}`", call.path())));
    }
}

#[test]
fn every_defect_is_documented_with_its_reason() {
    let output = Command::new(BINARY)
        .args(["device", "defects"])
        .output()
        .unwrap();
    let lists: Value = serde_json::from_slice(&output.stdout).unwrap();
    let documented = table("The simulated device");
    for stage in ["attestation", "assertion"] {
        for defect in lists[stage].as_array().unwrap() {
            let reason = match defect["reason"].as_str() {
                Some(reason) => format!("`{reason}`"),
                None => String::from("accepted"),
            };
            let name = format!("`{}`", defect["name"].as_str().unwrap());
            let row = vec![&*name, defect["about"].as_str().unwrap(), &*reason];
            assert!(documented.contains(&row), "{row:?}");
        }
    }
}
