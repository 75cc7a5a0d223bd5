//! Log lines against docs/LOGGING.md: every message with its level and its fields is in it, and
//! nothing else is.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{literal, tokens};
use crate::tree::{File, Tree, holds, sees};

const PAGE: &str = "docs/LOGGING.md";
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];
/// What stands in every line.
const ALWAYS: [&str; 4] = ["timestamp", "level", "message", "target"];

type Names = BTreeSet<String>;

/// One message: its levels, and the fields that it may have.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    levels: Names,
    fields: Names,
}

type Messages = BTreeMap<String, Told>;

/// The page in its two tables: messages, and fields.
fn documented(text: &str) -> (Messages, Names) {
    let (mut messages, mut fields) = (Messages::new(), Names::new());
    let mut columns: Vec<String> = Vec::new();
    for line in text.lines() {
        let Some(row) = line.strip_prefix('|') else {
            columns.clear();
            continue;
        };
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        if columns.is_empty() {
            columns = cells.iter().map(|&cell| cell.to_owned()).collect();
            continue;
        }
        let quoted = |cell: &str| -> Names {
            let words = cell.split('`').skip(1).step_by(2);
            words.map(str::to_owned).collect()
        };
        let of = |column: &str| {
            let at = columns.iter().position(|name| name == column);
            at.and_then(|at| cells.get(at)).copied().map(quoted)
        };
        for message in of("message").unwrap_or_default() {
            let told = messages.entry(message).or_default();
            told.levels.extend(of("level").unwrap_or_default());
            told.fields.extend(of("fields").unwrap_or_default());
        }
        fields.extend(of("field").unwrap_or_default());
    }
    (messages, fields)
}

/// What the macros of the log say in one file; with what is wrong with them.
fn said_in(file: &File) -> (Messages, Vec<String>) {
    let (mut messages, mut violations) = (Messages::new(), Vec::new());
    for level in LEVELS {
        let call = format!("tracing::{level}!(");
        for (at, _) in file.text.match_indices(&call) {
            let line = file.text[..at].matches('\n').count() + 1;
            let arguments = arguments(&file.text[at + call.len()..]);
            let Some((message, fields)) = arguments.split_last() else {
                continue;
            };
            let is_text = message.starts_with('"') && literal(message) == Some(message.len());
            if !is_text || message.contains('{') {
                violations.push(format!(
                    "{}:{line}: a line's message is one text without values in it",
                    file.path
                ));
                continue;
            }
            let told = messages.entry(text_of(message)).or_default();
            told.levels.insert(level.to_owned());
            told.fields
                .extend(fields.iter().map(|field| name_of(field)));
        }
    }
    let found = tokens(&file.text);
    let followed = found.iter().zip(found.iter().skip(1));
    let macros = followed.filter(|(_, next)| next.text == "!");
    for (name, _) in macros.filter(|(name, _)| LEVELS.contains(&name.text)) {
        let line = name.line;
        let text = file.text.lines().nth(line - 1).unwrap_or_default();
        if !text.contains("tracing::") {
            violations.push(format!("{}:{line}: write tracing:: before it", file.path));
        }
    }
    (messages, violations)
}

/// The arguments of a call, up to its closing parenthesis.
fn arguments(text: &str) -> Vec<&str> {
    let (mut found, mut begin, mut at, mut depth) = (Vec::new(), 0, 0, 0_usize);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(length) = literal(rest) {
            at += length;
            continue;
        }
        let character = rest.chars().next().unwrap_or_default();
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth > 0 => depth -= 1,
            ',' | ')' if depth == 0 => {
                let argument = text[begin..at].trim();
                if !argument.is_empty() {
                    found.push(argument);
                }
                begin = at + 1;
                if character == ')' {
                    break;
                }
            }
            _ => {}
        }
        at += character.len_utf8();
    }
    found
}

/// The text of a literal, which may go on over lines.
fn text_of(literal: &str) -> String {
    let lines = literal.trim_matches('"').split("\\\n");
    lines.map(str::trim_start).collect()
}

fn name_of(field: &str) -> String {
    let name = field.split('=').next().unwrap_or(field);
    name.trim().trim_start_matches(['%', '?']).to_owned()
}

fn differences(tree: &Tree) -> Vec<String> {
    let (mut said, mut violations) = (Messages::new(), Vec::new());
    for file in tree.rust_under("src/") {
        let (messages, wrong) = said_in(file);
        violations.extend(wrong);
        for (message, told) in messages {
            let all = said.entry(message).or_default();
            all.levels.extend(told.levels);
            all.fields.extend(told.fields);
        }
    }
    let Some(page) = tree.file(PAGE) else {
        return vec![format!("{PAGE} is missing; it lists every line of the log")];
    };
    let (messages, fields) = documented(&page.text);
    for (message, told) in &said {
        match messages.get(message) {
            None => violations.push(format!("{PAGE} does not list `{message}`: {told:?}")),
            Some(listed) if listed != told => violations.push(format!(
                "{PAGE} lists `{message}` with {listed:?}; the code has {told:?}"
            )),
            Some(_) => {}
        }
    }
    let invented = messages
        .keys()
        .filter(|message| !said.contains_key(*message));
    violations
        .extend(invented.map(|message| format!("{PAGE} lists `{message}`, which no code says")));
    let used = said.into_values().flat_map(|told| told.fields);
    let used: Names = used.chain(ALWAYS.map(str::to_owned)).collect();
    let missing = used.difference(&fields);
    violations.extend(missing.map(|field| format!("{PAGE} does not explain the field {field}")));
    let surplus = fields.difference(&used);
    violations.extend(surplus.map(|field| format!("{PAGE} explains {field}, which no line has")));
    violations
}

#[test]
fn every_line_of_the_log_is_documented_with_its_fields_and_no_other() {
    let tree = Tree::of_repository();
    let file = tree.file("src/telemetry/mod.rs").expect("a file that logs");
    assert!(said_in(file).0.contains_key("request"), "lines are read");

    holds("log lines", &differences(&tree));
}

#[test]
fn lines_that_a_page_lacks_or_invents_are_seen() {
    let planted = Tree::planted(&[
        (
            "src/a.rs",
            "fn f() { tracing::warn!(flows = g(1, \"a, b\"), %error, cause, \"it, fell\"); \
             tracing::info!(x = 1, \"said {x}\"); info!(\"bare\") }",
        ),
        (
            PAGE,
            "| message | level | fields |\n| --- | --- | --- |\n| `it, fell` | `warn` | `flows` |\n\
             | `gone` | `info` | |\n\n| field | type |\n| --- | --- |\n| `flows` | number |\n\
             | `old`, `timestamp`, `level`, `message`, `target` | text |\n",
        ),
    ]);

    sees(
        &differences(&planted),
        &[
            "src/a.rs:1: a line's message is one text",
            "lists `it, fell` with",
            "lists `gone`, which no code says",
            "does not explain the field cause",
            "does not explain the field error",
            "explains old, which no line has",
        ],
    );
}
