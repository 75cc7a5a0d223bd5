//! Documents against code: every variable, metric, error code and command is documented where it
//! belongs, and nothing else is.

use std::collections::BTreeSet;

use appattest_integrator::cli::Cli;
use appattest_integrator::config::registry::{environment_only, settings};
use appattest_integrator::orchestrator::code::Code;
use appattest_integrator::telemetry::metrics::{DEFINITIONS, Definition, Kind};
use clap::CommandFactory as _;

use crate::tree::{Tree, holds, sees};

const CONFIGURATION: &str = "docs/CONFIGURATION.md";
const OPERATIONS: &str = "docs/OPERATIONS.md";
const API: &str = "docs/API.md";
const README: &str = "README.md";
const PROGRAM: &str = "appattest-integrator";

type Names = BTreeSet<String>;

/// Both ways: what the code has and the page lacks, and the reverse.
fn differences(what: &str, page: &str, code: &Names, documented: &Names) -> Vec<String> {
    let missing = code
        .difference(documented)
        .map(|name| format!("{page} does not document the {what} {name}"));
    let surplus = documented
        .difference(code)
        .map(|name| format!("{page} documents the {what} {name}, which the code does not have"));
    missing.chain(surplus).collect()
}

fn compared(
    tree: &Tree,
    what: &str,
    page: &str,
    code: &Names,
    documented: impl Fn(&str) -> Names,
) -> Vec<String> {
    match tree.file(page) {
        Some(file) => differences(what, page, code, &documented(&file.text)),
        None => vec![format!("{page} is missing; it documents every {what}")],
    }
}

/// Words of these characters that begin with `prefix`.
fn words(text: &str, prefix: &str, belongs: fn(char) -> bool) -> Names {
    text.split(|character| !belongs(character))
        .filter(|word| word.len() > prefix.len() && word.starts_with(prefix))
        .map(str::to_owned)
        .collect()
}

fn is_of_variable(character: char) -> bool {
    character.is_ascii_uppercase() || character.is_ascii_digit() || character == '_'
}

fn is_of_metric(character: char) -> bool {
    character.is_ascii_lowercase() || character == '_'
}

/// What stands between backticks in the cells of a table's row.
fn cells(line: &str) -> Vec<Vec<&str>> {
    let Some(row) = line.trim().strip_prefix('|') else {
        return Vec::new();
    };
    row.split('|')
        .map(|cell| cell.split('`').skip(1).step_by(2).collect())
        .collect()
}

/// Settings: the first cell of a row names one, as a path of the file.
fn documented_settings(text: &str) -> Names {
    text.lines()
        .filter_map(|line| cells(line).first()?.first().copied())
        .filter(|path| {
            path.contains('.')
                && path
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "._".contains(c))
        })
        .map(str::to_owned)
        .collect()
}

fn settings_of_code() -> Names {
    settings().map(|setting| setting.path.to_owned()).collect()
}

fn variables_of_code() -> Names {
    let known = settings().chain(environment_only());
    known
        .filter_map(|setting| setting.legacy)
        .map(str::to_owned)
        .collect()
}

/// Variables of the first family follow from the settings; the page spells out examples only, and
/// each of those must be one.
fn unknown_examples(tree: &Tree) -> Vec<String> {
    let known: Names = settings()
        .filter_map(|setting| setting.path.split_once('.'))
        .map(|(section, key)| {
            format!("INTEGRATOR__{section}__{key}")
                .replace('.', "__")
                .to_uppercase()
        })
        .collect();
    let is_known = |name: &str| {
        let parts: Vec<&str> = name.split("__").collect();
        let general = match parts.as_slice() {
            ["INTEGRATOR", "BACKENDS", _, key] => format!("INTEGRATOR__BACKENDS__NAME__{key}"),
            _ => name.to_owned(),
        };
        general == "INTEGRATOR__SECTION__KEY" || known.contains(&general)
    };
    let pages = tree.files.iter().filter(|file| file.path.ends_with(".md"));
    pages
        .flat_map(|page| {
            words(&page.text, "INTEGRATOR__", is_of_variable)
                .into_iter()
                .filter(|name| !is_known(name))
                .map(|name| format!("{}: {name} is no variable", page.path))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn metrics_of_code() -> Names {
    let names = DEFINITIONS.iter().map(|metric| metric.name);
    names.map(str::to_owned).collect()
}

/// Type and labels of a metric, as the page's table tells them, against those of the code.
fn metrics_told_otherwise(text: &str, definitions: &[Definition]) -> Vec<String> {
    let rows: Vec<_> = text.lines().map(|line| (line, cells(line))).collect();
    let mut violations = Vec::new();
    for metric in definitions {
        let row = rows
            .iter()
            .find(|(_, cells)| cells.first().is_some_and(|cell| *cell == [metric.name]));
        let Some((line, cells)) = row else {
            violations.push(format!("{OPERATIONS} has no row for {}", metric.name));
            continue;
        };
        let kind = line.split('|').nth(2).unwrap_or_default().trim();
        let told = format!("{:?}", metric.kind).to_lowercase();
        if kind != told {
            violations.push(format!(
                "{}: {OPERATIONS} says {kind}, it is a {told}",
                metric.name
            ));
        }
        let labels = cells.get(2).cloned().unwrap_or_default();
        if labels != metric.labels {
            let labels = labels.join(", ");
            let name = metric.name;
            violations.push(format!("{name}: {OPERATIONS} tells other labels: {labels}"));
        }
    }
    violations
}

/// Histograms are documented by their own name; a query may name what is derived from it.
fn documented_metrics(text: &str, code: &Names) -> Names {
    words(text, "integrator_", is_of_metric)
        .into_iter()
        .map(|name| {
            let base = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| name.strip_suffix(end));
            base.filter(|base| code.contains(*base))
                .map_or(name.clone(), str::to_owned)
        })
        .collect()
}

fn codes_of_code() -> Names {
    Code::ALL.map(Code::as_str).map(str::to_owned).into()
}

/// Codes: rows of the table of errors, which begin with an HTTP status, hold them in their second
/// cell.
fn documented_codes(text: &str) -> Names {
    let is_status = |cell: &str| {
        let mut statuses = cell.split('/').map(str::trim).peekable();
        statuses.peek().is_some()
            && statuses
                .all(|status| status.len() == 3 && status.bytes().all(|b| b.is_ascii_digit()))
    };
    text.lines()
        .filter(|line| {
            let first = line.trim().trim_start_matches('|').split('|').next();
            line.trim().starts_with('|')
                && first.is_some_and(|cell| is_status(cell.trim_matches([' ', '`'])))
        })
        .filter_map(|line| cells(line).get(1).cloned())
        .flatten()
        .map(str::to_owned)
        .collect()
}

/// Every command that does something by itself, as its words.
fn commands_of_code() -> Names {
    fn leaves(command: &clap::Command, before: &str, found: &mut Names) {
        for sub in command
            .get_subcommands()
            .filter(|sub| sub.get_name() != "help")
        {
            let words = format!("{before}{}", sub.get_name());
            if sub.has_subcommands() {
                leaves(sub, &format!("{words} "), found);
            } else {
                found.insert(words);
            }
        }
    }
    let mut found = Names::new();
    leaves(&Cli::command(), "", &mut found);
    found
}

/// Commands that a page shows: what follows the program's name where code stands.
fn documented_commands(text: &str, known: &Names) -> Names {
    let mut found = Names::new();
    for (at, name) in text.match_indices(PROGRAM) {
        let rest = text.get(at + name.len()..).unwrap_or_default();
        let Some(rest) = rest.strip_prefix(' ') else {
            continue;
        };
        let is_code = is_in_code(text, at);
        let line = rest.split(['\n', '`', '#']).next().unwrap_or_default();
        let words: Vec<&str> = line
            .split(' ')
            .take_while(|word| {
                !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
            })
            .take_while(|word| !word.starts_with('-'))
            .collect();
        let longest = (1..=words.len())
            .rev()
            .map(|count| words.get(..count).unwrap_or_default().join(" "));
        let shown = longest.clone().find(|shown| known.contains(shown));
        if let Some(shown) = shown
            .or_else(|| words.first().map(|word| (*word).to_owned()))
            .filter(|_| is_code)
        {
            found.insert(shown);
        }
    }
    found
}

/// Whether a place of a Markdown text stands in a fenced block or between backticks.
fn is_in_code(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let fences = before
        .lines()
        .filter(|line| line.trim_start().starts_with("```"))
        .count();
    let line = before.rsplit('\n').next().unwrap_or_default();
    fences % 2 == 1 || line.matches('`').count() % 2 == 1
}

#[test]
fn every_setting_and_variable_is_documented_and_no_other() {
    let tree = Tree::of_repository();
    let mut violations = compared(
        &tree,
        "setting",
        CONFIGURATION,
        &settings_of_code(),
        documented_settings,
    );
    violations.extend(compared(
        &tree,
        "variable",
        CONFIGURATION,
        &variables_of_code(),
        |text| words(text, "APP_ATTEST_", is_of_variable),
    ));
    violations.extend(unknown_examples(&tree));
    holds("settings and variables", &violations);
}

#[test]
fn every_metric_is_documented_and_no_other() {
    let tree = Tree::of_repository();
    let code = metrics_of_code();
    let mut violations = compared(&tree, "metric", OPERATIONS, &code, |text| {
        documented_metrics(text, &code)
    });
    let page = tree.file(OPERATIONS).map_or("", |file| &file.text);
    violations.extend(metrics_told_otherwise(page, DEFINITIONS));
    holds("metrics", &violations);
}

#[test]
fn every_error_code_is_documented_and_no_other() {
    let tree = Tree::of_repository();
    holds(
        "error codes",
        &compared(&tree, "error code", API, &codes_of_code(), documented_codes),
    );
}

#[test]
fn every_command_is_documented_and_no_other() {
    let tree = Tree::of_repository();
    let code = commands_of_code();
    let violations = compared(&tree, "command", README, &code, |text| {
        documented_commands(text, &code)
    });
    holds("commands", &violations);
}

#[test]
fn pages_that_lack_or_invent_names_are_seen() {
    let code: Names = ["a".to_owned(), "b".to_owned()].into();
    let page: Names = ["b".to_owned(), "c".to_owned()].into();
    sees(
        &differences("x", "p", &code, &page),
        &["does not document the x a", "documents the x c"],
    );
    sees(
        &compared(&Tree::planted(&[]), "x", "p.md", &code, |_| Names::new()),
        &["p.md is missing"],
    );
    let planted = Tree::planted(&[(
        "a.md",
        "`INTEGRATOR__BACKENDS__PAY__BASE_URL` INTEGRATOR__FLOWS__MOST INTEGRATOR__SECTION__KEY",
    )]);
    sees(
        &unknown_examples(&planted),
        &["a.md: INTEGRATOR__FLOWS__MOST"],
    );
    let metrics: Names = ["integrator_replays_total".to_owned()].into();
    let told =
        "rate(integrator_replays_total[5m]) integrator_replays_total_count integrator_no_bucket";
    assert_eq!(
        documented_metrics(told, &metrics),
        [
            "integrator_no_bucket".to_owned(),
            "integrator_replays_total".to_owned()
        ]
        .into()
    );
}

#[test]
fn a_metric_that_the_table_tells_otherwise_is_seen() {
    let metric = |name, kind, labels| Definition {
        name,
        kind,
        labels,
        help: "",
    };
    let code = [
        metric("x_total", Kind::Counter, &["a", "b"]),
        metric("y", Kind::Gauge, &[]),
        metric("z", Kind::Gauge, &[]),
    ];
    let page = "| `x_total` | counter | `a` | |\n| `y` | counter | | |\nthe metric `z`";
    sees(
        &metrics_told_otherwise(page, &code),
        &["x_total: ", "y: ", "has no row for z"],
    );
}

#[test]
fn names_are_read_where_pages_hold_them() {
    let codes = "| HTTP | code |\n| --- | --- |\n| 401 / 403 | `one` / `two` | `no` |\n| x | `no` |\n`404` `no`";
    assert_eq!(
        documented_codes(codes),
        ["one".to_owned(), "two".to_owned()].into()
    );
    let settings = "| `flows.max` | `a.b` |\n| `flows` | |\n`x.y`";
    assert_eq!(
        documented_settings(settings),
        ["flows.max".to_owned()].into()
    );
    let known: Names = ["check".to_owned(), "protocol list".to_owned()].into();
    let page = "the appattest-integrator is `appattest-integrator check` and\n```\n\
                appattest-integrator protocol list --json\nappattest-integrator fly now\n```\n";
    assert_eq!(
        documented_commands(page, &known),
        [
            "check".to_owned(),
            "fly".to_owned(),
            "protocol list".to_owned()
        ]
        .into()
    );
}
