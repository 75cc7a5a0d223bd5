//! Where things stand in a scenario file, and what is wrong there.

use toml::de::DeTable;

use crate::problems::{Problem, Problems};

/// A file's text, and the problems found in it so far.
pub(super) struct Places<'a> {
    file: &'a str,
    text: &'a str,
    problems: Vec<(usize, Problem)>,
}

impl<'a> Places<'a> {
    pub(super) fn of(file: &'a str, text: &'a str) -> Self {
        Self {
            file,
            text,
            problems: Vec::new(),
        }
    }

    /// Everything that was found, in the order of the file.
    pub(super) fn into_problems(mut self) -> Problems {
        self.problems.sort_by_key(|(at, _)| *at);
        self.problems
            .into_iter()
            .map(|(_, problem)| problem)
            .collect()
    }

    pub(super) fn is_all_right(&self) -> bool {
        self.problems.is_empty()
    }

    /// A place as people are told it.
    pub(super) fn told(&self, at: usize) -> String {
        let (line, _) = self.line(at);
        format!("{}:{line}", self.file)
    }

    /// The tables of an array of tables, with their places; none where the key is missing.
    pub(super) fn tables<'t>(
        &mut self,
        table: &'t DeTable<'t>,
        key: &str,
    ) -> Vec<(usize, &'t DeTable<'t>)> {
        let Some(value) = table.get(key) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for item in value.get_ref().as_array().into_iter().flatten() {
            match item.get_ref().as_table() {
                Some(table) => found.push((item.span().start, table)),
                None => self.wrong(item.span().start, &format!("{key}: this is no table")),
            }
        }
        if !value.get_ref().is_array() {
            self.wrong(
                value.span().start,
                &format!("{key}: write it as an array of tables: [[…{key}]]"),
            );
        }
        found
    }

    pub(super) fn refuse_unknown(&mut self, table: &DeTable<'_>, known: &[&str]) {
        for name in table
            .keys()
            .filter(|name| !known.contains(&name.get_ref().as_ref()))
        {
            let found = format!(
                "there is no key {:?}. Allowed here: {}",
                name.get_ref(),
                known.join(", ")
            );
            self.wrong(name.span().start, &found);
        }
    }

    pub(super) fn wrong(&mut self, at: usize, what: &str) {
        let (line, column) = self.line(at);
        let text = format!("{}:{line}:{column}: {what}", self.file);
        self.problems.push((at, Problem::new(text)));
    }

    fn line(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let (lines, last) = before
            .rsplit_once('\n')
            .map_or((0, before), |(lines, last)| {
                (lines.matches('\n').count() + 1, last)
            });
        (lines + 1, last.chars().count() + 1)
    }
}
