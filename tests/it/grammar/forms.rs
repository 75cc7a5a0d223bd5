//! Bodies that are forms.

use super::service;
use crate::harness::Answer;

#[tokio::test]
async fn a_form_carries_the_requests_members_then_those_that_are_attached_then_defaults() {
    let service = service("a b&c", "p").await;
    service.backend.always("/form", Answer::json("{}"));
    let handle = service.started(r#"{"note":7.50}"#).await;

    let body = r#" { "z" : "\u00fc &", "code" : "x", "n": 1e2, "yes":true, "none":null } "#;
    let reply = service.step(&handle, "form", body).await;

    assert_eq!(reply.status, 200, "{}", reply.text());
    let seen = service.backend.last();
    let written = "z=%C3%BC+%26&code=x&n=1e2&yes=true&none=null&id=a+b%26c&note=7.50&part=p";
    assert_eq!(seen.text(), written);
    let content_type = seen.header("content-type");
    assert_eq!(content_type, Some("application/x-www-form-urlencoded"));
}

#[tokio::test]
async fn a_member_that_is_sent_takes_the_place_of_its_default() {
    let service = service("i", "p").await;
    service.backend.always("/form", Answer::json("{}"));
    let handle = service.started(r#"{"note":"kept"}"#).await;

    let body = r#"{"part":"mine","code":"x"}"#;
    service.step(&handle, "form", body).await;

    assert_eq!(
        service.backend.last().text(),
        "part=mine&code=x&id=i&note=kept"
    );
}

#[tokio::test]
async fn a_member_that_no_form_can_hold_is_refused_and_costs_no_call() {
    let service = service("i", "p").await;
    let handle = service.started("{}").await;
    for member in [r#"{"a":1}"#, "[1]", r#""\ud800""#] {
        let calls = service.backend.calls();

        let body = format!(r#"{{"code":"x","secret":{member}}}"#);
        let reply = service.step(&handle, "form", body).await;

        assert_eq!(reply.code().as_deref(), Some("invalid_input"), "{member}");
        let detail = reply.string("/detail");
        assert!(detail.contains("member 2 of the body"), "{detail}");
        assert!(!detail.contains("secret"), "{detail}");
        assert_eq!(service.backend.calls(), calls);
    }
}

#[tokio::test]
async fn an_attached_value_that_no_form_can_hold_is_told_by_its_name() {
    let service = service("i", "p").await;
    let handle = service.started(r#"{"note":{"deep":1}}"#).await;

    let reply = service.step(&handle, "form", r#"{"code":"x"}"#).await;

    assert_eq!(reply.code().as_deref(), Some("invalid_input"));
    let detail = reply.string("/detail");
    assert!(
        detail.contains("this flow has for member 'note'"),
        "{detail}"
    );
}
