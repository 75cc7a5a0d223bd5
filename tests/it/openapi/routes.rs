//! Routes and operations are the same, on every listener.

use std::collections::BTreeSet;

use appattest_integrator::api::Listener;

use super::{document, operations};
use crate::harness::{Request, Service, Setup};

/// What a path's parameters are filled with, so that no two paths are the same.
fn filled(path: &str) -> String {
    path.replace("{flowHandle}", &"A".repeat(32))
        .replace("{step}", "assert")
        .replace("{protocol}", "app-attest")
        .replace("{name}", "app-attest")
}

/// Whether a listener has a route for a path: then another method than its own is refused as such.
async fn methods(service: &Service, path: &str) -> BTreeSet<String> {
    let reply = service.ask(Request::new("PATCH", filled(path))).await;
    let allowed = reply.header("allow").unwrap_or_default();
    let allowed = allowed.split(',').map(str::trim);
    allowed
        .filter(|method| !method.is_empty() && *method != "HEAD")
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn each_listener_has_the_operations_that_the_document_gives_it_and_no_other() {
    for (listener, name) in [
        (Listener::Whole, None),
        (Listener::Product, Some("main")),
        (Listener::Operator, Some("operators")),
    ] {
        let setup = Setup {
            listener,
            ..Setup::default()
        };
        let service = setup.start().await;
        let document = document();
        let paths = document["paths"].as_object().unwrap();

        for (path, item) in paths {
            let described = item.as_object().unwrap().iter();
            let described: BTreeSet<String> = described
                .filter(|(_, operation)| {
                    let listeners = operation["x-listeners"].as_array().unwrap();
                    name.is_none_or(|name| listeners.iter().any(|known| known == name))
                })
                .map(|(method, _)| method.to_uppercase())
                .collect();
            assert_eq!(methods(&service, path).await, described, "{name:?} {path}");
        }
    }
}

#[test]
fn operations_have_names_of_their_own() {
    assert!(operations(&document()).len() >= 14);
}

#[test]
fn every_error_code_is_answered_by_some_operation_and_described() {
    let document = document();
    let text = document["paths"].to_string();
    for code in appattest_integrator::orchestrator::code::Code::ALL {
        let example = format!("#/components/examples/{}\"", code.as_str());
        assert!(text.contains(&example), "{}", code.as_str());
    }
}

#[tokio::test]
async fn the_start_of_app_attest_is_described_as_its_definition_has_it() {
    let service = Service::start().await;
    let protocol = service.get("/v1/protocols/app-attest").await;
    let document = document();
    for (schema, step) in [("AppAttestStart", "start"), ("AppAttestAssert", "assert")] {
        let described = &document["components"]["schemas"][schema]["required"];
        let defined = protocol.member(&format!("/steps/{step}/require")).unwrap();
        assert_eq!(*described, defined, "{schema}");
    }
}
