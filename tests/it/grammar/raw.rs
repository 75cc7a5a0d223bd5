//! Bodies that nobody reads.

use super::service;
use crate::harness::{Answer, Request};

fn notice(handle: &str, body: &[u8]) -> Request {
    Request::post(format!("/v1/flows/{handle}/notice"), body)
}

#[tokio::test]
async fn bytes_and_content_type_arrive_as_they_were_sent() {
    let service = service("i", "p").await;
    service.backend.always("/notices", Answer::status(202, ""));
    let handle = service.started("{}").await;
    let bodies: [&[u8]; 5] = [
        b"",
        b"\xff\x00\r\n",
        b"{not json",
        b" {\"a\":1,\"a\":2} ",
        b"[]",
    ];
    for body in bodies {
        let request = notice(&handle, body).header("content-type", "text/X; charset=Odd");

        let reply = service.ask(request).await;

        assert_eq!(reply.status, 200, "{}", reply.text());
        let seen = service.backend.last();
        assert_eq!(seen.body, body);
        assert_eq!(seen.header("content-type"), Some("text/X; charset=Odd"));
    }
}

#[tokio::test]
async fn a_content_type_that_was_not_sent_is_not_made_up() {
    let service = service("i", "p").await;
    service.backend.always("/notices", Answer::status(202, ""));
    let handle = service.started("{}").await;

    service.ask(notice(&handle, b"x")).await;

    assert_eq!(service.backend.last().header("content-type"), None);
}

#[tokio::test]
async fn an_empty_body_is_sent_with_its_length() {
    let service = service("i", "p").await;
    service.backend.always("/notices", Answer::status(202, ""));
    let handle = service.started("{}").await;

    service.ask(notice(&handle, b"")).await;

    assert_eq!(service.backend.last().header("content-length"), Some("0"));
}

#[tokio::test]
async fn the_same_bytes_again_are_replayed() {
    let service = service("i", "p").await;
    service
        .backend
        .always("/notices", Answer::json(r#"{"paid":true}"#));
    let handle = service.started("{}").await;
    let first = service.ask(notice(&handle, b"\xfe")).await;
    let calls = service.backend.calls();

    let again = service.ask(notice(&handle, b"\xfe")).await;

    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!((again.status, again.body), (200, first.body));
    assert_eq!(service.backend.calls(), calls);
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused_where_its_step_is_not_raw_or_is_not_there() {
    let service = service("i", "p").await;
    let handle = service.started("{}").await;
    let unknown = "A".repeat(32);
    for path in [
        format!("/v1/flows/{handle}/form"),
        format!("/v1/flows/{handle}/nothing"),
        format!("/v1/flows/{unknown}/notice"),
        "/v1/flows/short/notice".to_owned(),
        "/v1/callbacks/example/tell".to_owned(),
        "/v1/callbacks/nobody/tell".to_owned(),
    ] {
        let malformed = service.post(&path, "{not json").await;
        let text = Request::post(&path, "{}").header("content-type", "text/plain");
        let mistyped = service.ask(text).await;

        assert_eq!(malformed.code().as_deref(), Some("invalid_input"), "{path}");
        let code = mistyped.code();
        assert_eq!(code.as_deref(), Some("unsupported_media_type"), "{path}");
    }
}

#[tokio::test]
async fn the_bound_on_a_body_holds_for_raw_ones_too() {
    let service = service("i", "p").await;
    service.backend.always("/notices", Answer::status(202, ""));
    let handle = service.started("{}").await;

    let fits = service.ask(notice(&handle, &[7; 256 * 1024])).await;
    let exceeds = service.ask(notice(&handle, &[7; 256 * 1024 + 1])).await;

    assert_eq!(fits.status, 200);
    assert_eq!(exceeds.code().as_deref(), Some("payload_too_large"));
}
