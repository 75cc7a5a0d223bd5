//! The page that shows the document.

use appattest_integrator::orchestrator::code::Code;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{document, operations};
use crate::harness::{Reply, Service};

async fn page() -> Reply {
    let reply = Service::start().await.get("/docs").await;
    reply.is_answer();
    reply
}

/// What stands in the page's one element of that name.
fn inside<'a>(page: &'a str, name: &str) -> &'a str {
    let (begin, end) = (format!("<{name}>"), format!("</{name}>"));
    let (_, rest) = page.split_once(&begin).expect("the element begins");
    let (inside, rest) = rest.split_once(&end).expect("the element ends");
    assert!(!rest.contains(&begin), "two elements {name}");
    inside
}

#[tokio::test]
async fn the_page_shows_every_operation_code_schema_and_member() {
    let reply = page().await;
    let page = reply.text();
    let document = document();

    for (id, (method, path, _)) in operations(&document) {
        assert!(page.contains(&format!("<article id=\"{id}\">")), "{id}");
        assert!(
            page.contains(&format!(">{method}</span><code>{path}</code>")),
            "{path}"
        );
    }
    for code in Code::ALL {
        let place = format!("id=\"code-{}\"", code.as_str());
        assert!(page.contains(&place), "{place}");
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas {
        assert!(page.contains(&format!("id=\"schema-{name}\"")), "{name}");
        let members = schema["properties"].as_object();
        for member in members.into_iter().flat_map(serde_json::Map::keys) {
            assert!(
                page.contains(&format!("<code>{member}</code>")),
                "{name}.{member}"
            );
        }
    }
}

#[tokio::test]
async fn every_link_of_the_page_leads_to_a_place_of_the_page_or_to_the_document() {
    let reply = page().await;
    let page = reply.text();

    let mut links = 0;
    for rest in page.split("href=\"").skip(1) {
        let target = rest.split('"').next().unwrap();
        let leads = match target.strip_prefix('#') {
            Some(place) => page.contains(&format!("id=\"{place}\"")),
            None => ["openapi.json", "data:,"].contains(&target),
        };
        assert!(leads, "{target}");
        links += 1;
    }
    assert!(links > 100, "{links}");
    assert!(!page.contains("src="), "nothing is loaded");
}

#[tokio::test]
async fn the_policy_lets_the_pages_own_style_and_script_run_and_nothing_else() {
    let reply = page().await;
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text));

    let style = digest(inside(reply.text(), "style"));
    let script = digest(inside(reply.text(), "script"));

    let policy = format!(
        "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; \
         connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    assert_eq!(reply.header("content-security-policy"), Some(&*policy));
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
}

#[test]
fn no_example_of_the_document_stands_nowhere() {
    let document = document();
    let paths = document["paths"].to_string();
    let examples = document["components"]["examples"].as_object().unwrap();
    for (name, example) in examples {
        let reference = format!("\"#/components/examples/{name}\"");
        assert!(paths.contains(&reference), "{name}");
        assert_ne!(example["value"], Value::Null, "{name}");
    }
}
