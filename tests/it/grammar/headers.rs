//! Headers of the caller's that go along.

use super::{EXAMPLE, begun, service};
use crate::harness::{Answer, Request, Setup};

#[tokio::test]
async fn a_named_header_goes_along_with_every_value_and_no_other_does() {
    let service = service("i", "p").await;
    service.backend.always("/notices", Answer::status(202, ""));
    let handle = service.started("{}").await;

    let request = Request::post(format!("/v1/flows/{handle}/notice"), "x")
        .header("webhook-signature", "v1,one")
        .header("Webhook-Signature", "v1,two")
        .header("x-secret", "stays")
        .header("cookie", "stays");
    let reply = service.ask(request).await;

    assert_eq!(reply.status, 200, "{}", reply.text());
    let headers = service.backend.last().headers;
    let signatures: Vec<&str> = headers
        .iter()
        .filter(|(name, _)| name == "webhook-signature")
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(signatures, ["v1,one", "v1,two"]);
    let stray = headers.iter().any(|(_, value)| value == "stays");
    assert!(!stray && service.backend.last().header("webhook-id").is_none());
}

#[tokio::test]
async fn a_header_that_the_caller_keeps_to_its_connection_does_not_go_along() {
    let service = service("i", "p").await;
    service.backend.always("/notices", Answer::status(202, ""));
    let handle = service.started("{}").await;

    let request = Request::post(format!("/v1/flows/{handle}/notice"), "x")
        .header("connection", "keep-alive, Webhook-ID")
        .header("webhook-id", "stays")
        .header("webhook-signature", "goes");
    service.ask(request).await;

    let seen = service.backend.last();
    assert_eq!(seen.header("webhook-id"), None);
    assert_eq!(seen.header("webhook-signature"), Some("goes"));
}

#[tokio::test]
async fn a_configured_header_of_the_backend_is_not_the_callers_to_replace() {
    let setup = Setup {
        backend_headers: vec![("x-tag".to_owned(), "configured".to_owned())],
        ..Setup::protocol(EXAMPLE)
    };
    let service = setup.start().await;
    service.backend.always("/begin", begun("i", "p"));
    service.backend.always("/things/p/of/i", Answer::json("{}"));
    let handle = service.started("{}").await;

    let request = Request::post(format!("/v1/flows/{handle}/look"), "").header("x-tag", "callers");
    service.ask(request).await;

    assert_eq!(service.backend.last().header("x-tag"), Some("configured"));
}
