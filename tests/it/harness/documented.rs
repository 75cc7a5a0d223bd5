//! Every reply that a test gets is one that the document of the service foresees: its status, its
//! code and its headers, at its path and method.

use std::sync::LazyLock;

use appattest_integrator::api;
use serde_json::{Map, Value};

use super::client::Reply;

/// Headers that HTTP itself has, and that replies carry for it.
const OF_HTTP: [&str; 4] = [
    "connection",
    "content-length",
    "content-type",
    "transfer-encoding",
];
/// Headers that tell browsers how to treat pages and streams.
const OF_BROWSERS: [&str; 4] = [
    "cache-control",
    "content-security-policy",
    "referrer-policy",
    "x-content-type-options",
];

/// Headers that every problem may have.
const OF_PROBLEMS: [&str; 2] = ["x-integrator-error", "x-correlation-id"];
/// What is said of a path that a listener does not have.
const NO_PATH: &str = "no such path here. Flows begin at POST /v1/flows/start.";

static PATHS: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    let document = api::openapi().expect("the document is made");
    let document = serde_json::to_value(document).expect("it is JSON");
    document["paths"].as_object().expect("paths").clone()
});

/// Fails where the document does not foresee this reply. Paths and methods that it does not have
/// are refused as such, which is not its business.
pub(crate) fn foreseen(method: &str, target: &str, reply: &Reply) {
    let path = target.split('?').next().unwrap_or(target);
    let method = if method == "HEAD" {
        "get"
    } else {
        &*method.to_lowercase()
    };
    let Some(operation) = item(path).and_then(|item| item.get(method)) else {
        return;
    };
    let code = reply.header("x-integrator-error");
    let foreseen = &operation["responses"][reply.status.to_string()];
    if code == Some("not_found") && foreseen.is_null() {
        elsewhere(operation, &format!("{method} {path}"), reply);
        return;
    }
    assert!(foreseen.is_object(), "{method} {path}: {reply:?}");
    if let Some(code) = code {
        let codes = &foreseen["headers"]["X-Integrator-Error"]["schema"]["enum"];
        let codes = codes.as_array().expect("codes");
        assert!(
            codes.iter().any(|known| known == code),
            "{method} {path}: {reply:?}"
        );
    }
    let declared = foreseen["headers"].as_object();
    for (name, _) in &reply.headers {
        let mut declared = declared.into_iter().flat_map(Map::keys);
        assert!(
            OF_HTTP.contains(&name.as_str())
                || OF_BROWSERS.contains(&name.as_str())
                || declared.any(|known| known.eq_ignore_ascii_case(name)),
            "{method} {path}: header {name} of {reply:?}"
        );
    }
}

/// Fails where a route that is never refused so is not merely one of the other listener.
fn elsewhere(operation: &Value, route: &str, reply: &Reply) {
    let listeners = operation["x-listeners"].as_array().expect("listeners");
    assert_eq!(listeners.len(), 1, "{route}: {reply:?}");
    if !reply.body.is_empty() {
        assert_eq!(reply.string("/detail"), NO_PATH, "{route}: {reply:?}");
    }
    for (name, _) in &reply.headers {
        assert!(
            OF_HTTP.contains(&name.as_str()) || OF_PROBLEMS.contains(&name.as_str()),
            "{route}: header {name} of {reply:?}"
        );
    }
}

/// The path of the document that a path is: a name that stands there beats a parameter.
fn item(path: &str) -> Option<&'static Value> {
    let matching = PATHS.iter().filter_map(|(template, item)| {
        let (mut known, mut given) = (template.split('/'), path.split('/'));
        let mut parameters = 0;
        loop {
            match (known.next(), given.next()) {
                (None, None) => return Some((parameters, item)),
                (Some(known), Some(given)) if known.starts_with('{') && !given.is_empty() => {
                    parameters += 1;
                }
                (Some(known), Some(given)) if known == given => {}
                _ => return None,
            }
        }
    });
    matching
        .min_by_key(|(parameters, _)| *parameters)
        .map(|(_, item)| item)
}

fn not_found(headers: &[&str], detail: &str) -> Reply {
    let code = ("x-integrator-error", "not_found");
    let others = headers.iter().map(|name| (*name, "1"));
    let headers = std::iter::once(code).chain(others);
    Reply {
        status: 404,
        headers: headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        body: format!(r#"{{"detail":"{detail}"}}"#).into_bytes(),
    }
}

#[test]
fn a_route_of_the_other_listener_is_foreseen_to_be_unknown() {
    foreseen("GET", "/health", &not_found(&[], NO_PATH));
}

#[test]
#[should_panic(expected = "get /health")]
fn a_route_that_has_nothing_to_find_is_not_foreseen_to_find_nothing() {
    foreseen("GET", "/health", &not_found(&[], "no flow has this handle"));
}

#[test]
#[should_panic(expected = "get /livez")]
fn a_route_of_both_listeners_is_not_foreseen_to_be_unknown() {
    foreseen("GET", "/livez", &not_found(&[], NO_PATH));
}

#[test]
#[should_panic(expected = "header retry-after")]
fn a_header_that_the_document_does_not_have_is_not_foreseen_where_nothing_is_found() {
    let reply = not_found(&["retry-after"], "no flow has this handle");
    foreseen("GET", "/v1/flows/a/status", &reply);
}
