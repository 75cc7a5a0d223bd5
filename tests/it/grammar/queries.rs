//! Calls without a body.

use super::service;
use crate::harness::Answer;

#[tokio::test]
async fn a_get_sends_its_members_as_the_query_and_no_body() {
    let service = service("i", "p").await;
    let target = "/things/p/of/i?q=a%20b%26&n=-0.10&note=kept";
    service.backend.always(target, Answer::json("{}"));
    let handle = service.started(r#"{"note":"kept"}"#).await;

    let reply = service
        .step(&handle, "look", r#"{"q":"a b&","n":-0.10}"#)
        .await;

    assert_eq!(reply.status, 200, "{}", reply.text());
    let seen = service.backend.last();
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("GET", target));
    assert_eq!(seen.body, b"");
    for absent in ["content-type", "content-length", "transfer-encoding"] {
        assert_eq!(seen.header(absent), None);
    }
    for present in [
        "x-correlation-id",
        "x-flow-handle",
        "idempotency-key",
        "traceparent",
    ] {
        assert!(seen.header(present).is_some(), "{present}");
    }
}

#[tokio::test]
async fn a_get_without_members_has_no_question_mark() {
    let service = service("i", "p").await;
    service.backend.always("/things/p/of/i", Answer::json("{}"));
    let handle = service.started("{}").await;

    let reply = service.step(&handle, "look", "").await;

    assert_eq!(reply.status, 200, "{}", reply.text());
}

#[tokio::test]
async fn a_query_that_no_request_line_can_hold_is_refused_and_costs_no_call() {
    let service = service("i", "p").await;
    let handle = service.started("{}").await;
    let calls = service.backend.calls();
    // `/things/p/of/i?q=` takes 17 bytes of the 16 KiB.
    let fits = "q".repeat(16 * 1024 - 17);
    let target = format!("/things/p/of/i?q={fits}");
    service.backend.always(&target, Answer::json("{}"));

    let exceeds = service
        .step(&handle, "look", format!(r#"{{"q":"{fits}q"}}"#))
        .await;
    let taken = service
        .step(&handle, "look", format!(r#"{{"q":"{fits}"}}"#))
        .await;

    assert_eq!(exceeds.code().as_deref(), Some("invalid_input"));
    assert!(exceeds.string("/detail").contains("16385 bytes"));
    assert_eq!(taken.status, 200, "{}", taken.text());
    assert_eq!(service.backend.calls(), calls + 1);
}

#[tokio::test]
async fn a_member_that_no_query_can_hold_is_refused() {
    let service = service("i", "p").await;
    let handle = service.started("{}").await;

    let reply = service.step(&handle, "look", r#"{"q":[]}"#).await;

    assert_eq!(reply.code().as_deref(), Some("invalid_input"));
    assert!(
        reply.string("/detail").contains("a query"),
        "{}",
        reply.text()
    );
}
