//! The shape of files: short, and beginning with what they are.

use crate::tree::{Tree, holds, sees};

/// Most lines of a file before its unit tests.
const MOST_LINES: usize = 300;

/// What a file's tests begin with.
const TESTS: [&str; 4] = [
    concat!("#[cfg(te", "st)]"),
    concat!("#[te", "st]"),
    concat!("#[tokio::te", "st]"),
    concat!("propt", "est! {"),
];

fn long_files(tree: &Tree) -> Vec<String> {
    let is_before_tests = |line: &&str| !TESTS.contains(&line.trim());
    tree.rust()
        .filter_map(|file| {
            let lines = file.text.lines().take_while(is_before_tests).count();
            let told = format!(
                "{}: {lines} lines before its tests; at most {MOST_LINES}",
                file.path
            );
            (lines > MOST_LINES).then_some(told)
        })
        .collect()
}

fn files_without_doc(tree: &Tree) -> Vec<String> {
    tree.rust()
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| format!("{}: does not begin with a module doc (//! …)", file.path))
        .collect()
}

#[test]
fn no_file_is_longer_than_300_lines_before_its_tests() {
    holds("length of files", &long_files(&Tree::of_repository()));
}

#[test]
fn a_long_file_is_seen_and_its_tests_are_not_counted() {
    let long = "//! x\n".repeat(301);
    let tested = format!("{}  {}\n{long}", "//! x\n".repeat(300), TESTS[1]);
    let tree = Tree::planted(&[("src/long.rs", &long), ("src/tested.rs", &tested)]);
    sees(&long_files(&tree), &["src/long.rs: 301 lines"]);
}

#[test]
fn every_rust_file_begins_with_a_module_doc() {
    holds("module docs", &files_without_doc(&Tree::of_repository()));
}

#[test]
fn a_file_without_module_doc_is_seen() {
    let tree = Tree::planted(&[
        ("src/a.rs", "//! A.\n"),
        ("src/b.rs", "use std::io;\n//! B.\n"),
    ]);
    sees(&files_without_doc(&tree), &["src/b.rs"]);
}
