//! One pass over the TOML of the file, in its order, so that all that is wrong in it is told at once.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::environment::Environment;
use super::raw::{Raw, quoted};
use super::registry;
use super::setting::{Kind, Setting};
use super::settled::Settled;
use super::source::Source;
use super::value::{Value, is_name};
use super::{auth, backends, headers};
use crate::problems::Problem;

/// One pass over the file.
pub(super) struct Walk<'a> {
    path: &'a str,
    text: &'a str,
    environment: &'a Environment,
    settled: &'a mut Settled,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        path: &'a str,
        text: &'a str,
        environment: &'a Environment,
        settled: &'a mut Settled,
    ) -> Self {
        Walk {
            path,
            text,
            environment,
            settled,
        }
    }

    /// Every entry of the file.
    pub(super) fn file(&mut self, document: &DeTable<'_>) {
        self.table("", document);
    }

    /// Takes errors of the TOML itself, each with where it is and what is wrong there.
    pub(super) fn not_toml(&mut self, errors: impl IntoIterator<Item = (usize, String)>) {
        self.settled.file_understood = false;
        for (offset, message) in errors {
            let text = format!("{}:{}: not TOML: {message}", self.path, self.line(offset));
            self.settled.problems.push(Problem::new(text));
        }
    }

    /// Every entry of the table that `prefix` names, in the order of the file.
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in in_order(table) {
            self.entry(prefix, key.get_ref(), key.span().start, value);
        }
    }

    fn entry(&mut self, prefix: &str, key: &str, offset: usize, value: &Spanned<DeValue<'_>>) {
        let path = if prefix.is_empty() {
            key.to_owned()
        } else {
            format!("{prefix}.{key}")
        };
        if prefix == backends::SECTION && !is_name(key) {
            let text = format!(
                "{} names no backend; allowed: {}",
                quoted(key),
                Kind::Name.allowed()
            );
            return self.problem(backends::SECTION, offset, text);
        }
        // A key that itself holds a dot is none of ours, whatever its path would read as.
        match registry::find(&path).filter(|_| !key.contains('.')) {
            Some(setting) => self.setting(setting, &path, value),
            None if registry::is_section(&path) && !key.contains('.') => {
                self.section(&path, offset, value);
            }
            None => self.unknown(prefix, key, offset),
        }
    }

    fn setting(&mut self, setting: &Setting, path: &str, value: &Spanned<DeValue<'_>>) {
        match (setting.kind, value.get_ref()) {
            (Kind::Headers, DeValue::Table(table)) => self.headers(path, value.span().start, table),
            _ => {
                let source = self.source(value.span().start);
                self.settled
                    .take(path, source, setting.read(Raw::Toml(value.get_ref())));
            }
        }
    }

    fn section(&mut self, path: &str, offset: usize, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::Array(tables) if registry::is_array(path) => {
                if let Some(first) = tables.iter().next() {
                    self.callers(path, first.span().start, tables.iter());
                }
            }
            DeValue::Table(table) if !registry::is_array(path) => {
                let source = self.source(offset);
                self.settled.note_backend(path, &source);
                self.table(path, table);
            }
            other => {
                let wanted = if registry::is_array(path) {
                    "an array of tables"
                } else {
                    "a table"
                };
                let keys = registry::names_in(path).join(", ");
                let found = Raw::Toml(other).found(&Kind::Headers);
                self.problem(
                    path,
                    offset,
                    format!("found {found}; allowed: {wanted} with {keys}"),
                );
            }
        }
    }

    /// Callers are refused as a whole, and checked all the same.
    fn callers<'v>(
        &mut self,
        path: &str,
        offset: usize,
        tables: impl Iterator<Item = &'v Spanned<DeValue<'v>>>,
    ) {
        let lacking = registry::find(auth::MODE)
            .map(Setting::lacking)
            .unwrap_or_default();
        self.problem(path, offset, format!("{lacking}; leave the callers out"));
        for table in tables {
            match table.get_ref() {
                DeValue::Table(entries) => self.table(path, entries),
                other => {
                    let found = Raw::Toml(other).found(&Kind::Headers);
                    self.problem(
                        path,
                        table.span().start,
                        format!("found {found}; allowed: a table"),
                    );
                }
            }
        }
    }

    fn headers(&mut self, path: &str, offset: usize, table: &DeTable<'_>) {
        let mut read: Vec<(String, String)> = Vec::new();
        let before = self.settled.problems.len();
        for (key, value) in in_order(table) {
            match headers::read(key.get_ref(), value, self.environment) {
                Ok((name, _)) if read.iter().any(|(known, _)| *known == name) => {
                    self.header_problem(
                        path,
                        key,
                        "this header is there twice, in another case; keep one".to_owned(),
                    );
                }
                Ok(header) => read.push(header),
                Err(text) => self.header_problem(path, key, text),
            }
        }
        if self.settled.problems.len() == before {
            let source = self.source(offset);
            self.settled.take(path, source, Ok(Value::Headers(read)));
        }
    }

    fn header_problem(&mut self, path: &str, key: &Spanned<Cow<'_, str>>, text: String) {
        let shown = key.get_ref().escape_debug();
        self.problem(&format!("{path}.{shown}"), key.span().start, text);
    }

    fn unknown(&mut self, prefix: &str, key: &str, offset: usize) {
        let known = registry::names_in(prefix);
        let elsewhere = registry::settings().find(|setting| setting.key() == key);
        let meant = match (registry::nearest(key, known.iter().copied()), elsewhere) {
            (Some(meant), _) => format!(" (did you mean {meant}?)"),
            (None, Some(setting)) => format!(" (did you mean {}?)", setting.path),
            (None, None) => String::new(),
        };
        let place = if prefix.is_empty() {
            "the file".to_owned()
        } else {
            format!("[{prefix}]")
        };
        let path = if prefix.is_empty() {
            quoted(key)
        } else {
            format!("{prefix}.{}", key.escape_debug())
        };
        self.problem(
            &path,
            offset,
            format!("unknown key{meant}; {place} has: {}", known.join(", ")),
        );
    }

    fn problem(&mut self, key: &str, offset: usize, text: String) {
        let problem = Problem::at(key, self.source(offset), text);
        self.settled.problems.push(problem);
    }

    fn source(&self, offset: usize) -> Source {
        Source::File {
            path: self.path.to_owned(),
            line: self.line(offset),
        }
    }

    fn line(&self, offset: usize) -> usize {
        1 + self
            .text
            .bytes()
            .take(offset)
            .filter(|byte| *byte == b'\n')
            .count()
    }
}

type Entry<'a, 'i> = (&'a Spanned<Cow<'i, str>>, &'a Spanned<DeValue<'i>>);

/// The entries of a table in the order of the file.
fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<Entry<'a, 'i>> {
    let mut entries: Vec<Entry<'a, 'i>> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}
