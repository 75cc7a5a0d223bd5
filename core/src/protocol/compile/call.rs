//! How a step's request reaches the backend: method, path, body, headers; and how a callback finds
//! its flow.

use super::super::call_text::{self, MethodText, PieceText};
use super::super::definition::{CallbackDefinition, Pairs, StepDefinition, Text, Texts};
use super::super::limits::HEADERS_MAX;
use super::super::name::quoted;
use super::super::problem::Problems;
use super::super::source;
use super::super::step::{PathPiece, PathTemplate, Sends};
use super::super::table::StepId;
use super::members::{self, SourcePlace};
use super::scope::Scope;
use crate::json::Pointer;

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
    "expect",
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

/// The path of a step's call; what is wrong with it is reported.
pub(super) fn path(
    definition: &StepDefinition,
    own: StepId,
    scope: &Scope<'_>,
    problems: &mut Problems<'_>,
) -> PathTemplate {
    let mut path = PathTemplate {
        text: String::new(),
        pieces: Vec::new(),
    };
    let Some(text) = &definition.call else {
        return path;
    };
    let call = call_text::parse(&text.value);
    for message in call.problems {
        problems.wrong(&text.place, message);
    }
    call.path.clone_into(&mut path.text);
    for piece in call.pieces {
        match piece {
            PieceText::Written(written) => path.pieces.push(PathPiece::Written(written.into())),
            PieceText::Source(source) => {
                match members::source(source, SourcePlace::Path, own, scope) {
                    Ok(source) => path.pieces.push(PathPiece::Value(source)),
                    Err(message) => problems.broken(&text.place, message),
                }
            }
        }
    }
    path
}

/// How what a step sends travels. A body that is sent untouched is not read either: nothing can be
/// required of it, remembered from it, or added to it.
pub(super) fn sends(definition: &StepDefinition, problems: &mut Problems<'_>) -> Sends {
    let is_get = is_get(definition);
    let Some(body) = &definition.body else {
        return if is_get { Sends::Query } else { Sends::Json };
    };
    if is_get {
        let message =
            "a GET call has no body: its members are sent as query parameters; leave `body` out";
        problems.wrong(&body.place, message);
    }
    match body.value.as_str() {
        "json" => Sends::Json,
        "form" => Sends::Form,
        "raw" => {
            nothing_of_members(definition, problems);
            Sends::Raw
        }
        found => {
            let found = quoted(found);
            let message =
                format!("found {found}; allowed: \"json\" (the default), \"form\" and \"raw\"");
            problems.wrong(&body.place, message);
            Sends::Json
        }
    }
}

fn nothing_of_members(definition: &StepDefinition, problems: &mut Problems<'_>) {
    let mut refuse = |name: &Text, list: &str, why: &str| {
        let message = format!(
            "{} stands in `{list}`, but body = \"raw\" sends the request's bytes untouched and unread: {why}. Take it out, or use body = \"json\"",
            quoted(&name.value)
        );
        problems.wrong(&name.place, message);
    };
    let lists = [
        (
            "require",
            &definition.require,
            "nothing can be required of them",
        ),
        (
            "remember",
            &definition.remember,
            "nothing can be remembered from them",
        ),
    ];
    for (list, names, why) in lists {
        for name in names.iter().flat_map(|names: &Texts| &names.value) {
            refuse(name, list, why);
        }
    }
    let tables: [(&str, &Pairs); 2] = [
        ("attach", &definition.attach),
        ("default", &definition.default),
    ];
    for (table, pairs) in tables {
        for (name, _) in pairs {
            refuse(name, table, "nothing can be added to them");
        }
    }
}

/// The request headers that go along, in lower case.
pub(super) fn headers(definition: &StepDefinition, problems: &mut Problems<'_>) -> Vec<String> {
    let Some(headers) = &definition.headers else {
        return Vec::new();
    };
    check_headers(headers, problems);
    let names = headers.value.iter();
    names.map(|name| name.value.to_ascii_lowercase()).collect()
}

/// Where a callback's body holds the backend's id of the flow.
pub(super) fn callback(
    definition: &StepDefinition,
    is_start: bool,
    problems: &mut Problems<'_>,
) -> Option<Pointer> {
    let CallbackDefinition { place, matches } = definition.callback.as_ref()?;
    if is_start {
        let message = "a callback finds a flow by its flowID, and \"start\" makes a new one: give the callback to another step";
        problems.wrong(place, message);
    }
    let text = matches.as_ref()?;
    match source::pointer(&text.value) {
        Ok(pointer) if pointer.tokens().len() > 1 && members_are_scalars(definition) => {
            let message = format!(
                "a callback with a string at {:?} holds an object or an array, which neither a form nor a query can carry: send it on with body = \"raw\" or \"json\"",
                text.value
            );
            problems.wrong(&text.place, message);
            None
        }
        Ok(pointer) => Some(pointer),
        Err(message) => {
            problems.wrong(&text.place, message);
            None
        }
    }
}

/// Whether the step sends a form or a query.
fn members_are_scalars(definition: &StepDefinition) -> bool {
    let is_form = definition
        .body
        .as_ref()
        .is_some_and(|body| body.value == "form");
    is_form || (definition.body.is_none() && is_get(definition))
}

fn is_get(definition: &StepDefinition) -> bool {
    let call = definition.call.as_ref();
    call.is_some_and(|text| call_text::parse(&text.value).method == Some(MethodText::Get))
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
            problems.wrong(
                &header.place,
                format!(
                    "{found} is no header name; one is made of letters, digits and !#$%&'*+-.^_`|~"
                ),
            );
        } else if OWN_HEADERS.contains(&name.as_str()) {
            let message = format!(
                "{found} belongs to the connection or to the integrator's own contract and is never passed on"
            );
            problems.wrong(&header.place, message);
        } else if seen.contains(&name) {
            problems.wrong(
                &header.place,
                format!("{found} is named twice; once is enough"),
            );
        }
        seen.push(name);
    }
}

fn is_header_name(name: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(token)
}
