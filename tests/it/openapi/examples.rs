//! Examples are replies that the service gives: each is brought about here, and compared with what
//! is checked in.

use serde_json::{Map, Value, json};

use super::captured::{problems, replies};
use super::{document, renewed};
use crate::harness::service::{ASSERT, START};

const EXAMPLES: &str = "src/openapi/examples.json";

#[tokio::test]
async fn examples_are_what_the_service_answers() {
    let mut examples = Map::new();
    let requests = [("app_attest_start", START), ("app_attest_assert", ASSERT)];
    for (name, body) in requests {
        let body: Value = serde_json::from_str(body).unwrap();
        examples.insert(name.to_owned(), body);
    }
    for (name, reply) in replies().await {
        assert_eq!(reply.status, 200, "{name}: {}", reply.text());
        let body = serde_json::from_slice(&reply.body);
        let body = body.unwrap_or_else(|_| json!(reply.text()));
        examples.insert(name.to_owned(), body);
    }
    for reply in problems().await {
        let code = reply.code().expect("a problem");
        examples.insert(code, serde_json::from_slice(&reply.body).unwrap());
    }

    let text = serde_json::to_string_pretty(&examples).unwrap();
    renewed(EXAMPLES, &format!("{text}\n"));
}

#[test]
fn every_reference_of_the_document_leads_somewhere() {
    let document = document();
    let mut left = vec![&document];
    let mut followed = 0;
    while let Some(value) = left.pop() {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let pointer = reference.trim_start_matches('#');
            assert!(document.pointer(pointer).is_some(), "{reference}");
            followed += 1;
        }
        match value {
            Value::Array(items) => left.extend(items),
            Value::Object(members) => left.extend(members.values()),
            _ => {}
        }
    }
    assert!(followed > 100, "{followed}");
}
