//! What every package says of itself, and where its dependencies come from.

use crate::tree::{Tree, holds, sees};

/// Keys of a dependency that would lead elsewhere.
const ELSEWHERE: [&str; 3] = ["git", "registry", "registry-index"];

fn parsed(path: &str, text: &str) -> Result<toml::Table, String> {
    text.parse().map_err(|error| format!("{path}: {error}"))
}

/// Every package takes the workspace's lints, and those forbid what they must.
fn loose_lints(tree: &Tree) -> Vec<String> {
    let mut violations = Vec::new();
    for file in tree.files.iter().filter(|file| is_manifest(&file.path)) {
        let table = match parsed(&file.path, &file.text) {
            Ok(table) => table,
            Err(violation) => {
                violations.push(violation);
                continue;
            }
        };
        let at = |keys: &[&str]| {
            let mut value = table.get(*keys.first()?)?;
            for key in keys.get(1..)? {
                value = value.get(key)?;
            }
            Some(value.clone())
        };
        let inherits = at(&["lints", "workspace"]) == Some(toml::Value::Boolean(true));
        // A workspace of its own takes no lints: a harness that a fuzzer links its runtime into.
        let is_apart = table.contains_key("workspace") && at(&["workspace", "members"]).is_none();
        if table.contains_key("package") && !inherits && !is_apart {
            violations.push(format!("{}: has no [lints] workspace = true", file.path));
        }
        let forbids = |keys: &[&str]| at(keys) == Some(toml::Value::String("forbid".to_owned()));
        let is_workspace_of_members = at(&["workspace", "members"]).is_some();
        if is_workspace_of_members && !forbids(&["workspace", "lints", "rust", "unsafe_code"]) {
            violations.push(format!(
                "{}: [workspace.lints.rust] does not forbid unsafe_code",
                file.path
            ));
        }
    }
    violations
}

fn foreign_sources(tree: &Tree) -> Vec<String> {
    let mut violations = Vec::new();
    for file in &tree.files {
        if file.path.split('/').any(|part| part == ".cargo") {
            violations.push(format!(
                "{}: no configuration of cargo is tracked",
                file.path
            ));
        }
        let name = file.path.rsplit('/').next().unwrap_or_default();
        for (number, line) in file.text.lines().enumerate() {
            let is_foreign = match name {
                "Cargo.lock" => {
                    line.starts_with("source = ") && Some(line) != one_source(&file.text)
                }
                "Cargo.toml" => leads_elsewhere(line),
                _ => false,
            };
            if is_foreign {
                violations.push(format!("{}:{}: {}", file.path, number + 1, line.trim()));
            }
        }
    }
    violations
}

/// The registry that the first package comes from: all others come from there too.
fn one_source(lock: &str) -> Option<&str> {
    let first = lock.lines().find(|line| line.starts_with("source = "));
    first.filter(|line| line.starts_with("source = \"registry+"))
}

fn leads_elsewhere(line: &str) -> bool {
    let line = line.split('#').next().unwrap_or(line);
    line.split(['{', ',', ' '])
        .collect::<Vec<_>>()
        .windows(2)
        .any(|pair| matches!(pair, [key, "="] if ELSEWHERE.contains(key)))
}

fn is_manifest(path: &str) -> bool {
    path == "Cargo.toml" || path.ends_with("/Cargo.toml")
}

#[test]
fn every_package_takes_the_workspaces_lints() {
    holds("lints of packages", &loose_lints(&Tree::of_repository()));
}

#[test]
fn a_package_without_lints_is_seen() {
    let tree = Tree::planted(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers=[]\n[workspace.lints.rust]\nunsafe_code='warn'",
        ),
        ("a/Cargo.toml", "[package]\n[lints]\nworkspace=true"),
        ("b/Cargo.toml", "[package]\n[lints]\nworkspace=false"),
        ("fuzz/Cargo.toml", "[package]\n[workspace]"),
    ]);
    sees(
        &loose_lints(&tree),
        &["Cargo.toml: [workspace.lints.rust]", "b/Cargo.toml"],
    );
}

#[test]
fn dependencies_come_from_one_place() {
    holds(
        "sources of dependencies",
        &foreign_sources(&Tree::of_repository()),
    );
}

#[test]
fn a_dependency_from_elsewhere_is_seen() {
    let lock = "source = \"registry+https://index.example/\"\nsource = \"registry+https://mirror.example/\"";
    let tree = Tree::planted(&[
        ("Cargo.lock", lock),
        (
            "Cargo.toml",
            "a = { git = \"https://example.com\" }\nb = \"1\" # git = no\nc = { registry = \"m\" }",
        ),
        (".cargo/config.toml", ""),
    ]);
    sees(
        &foreign_sources(&tree),
        &[
            "Cargo.lock:2",
            "Cargo.toml:1",
            "Cargo.toml:3",
            ".cargo/config.toml",
        ],
    );
}

/// Members of the workspace without which cargo reads no package of it, and which the image's
/// build is not given.
fn left_out_of_the_image(tree: &Tree) -> Vec<String> {
    let text = |path: &str| tree.file(path).map_or("", |file| file.text.as_str());
    let workspace = parsed("Cargo.toml", text("Cargo.toml")).unwrap_or_default();
    let members = workspace.get("workspace").and_then(|it| it.get("members"));
    let members = members
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten();
    let members = members.filter_map(toml::Value::as_str);
    let folders = members.filter_map(|member| member.split('/').next());
    let mut violations = Vec::new();
    for folder in folders.filter(|folder| *folder != ".") {
        let copied = format!("COPY {folder}/ {folder}/");
        let let_in = format!("!{folder}/");
        for (file, line) in [("Dockerfile", copied), (".dockerignore", let_in)] {
            if !text(file).lines().any(|known| known == line) {
                violations.push(format!("{file}: has no line {line}"));
            }
        }
    }
    violations
}

#[test]
fn the_image_is_built_from_every_member_of_the_workspace() {
    let left_out = left_out_of_the_image(&Tree::of_repository());
    holds("what the image is built from", &left_out);
}

#[test]
fn a_member_that_the_image_leaves_out_is_seen() {
    let tree = Tree::planted(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\".\", \"a\", \"b/c\"]",
        ),
        ("Dockerfile", "COPY a/ a/"),
        (".dockerignore", "!a/\n!b/"),
    ]);
    let left_out = left_out_of_the_image(&tree);
    sees(&left_out, &["Dockerfile: has no line COPY b/ b/"]);
}
