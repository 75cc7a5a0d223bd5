//! What stands above the steps: names, title, durations.

use std::time::Duration;

use super::super::definition::{Definition, Text};
use super::super::duration;
use super::super::limits::TITLE_CHARS_MAX;
use super::super::name::{NAME_PATTERN, WIDE_NAME_PATTERN, is_name, is_wide_name, quoted};
use super::super::problem::Problems;

/// How long a terminal flow is kept where the definition does not say.
pub const RETENTION_DEFAULT: Duration = Duration::from_secs(15 * 60);

/// The checked header; a value with a problem has its default.
pub(super) struct Header {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) backend: String,
    pub(super) ttl: Duration,
    pub(super) retention: Duration,
}

pub(super) fn header(definition: &Definition, problems: &mut Problems<'_>) -> Header {
    let retention = definition.retention.as_ref();
    Header {
        name: checked(&definition.protocol, is_name, name_message, problems),
        title: checked(&definition.title, is_title, title_message, problems),
        backend: checked(&definition.backend, is_wide_name, backend_message, problems),
        ttl: duration(definition.ttl.as_ref(), problems).unwrap_or_default(),
        retention: duration(retention, problems).unwrap_or(RETENTION_DEFAULT),
    }
}

fn checked(
    text: &Option<Text>,
    is_good: fn(&str) -> bool,
    message: fn(&str) -> String,
    problems: &mut Problems<'_>,
) -> String {
    let Some(text) = text else {
        return String::new();
    };
    if !is_good(&text.value) {
        problems.wrong(&text.place, message(&text.value));
    }
    text.value.clone()
}

fn duration(text: Option<&Text>, problems: &mut Problems<'_>) -> Option<Duration> {
    let text = text?;
    let duration = duration::parse(&text.value);
    if let Err(error) = duration {
        let found = quoted(&text.value);
        problems.wrong(&text.place, format!("found {found}; {error}"));
    }
    duration.ok()
}

fn is_title(text: &str) -> bool {
    let length = text.chars().count();
    (1..=TITLE_CHARS_MAX).contains(&length) && !text.contains(char::is_control)
}

fn name_message(found: &str) -> String {
    format!(
        "{} is no protocol name; a name is {NAME_PATTERN}",
        quoted(found)
    )
}

fn title_message(_: &str) -> String {
    format!("a title has 1 to {TITLE_CHARS_MAX} characters and no control characters")
}

fn backend_message(found: &str) -> String {
    format!(
        "{} is no backend name; a name is {WIDE_NAME_PATTERN}",
        quoted(found)
    )
}
