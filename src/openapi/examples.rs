//! Replies and requests as they were seen: captured by a test that sends them, which fails where
//! the service answers otherwise.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::openapi::example::Example;

use super::entry::captured;

const CAPTURED: &str = include_str!("examples.json");

/// Each with its name.
pub(super) fn all() -> Result<Vec<(String, Example)>, serde_json::Error> {
    let captured_values: BTreeMap<String, Value> = serde_json::from_str(CAPTURED)?;
    let examples = captured_values.into_iter().map(|(name, value)| {
        let summary = summary(&name);
        (name, captured(&summary, value))
    });
    Ok(examples.collect())
}

/// The name as words.
fn summary(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| {
        format!("{}{}", first.to_ascii_uppercase(), characters.as_str())
    })
}
