//! What the grammar has and this build does not execute: checked like the rest,
//! then refused, so that no definition is half obeyed.

use super::super::call::{self, MethodText};
use super::super::definition::{CallbackDefinition, Place, StepDefinition, Text, Texts};
use super::super::limits::HEADERS_MAX;
use super::super::name::quoted;
use super::super::problem::Problems;
use super::super::source;
use super::members::{self, SourcePlace};
use super::scope::Scope;

/// Request headers that are not the caller's to hand through: framing,
/// connection control, and those that carry the integrator's own contract.
const OWN_HEADERS: &[&str] = &[
    "host",
    "content-length",
    "content-type",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-correlation-id",
    "idempotency-key",
    "idempotent-replayed",
    "retry-after",
    "traceparent",
    "tracestate",
    "x-flow-handle",
    "x-backend-status",
    "repr-digest",
    "last-event-id",
    "x-integrator-error",
];

/// Checks everything about the way a step is called; returns the path.
pub(super) fn call(
    definition: &StepDefinition,
    is_start: bool,
    scope: &Scope<'_>,
    problems: &mut Problems<'_>,
) -> String {
    if let Some(headers) = &definition.headers {
        check_headers(headers, problems);
    }
    if let Some(callback) = &definition.callback {
        check_callback(callback, problems);
    }
    let method = definition
        .call
        .as_ref()
        .and_then(|text| call::parse(&text.value).method);
    if let Some(body) = &definition.body {
        check_body(body, method, problems);
    }
    match &definition.call {
        Some(text) => checked_path(text, is_start, scope, problems),
        None => String::new(),
    }
}

fn checked_path(
    text: &Text,
    is_start: bool,
    scope: &Scope<'_>,
    problems: &mut Problems<'_>,
) -> String {
    let call = call::parse(&text.value);
    for message in call.problems {
        problems.wrong(&text.place, message);
    }
    for source in &call.sources {
        if let Err(message) = members::source(source, SourcePlace::Path, is_start, scope) {
            problems.wrong(&text.place, message);
        }
    }
    if !call.sources.is_empty() {
        unsupported("a source in the path of a call", &text.place, problems);
    }
    if call.method == Some(MethodText::Get) {
        unsupported("a GET call", &text.place, problems);
    }
    call.path
}

fn check_body(body: &Text, method: Option<MethodText>, problems: &mut Problems<'_>) {
    match body.value.as_str() {
        "json" => {}
        "form" | "raw" => {
            let what = format!("body = {:?}", body.value);
            unsupported(&what, &body.place, problems);
        }
        found => {
            let found = quoted(found);
            let message =
                format!("found {found}; allowed: \"json\" (the default), \"form\" and \"raw\"");
            problems.wrong(&body.place, message);
        }
    }
    if method == Some(MethodText::Get) {
        let message =
            "a GET call has no body: its members are sent as query parameters; leave `body` out";
        problems.wrong(&body.place, message);
    }
}

fn check_headers(headers: &Texts, problems: &mut Problems<'_>) {
    if headers.value.len() > HEADERS_MAX {
        let message = format!(
            "{} names; at most {HEADERS_MAX} are allowed",
            headers.value.len()
        );
        problems.wrong(&headers.place, message);
    }
    let mut seen: Vec<String> = Vec::new();
    for header in &headers.value {
        let name = header.value.to_ascii_lowercase();
        let found = quoted(&header.value);
        if !is_header_name(&name) {
            problems.wrong(&header.place, format!("{found} is no header name"));
        } else if OWN_HEADERS.contains(&name.as_str()) {
            let message = format!(
                "{found} belongs to the connection or to the integrator's own contract and is never passed on"
            );
            problems.wrong(&header.place, message);
        } else if seen.contains(&name) {
            problems.wrong(&header.place, format!("{found} is named twice"));
        }
        seen.push(name);
    }
    unsupported("`headers`", &headers.place, problems);
}

fn is_header_name(name: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(token)
}

fn check_callback(callback: &CallbackDefinition, problems: &mut Problems<'_>) {
    if let Some(text) = &callback.matches
        && let Err(message) = source::pointer(&text.value)
    {
        problems.wrong(&text.place, message);
    }
    unsupported("`callback`", &callback.place, problems);
}

fn unsupported(what: &str, place: &Place, problems: &mut Problems<'_>) {
    problems.wrong(place, format!("{what} is not supported by this build"));
}
