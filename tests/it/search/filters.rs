//! Each part of a search, alone and with others.

use std::time::Duration;

use crate::harness::protocols::EXAMPLE;
use crate::harness::service::ASSERT;
use crate::harness::{Answer, Request, Service, Setup};

/// Three App Attest flows, a second apart, and one of another protocol: `a` is registered, `b` has
/// ended, `c` waits for its assertion and shares its run with `a`.
async fn four() -> Service {
    let service = Setup {
        protocols: vec![EXAMPLE.to_owned()],
        ..Setup::default()
    };
    let service = service.start().await;
    service.named("a", "id-1", "run-1").await;
    service.clock.advance(Duration::from_secs(1));
    let ended = service.named("b", "id-2", "run-2").await;
    service.step(&ended, "client-data-hash", "").await;
    service.step(&ended, "assert", ASSERT).await.is_answer();
    service.clock.advance(Duration::from_secs(1));
    let waiting = service.named("c", "id-2", "run-1").await;
    service.step(&waiting, "client-data-hash", "").await;
    service.clock.advance(Duration::from_secs(1));
    service
        .backend
        .always("/begin", Answer::json(r#"{"id":"x"}"#));
    let start = Request::post("/v1/flows/start?protocol=example", "{}");
    let started = service.ask(start.header("x-correlation-id", "d")).await;
    started.is_answer();
    service
}

#[tokio::test]
async fn each_part_takes_the_flows_that_it_holds_of() {
    let service = four().await;
    let searches: [(&str, &[&str]); 12] = [
        ("", &["a", "b", "c", "d"]),
        ("state=registered", &["a"]),
        ("state=verified", &["b"]),
        ("protocol=app-attest", &["a", "b", "c"]),
        ("protocol=example", &["d"]),
        ("flowID=id-2", &["b", "c"]),
        ("correlationID=c", &["c"]),
        ("verifyRunID=run-1", &["a", "c"]),
        ("olderThan=1500ms", &["a", "b"]),
        ("olderThan=1s", &["a", "b"]),
        ("olderThan=1d", &[]),
        ("limit=1000", &["a", "b", "c", "d"]),
    ];
    for (query, expected) in searches {
        assert_eq!(service.found(query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn all_parts_must_hold_at_once() {
    let service = four().await;
    let searches: [(&str, &[&str]); 9] = [
        ("flowID=id-2&state=verified", &["b"]),
        ("verifyRunID=run-1&flowID=id-2", &["c"]),
        (
            "verifyRunID=run-1&state=registered&protocol=app-attest",
            &["a"],
        ),
        ("correlationID=a&flowID=id-2", &[]),
        ("protocol=example&state=begun", &["d"]),
        ("protocol=app-attest&state=begun", &[]),
        ("state=registered&olderThan=2500ms", &["a"]),
        ("protocol=app-attest&olderThan=2500ms", &["a"]),
        (
            "state=hash_issued&protocol=app-attest&flowID=id-2&correlationID=c&verifyRunID=run-1&olderThan=500ms&limit=1",
            &["c"],
        ),
    ];
    for (query, expected) in searches {
        assert_eq!(service.found(query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn what_nothing_has_is_an_empty_page() {
    let service = four().await;
    for query in [
        "state=Nowhere_1.0-x",
        "protocol=none",
        "flowID=id-3",
        "correlationID=~!",
        "verifyRunID=%20",
    ] {
        let reply = service.search(query).await;
        assert_eq!(reply.text(), r#"{"flows":[]}"#, "{query}");
    }
}

#[tokio::test]
async fn a_flow_is_shown_as_its_status_shows_it() {
    let service = four().await;

    let page = service.search("correlationID=c").await;

    let handle = super::told(&page, "/flowHandle");
    let status = service.status(&handle[0]).await;
    assert_eq!(page.text(), format!(r#"{{"flows":[{}]}}"#, status.text()));
}

#[tokio::test]
async fn ids_are_any_text_that_json_can_spell() {
    let service = Service::start().await;
    // A space, a plus, an ampersand, letters beyond ASCII and a lone surrogate.
    service.named("space", "a b", "r").await;
    service.named("plus", "a+b", "r").await;
    service.named("and", "a&b=c", "r").await;
    service.named("letter", "\u{e9}\\u00e9", "r").await;
    service.named("lone", "\\ud800", "r").await;

    let searches = [
        ("flowID=a+b", "space"),
        ("flowID=a%20b", "space"),
        ("flowID=a%2Bb", "plus"),
        ("flowID=a%26b=c", "and"),
        ("flowID=%c3%a9%C3%A9", "letter"),
        ("flowID=%ED%A0%80", "lone"),
    ];
    for (query, expected) in searches {
        let page = service.search(query).await;
        let named = format!(r#""correlationID":"{expected}""#);
        assert!(page.text().contains(&named), "{query}: {}", page.text());
        assert_eq!(page.text().matches("correlationID").count(), 1, "{query}");
    }
}

#[tokio::test]
async fn a_head_request_is_answered_as_a_get_without_a_body() {
    let service = four().await;
    let get = service.search("limit=2").await;

    let head = service.ask(Request::new("HEAD", "/v1/flows?limit=2")).await;

    assert_eq!(head.status, 200);
    assert_eq!(head.body, b"");
    assert_eq!(head.header("content-length"), get.header("content-length"));
    assert!(head.header("x-correlation-id").is_some());
}
