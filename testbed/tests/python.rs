//! Packages from PyPI are installed once, whole, and only as they were when they were listed.

use std::panic::catch_unwind;
use std::path::Path;
use std::process::Command;

use integrator_testbed::python;

const LISTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/collector/rotel.txt");

#[test]
fn a_program_that_comes_as_a_package_runs_and_is_installed_once() {
    let kept = tempfile::tempdir().expect("a folder");

    let installed = python::packages(kept.path(), "collector", LISTED);
    let again = python::packages(kept.path(), "collector", LISTED);

    assert_eq!(installed, again);
    let held = std::fs::read_dir(kept.path()).expect("the folder is read");
    assert_eq!(held.count(), 1, "nothing unfinished is left");
    let mut agent = Command::new(installed.join("rotel/rotel-agent"));
    let said = agent.arg("--version").output().expect("it starts");
    assert!(said.status.success(), "{said:?}");
}

#[test]
fn a_file_that_is_not_the_one_that_was_listed_is_not_installed() {
    let kept = tempfile::tempdir().expect("a folder");
    let listed = std::fs::read_to_string(LISTED).expect("the list is read");
    let digit = |digit: char| if digit == '2' { '3' } else { digit };
    let other: String = listed
        .lines()
        .map(|line| match line.split_once("sha256:") {
            Some((name, digest)) => {
                format!(
                    "{name}sha256:{}\n",
                    digest.chars().map(digit).collect::<String>()
                )
            }
            None => format!("{line}\n"),
        })
        .collect();
    let list = kept.path().join("other.txt");
    std::fs::write(&list, other).expect("a list is written");

    let refused = catch_unwind(|| python::packages(kept.path(), "collector", Path::new(&list)));

    let why = refused.expect_err("it is refused");
    let why = why.downcast_ref::<String>().expect("a reason");
    assert!(why.contains("DO NOT MATCH THE HASHES"), "{why}");
    let held = std::fs::read_dir(kept.path()).expect("the folder is read");
    assert_eq!(held.count(), 1, "nothing but the list is there");
}
