//! The table of all error codes.

use super::Page;
use super::example::named;
use super::html::Html;
use crate::openapi::codes::{CodeFacts, advice, occasion};
use crate::orchestrator::code::Code;

/// Writes it, in the order of the statuses.
pub(super) fn section(
    html: &mut Html,
    page: &Page<'_>,
    facts: fn(Code) -> CodeFacts,
) -> Result<(), serde_json::Error> {
    let mut codes: Vec<(CodeFacts, Code)> = page
        .codes
        .iter()
        .map(|code| (facts(*code), *code))
        .collect();
    codes.sort_by_key(|(facts, code)| (facts.status, *code));
    let mut outcome = Ok(());
    for (facts, code) in codes {
        let name = code.as_str();
        html.element("article", &[("id", &format!("code-{name}"))], |html| {
            html.element("h3", &[], |html| {
                html.element("span", &[("class", "status")], |html| {
                    html.text(&facts.status.to_string());
                });
                html.of("code", name);
            });
            html.element("p", &[], |html| {
                html.when(occasion(code)).line(advice(code));
            });
            html.element("p", &[("class", "kind")], |html| {
                html.text(again(&facts));
            });
            let written = named(html, page, name);
            if outcome.is_ok() {
                outcome = written;
            }
        });
    }
    outcome
}

const fn again(facts: &CodeFacts) -> &'static str {
    match (facts.retryable, facts.waits) {
        (true, true) => "retryable, after the Retry-After seconds",
        (true, false) => "retryable",
        (false, _) => "not retryable",
    }
}
