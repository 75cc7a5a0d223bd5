//! Words that stand nowhere: work that is put off, checks that are switched off, and places that
//! are those of one machine.

use crate::source::tokens;
use crate::tree::{Tree, has_extension, holds, sees};

/// Texts that no Rust file holds. Each is written in two parts, so that this file holds none.
const PUT_OFF: [&str; 8] = [
    concat!("to", "do!"),
    concat!("unimple", "mented!"),
    concat!("FIX", "ME"),
    concat!("TO", "DO"),
    concat!("XX", "X"),
    concat!("#[ig", "nore"),
    concat!("[al", "low("),
    concat!("thread::sl", "eep"),
];

/// Folders of one machine.
const MACHINE_PATHS: [&str; 4] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/tm", "p/"),
];

fn put_off(tree: &Tree) -> Vec<String> {
    found(tree, &PUT_OFF, |path| path.ends_with(".rs"))
}

/// Tests may write to the system's temporary folder; nothing else names a place of one machine.
fn machine_paths(tree: &Tree) -> Vec<String> {
    let temporary = MACHINE_PATHS.last().copied().unwrap_or_default();
    let is_test = |path: &str| path.starts_with("tests/") || path.contains("/tests/");
    let mut violations = found(tree, &MACHINE_PATHS, |path| path != "Dockerfile");
    violations.retain(|violation| !(violation.ends_with(temporary) && is_test(violation)));
    violations
}

fn found(tree: &Tree, words: &[&str], looked_at: impl Fn(&str) -> bool) -> Vec<String> {
    let mut violations = Vec::new();
    for file in tree.files.iter().filter(|file| looked_at(&file.path)) {
        for (number, line) in file.text.lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(**word)) {
                violations.push(format!("{}:{}: {word}", file.path, number + 1));
            }
        }
    }
    violations
}

fn unsafe_code(tree: &Tree) -> Vec<String> {
    let mut violations = Vec::new();
    for file in tree.files.iter().filter(|file| has_extension(file, "rs")) {
        for token in tokens(&file.text) {
            if token.text == concat!("un", "safe") {
                violations.push(format!("{}:{}: {}", file.path, token.line, token.text));
            }
        }
    }
    violations
}

#[test]
fn nothing_is_put_off_and_no_check_is_switched_off() {
    holds("words that stand nowhere", &put_off(&Tree::of_repository()));
}

#[test]
fn work_that_is_put_off_is_seen() {
    let text = PUT_OFF.join("\n");
    let tree = Tree::planted(&[("src/a.rs", &text), ("docs/a.md", &text)]);
    sees(&put_off(&tree), &PUT_OFF);
}

#[test]
fn no_file_names_a_place_of_one_machine() {
    holds(
        "paths of one machine",
        &machine_paths(&Tree::of_repository()),
    );
}

#[test]
fn a_place_of_one_machine_is_seen() {
    let text = MACHINE_PATHS.join("\n");
    let tree = Tree::planted(&[("tests/it/a.rs", &text), ("README.md", &text)]);
    sees(
        &machine_paths(&tree),
        &[
            "tests/it/a.rs:1",
            "tests/it/a.rs:2",
            "tests/it/a.rs:3",
            "README.md:1",
            "README.md:2",
            "README.md:3",
            "README.md:4",
        ],
    );
}

#[test]
fn no_code_leaves_the_compilers_care() {
    holds("memory safety", &unsafe_code(&Tree::of_repository()));
}

#[test]
fn code_that_leaves_the_compilers_care_is_seen() {
    let block = concat!("fn f() { un", "safe { g() } }");
    let tree = Tree::planted(&[
        ("fuzz/a.rs", block),
        ("src/b.rs", "// un\nlet unsafely = 1;"),
    ]);
    sees(&unsafe_code(&tree), &["fuzz/a.rs:1"]);
}
