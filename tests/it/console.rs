//! The console as a document: what it is served under, and that it brings all that it needs.

use appattest_integrator::api::Listener;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::harness::{Service, Setup};

/// What stands between two marks of a document.
fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(from)?;
    Some(rest.split_once(to)?.0)
}

#[tokio::test]
async fn its_policy_allows_the_script_and_the_style_that_stand_in_it_and_nothing_else() {
    let service = Service::start().await;

    let reply = service.get("/console").await;

    let digest = |text: &str| STANDARD.encode(Sha256::digest(text));
    let script = digest(between(reply.text(), "<script>", "</script>").unwrap());
    let style = digest(between(reply.text(), "<style>", "</style>").unwrap());
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; \
         connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    let told = reply.header("content-security-policy");
    assert_eq!(told, Some(policy.as_str()));
}

#[tokio::test]
async fn it_is_a_document_that_nobody_keeps_or_guesses_at() {
    let service = Service::start().await;

    let reply = service.get("/console").await;

    let told = [
        "content-type",
        "cache-control",
        "referrer-policy",
        "x-content-type-options",
    ];
    assert_eq!(
        told.map(|name| reply.header(name)),
        [
            Some("text/html; charset=utf-8"),
            Some("no-store"),
            Some("no-referrer"),
            Some("nosniff"),
        ]
    );
}

#[tokio::test]
async fn it_names_no_address_outside_itself_and_makes_no_markup_of_data() {
    let service = Service::start().await;

    let reply = service.get("/console").await;

    let names = reply
        .text()
        .matches("http")
        .count()
        .saturating_sub(reply.text().matches("http://www.w3.org/2000/svg").count())
        .saturating_sub(reply.text().matches("integrator_http_").count());
    assert_eq!(names, 0, "an address in the page");
    for way in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "eval(",
        "document.write",
    ] {
        assert!(!reply.text().contains(way), "{way}");
    }
}

#[tokio::test]
async fn where_operators_have_a_listener_it_is_there_only() {
    let operator = Service::with(Setup {
        listener: Listener::Operator,
        ..Setup::default()
    });
    let operator = operator.await;
    let product = operator.beside(Setup {
        listener: Listener::Product,
        ..Setup::default()
    });
    let product = product.await;

    let there = operator.get("/console").await;
    let elsewhere = product.get("/console").await;

    assert_eq!((there.status, elsewhere.status), (200, 404));
}
