//! The document of the service: that it says what the service does, and is renewed when that
//! changes.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot arrange what it needs fails"
)]

mod captured;
mod examples;
mod page;
mod routes;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;

use appattest_integrator::api;
use serde_json::Value;

/// Set to renew what is checked in, instead of comparing with it.
const RENEW: &str = "RENEW_OPENAPI";
const DOCUMENT: &str = "docs/openapi.json";

/// The document as the service serves it.
fn document() -> Value {
    let document = api::openapi().expect("the document is made");
    serde_json::to_value(document).expect("it is JSON")
}

/// Holds a file of the tree against what it should be, or renews it.
fn renewed(path: &str, should_be: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if env::var_os(RENEW).is_some() {
        fs::write(&file, should_be).expect("the tree can be written");
    }
    let is = fs::read_to_string(&file).expect("the file is there");
    assert!(
        is == should_be,
        "{path} is not what the service does now. Look at what changed, and renew it: \
         {RENEW}=1 cargo test --test it openapi::"
    );
}

/// Every operation by its name.
fn operations(document: &Value) -> BTreeMap<String, (String, String, Value)> {
    let mut found = BTreeMap::new();
    let paths = document["paths"].as_object().expect("paths");
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("a path") {
            let id = operation["operationId"].as_str().expect("a name");
            let method = method.to_uppercase();
            let known = found.insert(id.to_owned(), (method, path.clone(), operation.clone()));
            assert!(known.is_none(), "two operations {id}");
        }
    }
    found
}

#[tokio::test]
async fn the_checked_in_document_is_the_served_one() {
    let service = crate::harness::Service::start().await;

    let served = service.get("/openapi.json").await;

    served.is_answer();
    renewed(DOCUMENT, &format!("{}\n", served.text()));
}
