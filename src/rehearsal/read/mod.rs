//! A scenario file, read: every problem in it is told at once, with its place.

mod asked;
mod expected;

use std::time::Duration;

use integrator_core::protocol::{Protocol, duration};
use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::places::Places;
use super::scenario::{Request, Run, Scenario};
use super::text::RequestText;
use crate::problems::Problems;

/// A scenario file has at most so many bytes.
pub const MOST_BYTES: usize = 1024 * 1024;

/// Reads a scenario for `protocol`; `file` is what messages call it.
///
/// # Errors
///
/// Everything that is wrong with it: what is no scenario, and what the protocol does not have.
pub fn read(file: &str, text: &str, protocol: &Protocol) -> Result<Scenario, Problems> {
    let mut reading = Reading {
        protocol,
        places: Places::of(file, text),
    };
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let at = error.span().map_or(0, |span| span.start);
        reading.wrong(at, &format!("not TOML: {}", error.message()));
    }
    let runs = if errors.is_empty() {
        reading.file(root.get_ref())
    } else {
        Vec::new()
    };
    reading.places.into_problems().or(Scenario { runs })
}

struct Reading<'a> {
    protocol: &'a Protocol,
    places: Places<'a>,
}

impl Reading<'_> {
    fn wrong(&mut self, at: usize, what: &str) {
        self.places.wrong(at, what);
    }

    fn file(&mut self, root: &DeTable<'_>) -> Vec<Run> {
        self.places.refuse_unknown(root, &["run"]);
        let runs = self.places.tables(root, "run");
        if runs.is_empty() && self.places.is_all_right() {
            self.wrong(
                0,
                "there is no run; write [[run]], and below it [[run.request]]",
            );
        }
        runs.into_iter()
            .map(|(at, run)| self.run(at, run))
            .collect()
    }

    fn run(&mut self, at: usize, run: &DeTable<'_>) -> Run {
        self.places.refuse_unknown(run, &["title", "request"]);
        let title = run.get("title").and_then(|title| title.get_ref().as_str());
        if title.is_none_or(|title| title.trim().is_empty()) {
            self.wrong(
                at,
                "run: write title = \"…\": in one sentence, what happens",
            );
        }
        let requests = self.places.tables(run, "request");
        if requests.is_empty() {
            self.wrong(
                at,
                "run: there is no request; write [[run.request]] below it",
            );
        }
        let requests = requests.into_iter();
        Run {
            title: title.unwrap_or_default().to_owned(),
            requests: requests
                .filter_map(|(at, request)| self.request(at, request))
                .collect(),
        }
    }

    fn request(&mut self, at: usize, table: &DeTable<'_>) -> Option<Request> {
        let value = Spanned::new(at..at, DeValue::Table(table.clone()));
        let read = RequestText::deserialize(ValueDeserializer::from(value));
        let text = match read {
            Ok(text) => text,
            Err(error) => {
                let found = error.span().map(|span| span.start);
                self.wrong(
                    found.unwrap_or(at),
                    &format!("run.request: {}", error.message()),
                );
                return None;
            }
        };
        let after = self.after(text.after.as_ref());
        let answer = text.answer.as_ref().and_then(|answer| self.answer(answer));
        let expect = text.expect.as_ref().map(|expect| self.expect(expect));
        Some(Request {
            place: self.places.told(at),
            after,
            asked: self.asked(at, text),
            answer,
            expect,
        })
    }

    fn after(&mut self, text: Option<&Spanned<String>>) -> Duration {
        let Some(text) = text else {
            return Duration::ZERO;
        };
        duration::parse(text.get_ref()).unwrap_or_else(|error| {
            let found = format!("after: found {:?}; {error}", text.get_ref());
            self.wrong(text.span().start, &found);
            Duration::ZERO
        })
    }
}
