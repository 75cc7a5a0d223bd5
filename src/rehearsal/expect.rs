//! What a scenario expects of a request, held against what became of it.

use http::HeaderValue;
use integrator_core::flow::message::Payload;
use integrator_core::json::Decimal;
use serde_json::Value as Json;

use super::scenario::{Expect, Request};
use super::scene::{Called, Scene, Told};
use crate::orchestrator::code::Code;

/// Adds to the scene what is not as expected. An expectation without a code expects no problem.
pub(super) fn compare(scene: &mut Scene, request: &Request) {
    let Some(expect) = &request.expect else {
        return;
    };
    if scene.is_stuck() {
        return;
    }
    let mut differences = Vec::new();
    differences.extend(code(scene, expect));
    let state = scene.states.1.as_deref();
    if let Some(expected) = &expect.state
        && state != Some(expected)
    {
        let found = state.unwrap_or("no flow");
        differences.push(format!("state: expected {expected}, found {found}"));
    }
    if let Some(expected) = expect.replayed
        && scene.told.is_replayed() != expected
    {
        differences.push(format!(
            "replayed: expected {expected}, found {}",
            !expected
        ));
    }
    if let Some(expected) = expect.called
        && scene.called.is_some() != expected
    {
        differences.push(format!("called: expected {expected}, found {}", !expected));
    }
    // What follows would only tell consequences.
    scene.stuck = !differences.is_empty();
    differences.extend(call(scene.called.as_ref(), expect));
    if let Some(Json::Object(expected)) = &expect.headers {
        differences.extend(headers(scene.called.as_ref(), expected));
    }
    if let Some(Json::Object(expected)) = &expect.members {
        for (name, expected) in expected {
            let found = scene.members.iter().find(|(known, _)| known == name);
            let found = found.and_then(|(_, text)| serde_json::from_str(text).ok());
            differences.extend(differing(&format!("members.{name}"), expected, found));
        }
    }
    scene.differences.append(&mut differences);
}

fn code(scene: &Scene, expect: &Expect) -> Option<String> {
    let found = scene.told.code().map(Code::as_str);
    if found == expect.code.as_deref() {
        return None;
    }
    let expected = expect.code.as_deref().unwrap_or("no problem");
    let found = match &scene.told {
        Told::Problem { code, detail, .. } => format!("{} ({detail})", code.as_str()),
        Told::Observation | Told::Replayed => "no problem".to_owned(),
    };
    Some(format!("code: expected {expected}, found {found}"))
}

fn call(called: Option<&Called>, expect: &Expect) -> Vec<String> {
    let mut differences = Vec::new();
    if let Some(expected) = &expect.call {
        let found = called.map(Called::line);
        if found.as_ref() != Some(expected) {
            let found = found.unwrap_or_else(|| "no call".to_owned());
            differences.push(format!("call: expected {expected}, found {found}"));
        }
    }
    let Some(expected) = &expect.sent else {
        return differences;
    };
    let Some(called) = called else {
        differences.push("sent: something is expected, but the backend was not called".to_owned());
        return differences;
    };
    differences.extend(sent(called, expected));
    differences
}

/// Headers that must go along, each with this one value.
fn headers(called: Option<&Called>, expected: &serde_json::Map<String, Json>) -> Vec<String> {
    let differing = expected.iter().filter_map(|(name, expected)| {
        let values = called.map(|called| called.headers.get_all(name));
        let values: Vec<String> = values.map_or_else(Vec::new, |values| {
            let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
            values.iter().map(text).collect()
        });
        let found = (!values.is_empty()).then(|| Json::String(values.join(", ")));
        differing(&format!("headers.{name}"), expected, found)
    });
    differing.collect()
}

fn sent(called: &Called, expected: &Json) -> Vec<String> {
    let Json::Object(members) = expected else {
        // The whole body, as text.
        let same = expected.as_str() == Some(&called.body);
        let found = format!("sent: expected {expected}, found {:?}", called.body);
        return if same { Vec::new() } else { vec![found] };
    };
    let differing = members.iter().filter_map(|(name, expected)| {
        let found = match &called.payload {
            Payload::Json(bytes) | Payload::Raw(bytes) => {
                let sent: Option<Json> = serde_json::from_slice(bytes).ok();
                sent.and_then(|sent| sent.get(name).cloned())
            }
            Payload::Form(pairs) | Payload::Query(pairs) => {
                let pair = pairs.iter().find(|(known, _)| known == name);
                pair.map(|(_, value)| Json::String(value.clone()))
            }
        };
        let is_text = matches!(called.payload, Payload::Form(_) | Payload::Query(_));
        let expected = match expected {
            Json::Number(_) | Json::Bool(_) if is_text => &Json::String(expected.to_string()),
            other => other,
        };
        differing(&format!("sent.{name}"), expected, found)
    });
    differing.collect()
}

fn differing(what: &str, expected: &Json, found: Option<Json>) -> Option<String> {
    match found {
        Some(found) if same(expected, &found) => None,
        Some(found) => Some(format!("{what}: expected {expected}, found {found}")),
        None => Some(format!("{what}: expected {expected}, found nothing")),
    }
}

/// Equality of JSON: numbers by value, members in any order.
fn same(one: &Json, other: &Json) -> bool {
    let value = |number: &serde_json::Number| Decimal::parse(number.to_string().as_bytes());
    match (one, other) {
        (Json::Number(one), Json::Number(other)) => value(one) == value(other),
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Json::Object(one), Json::Object(other)) => {
            let in_other = |(name, value): (&String, &Json)| {
                other.get(name).is_some_and(|other| same(value, other))
            };
            one.len() == other.len() && one.iter().all(in_other)
        }
        _ => one == other,
    }
}
