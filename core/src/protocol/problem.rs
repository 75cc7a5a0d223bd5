//! What is wrong with a definition, and where.

use core::fmt;
use std::collections::BTreeSet;

use super::definition::Place;

/// One thing that is wrong (or, as a warning, odd) in a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, as the caller named it.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// The key that it is about, such as `steps.assert.from`; empty for the
    /// file as a whole.
    pub key: String,
    /// What was found and what is allowed.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// A mistake in TOML is taken as a consequence of one so few lines before it.
const SYNTAX_LINES_CLOSE: usize = 2;

/// Everything found so far in one definition.
pub(super) struct Problems<'t> {
    file: &'t str,
    text: &'t str,
    errors: Vec<(usize, Problem)>,
    warnings: Vec<(usize, Problem)>,
    /// Lines that are not TOML.
    syntax_lines: BTreeSet<usize>,
    graph_broken: bool,
}

impl<'t> Problems<'t> {
    pub(super) fn new(file: &'t str, text: &'t str) -> Self {
        Self {
            file,
            text,
            errors: Vec::new(),
            warnings: Vec::new(),
            syntax_lines: BTreeSet::new(),
            graph_broken: false,
        }
    }

    /// Something that leaves the graph of states and facts as it is meant.
    pub(super) fn wrong(&mut self, place: &Place, message: impl Into<String>) {
        let problem = self.problem(place, message.into());
        let near = problem.line..=problem.line + 1;
        if self.syntax_lines.range(near).next().is_none() {
            self.errors.push((place.at, problem));
        }
    }

    /// Something without which the graph cannot be judged: proofs would only
    /// tell consequences of it.
    pub(super) fn broken(&mut self, place: &Place, message: impl Into<String>) {
        self.graph_broken = true;
        self.wrong(place, message);
    }

    /// Text that is not TOML. Of lines that follow each other closely only the
    /// first mistake is told: the others are mostly consequences of it.
    pub(super) fn syntax(&mut self, at: usize, message: impl Into<String>) {
        let key = String::new();
        let problem = self.problem(&Place { at, key }, message.into());
        self.graph_broken = true;
        let line = problem.line;
        let close = line.saturating_sub(SYNTAX_LINES_CLOSE)..=line;
        if self.syntax_lines.range(close).next().is_none() {
            self.errors.push((at, problem));
        }
        self.syntax_lines.insert(line);
    }

    /// Something that must be there. It is not asked for in text that is not
    /// TOML, where it may only have been lost.
    pub(super) fn missing(&mut self, place: &Place, message: impl Into<String>) {
        if self.syntax_lines.is_empty() {
            self.broken(place, message);
        }
    }

    /// Something allowed but probably not meant.
    pub(super) fn odd(&mut self, place: &Place, message: impl Into<String>) {
        let problem = self.problem(place, message.into());
        self.warnings.push((place.at, problem));
    }

    /// Whether proofs about the graph would mean something.
    pub(super) fn graph_is_known(&self) -> bool {
        !self.graph_broken
    }

    /// The errors if there are any, else the warnings, in the order of the
    /// file.
    pub(super) fn finish(self) -> Result<Vec<Problem>, Vec<Problem>> {
        if self.errors.is_empty() {
            Ok(in_order(self.warnings))
        } else {
            Err(in_order(self.errors))
        }
    }

    fn problem(&self, place: &Place, message: String) -> Problem {
        let before = self.text.get(..place.at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let on_line = before.get(line_start..).unwrap_or_default();
        Problem {
            file: self.file.to_owned(),
            line: 1 + before.bytes().filter(|byte| *byte == b'\n').count(),
            column: 1 + on_line.chars().count(),
            key: place.key.clone(),
            message,
        }
    }
}

fn in_order(mut found: Vec<(usize, Problem)>) -> Vec<Problem> {
    found.sort_by_key(|(at, _)| *at);
    let mut problems: Vec<_> = found.into_iter().map(|(_, problem)| problem).collect();
    problems.dedup();
    problems
}
