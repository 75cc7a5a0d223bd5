//! Which library is named where, and what the core may name at all.

use crate::source::{paths, tokens};
use crate::tree::{File, Tree, holds, sees};

/// Names that stop at a border: each with the places under `src/` and `core/src/` that may use it.
const BORDERS: &[(&str, &[&str])] = &[
    ("StatusCode", &["src/api/", "src/backend/"]),
    (
        "reqwest",
        &[
            "src/backend/",
            "src/cli/flow/",
            "src/config/headers.rs",
            "src/demo/http.rs",
            "src/telemetry/traces/",
        ],
    ),
    (
        "opentelemetry",
        &["src/telemetry/traces/", "src/trace_context.rs"],
    ),
    ("opentelemetry_proto", &["src/telemetry/traces/"]),
    ("opentelemetry_sdk", &["src/telemetry/traces/"]),
    ("prost", &["src/telemetry/traces/"]),
    (
        "tracing_opentelemetry",
        &["src/telemetry/traces/", "src/trace_context.rs"],
    ),
    ("axum", &["src/api/", "src/listen.rs", "src/workers.rs"]),
    ("tower_http", &["src/api/"]),
    ("hyper", &["src/listen.rs"]),
    ("hyper_util", &["src/listen.rs"]),
    ("clap", &["src/cli/", "src/main.rs"]),
    (
        "utoipa",
        &["src/openapi/", "src/api/described.rs", "src/api/route.rs"],
    ),
    ("getrandom", &["src/entropy.rs"]),
    ("rusqlite", &["src/store/sqlite.rs", "src/store/sqlite/"]),
    ("redis", &["src/store/redis.rs", "src/store/redis/"]),
    ("sqlx", &["src/store/postgres.rs", "src/store/postgres/"]),
];

/// The crates that the core may name.
const CORE_CRATES: [&str; 9] = [
    "alloc",
    "bytes",
    "core",
    "integrator_core",
    "jiff",
    "serde",
    "std",
    "thiserror",
    "toml",
];
/// Names of libraries that the core could not name without doing what is not its part.
const OUTSIDE: [&str; 12] = [
    "tokio",
    "futures",
    "reqwest",
    "axum",
    "hyper",
    "getrandom",
    "rand",
    "uuid",
    "tracing",
    "serde_json",
    "prometheus",
    "appattest_integrator",
];
/// Parts of the standard library that reach outside the process, or wait.
const OUTSIDE_STD: [&str; 7] = ["env", "fs", "io", "net", "os", "process", "thread"];
/// Words that stand for waiting, clocks and randomness.
const IMPURE_WORDS: [&str; 6] = ["async", "await", "Instant", "SystemTime", "OsRng", "unsafe"];

fn crossed_borders(tree: &Tree) -> Vec<String> {
    let mut violations = Vec::new();
    let files = tree.rust_under("src/").chain(tree.rust_under("core/src/"));
    for file in files {
        let found = tokens(&file.text);
        for (name, places) in BORDERS {
            if places.iter().any(|place| file.path.starts_with(place)) {
                continue;
            }
            let crossing = found.iter().enumerate().find(|(at, token)| {
                let next = found.get(at + 1).map_or("", |next| next.text);
                token.text == *name && (*name == "StatusCode" || next == "::")
            });
            if let Some((_, token)) = crossing {
                violations.push(format!(
                    "{}:{}: {name} stops at {}",
                    file.path,
                    token.line,
                    places.join(" and ")
                ));
            }
        }
    }
    violations
}

fn impurities(tree: &Tree) -> Vec<String> {
    tree.rust_under("core/src/")
        .flat_map(impurities_of)
        .collect()
}

fn impurities_of(file: &File) -> Vec<String> {
    let mut violations = Vec::new();
    for token in tokens(&file.text) {
        if IMPURE_WORDS.contains(&token.text) {
            violations.push(format!(
                "{}:{}: the core has no {}",
                file.path, token.line, token.text
            ));
        }
    }
    let text = before_tests(&file.text);
    for named in paths(text, &[], &[]) {
        let path = named.segments.join("::");
        let mut segments = named.segments.iter().map(String::as_str);
        let first = segments.next().unwrap_or_default();
        let second = segments.next().unwrap_or_default();
        let is_outside = OUTSIDE.contains(&first)
            || (first == "std" && OUTSIDE_STD.contains(&second))
            || path.starts_with("jiff::Timestamp::now")
            || path == "Timestamp::now";
        if is_outside {
            violations.push(format!(
                "{}:{}: the core may not name {path}",
                file.path, named.line
            ));
        }
    }
    violations
}

/// A file's text up to its unit tests, which may read and parse what they like.
fn before_tests(text: &str) -> &str {
    let mark = concat!("#[cfg(te", "st)]");
    text.find(mark)
        .and_then(|at| text.get(..at))
        .unwrap_or(text)
}

/// Dependencies of the core, as its manifest names them.
fn foreign_dependencies(tree: &Tree) -> Vec<String> {
    let Some(manifest) = tree.file("core/Cargo.toml") else {
        return vec!["core/Cargo.toml is missing".to_owned()];
    };
    let table: toml::Table = match manifest.text.parse() {
        Ok(table) => table,
        Err(error) => return vec![format!("core/Cargo.toml: {error}")],
    };
    let dependencies = table.get("dependencies").and_then(toml::Value::as_table);
    dependencies
        .into_iter()
        .flat_map(toml::Table::keys)
        .filter(|name| !CORE_CRATES.contains(&name.replace('-', "_").as_str()))
        .map(|name| format!("core/Cargo.toml: the core may not depend on {name}"))
        .collect()
}

#[test]
fn each_library_is_named_only_where_it_belongs() {
    let tree = Tree::of_repository();
    holds(
        "borders of libraries (tests/tidy/crates.rs)",
        &crossed_borders(&tree),
    );
}

#[test]
fn a_crossed_border_is_seen() {
    let tree = Tree::planted(&[
        ("src/orchestrator/call.rs", "use axum::http::StatusCode;"),
        (
            "src/api/flows.rs",
            "use axum::http::StatusCode; fn f() { reqwest::get() }",
        ),
        (
            "src/store/memory.rs",
            "// redis::Client\nuse rusqlite::Connection;",
        ),
        (
            "src/store/sqlite.rs",
            "use rusqlite::Connection; let redis = 1;",
        ),
    ]);
    sees(
        &crossed_borders(&tree),
        &[
            "src/orchestrator/call.rs:1: StatusCode",
            "src/orchestrator/call.rs:1: axum",
            "src/api/flows.rs:1: reqwest",
            "src/store/memory.rs:2: rusqlite",
        ],
    );
}

#[test]
fn the_core_does_not_wait_reach_outside_or_look_at_clocks() {
    let tree = Tree::of_repository();
    holds(
        "purity of the core (tests/tidy/crates.rs)",
        &impurities(&tree),
    );
    holds("dependencies of the core", &foreign_dependencies(&tree));
}

#[test]
fn an_impurity_of_the_core_is_seen() {
    let tree = Tree::planted(&[
        (
            "core/src/flow/time.rs",
            "use std::{sync::Arc, fs};\nasync fn f() { jiff::Timestamp::now() }\nuse tokio::time;",
        ),
        (
            "core/Cargo.toml",
            "[dependencies]\nbytes = \"1\"\ntokio = \"1\"",
        ),
    ]);
    sees(
        &impurities(&tree),
        &[
            "has no async",
            "name std::fs",
            "jiff::Timestamp::now",
            "tokio::time",
        ],
    );
    sees(&foreign_dependencies(&tree), &["tokio"]);
}
