//! Request bodies: what is taken, what is refused, and what the backend gets of them.

use crate::harness::protocols::EXAMPLE;
use crate::harness::service::START;
use crate::harness::{Answer, Request, Service, Setup};

async fn example() -> Service {
    let service = Setup::protocol(EXAMPLE).start().await;
    service
        .backend
        .always("/begin", Answer::json(r#"{"id":"1"}"#));
    service.backend.always("/note", Answer::json("{}"));
    service
}

/// What the backend gets where the caller sends `sent` to a step that adds nothing.
async fn forwarded(service: &Service, sent: impl AsRef<[u8]>) -> Vec<u8> {
    service.post("/v1/flows/start", sent).await.is_answer();
    service.backend.last().body
}

#[tokio::test]
async fn a_body_to_which_nothing_is_added_is_sent_byte_for_byte() {
    let service = example().await;
    for body in [
        "{}",
        " {\r\n}\t",
        r#"{"a":1e400,"b":-0.0,"c":"\ud800","d":{"x":1,"x":2}}"#,
        r#"{"z":1,"a":[ 1 , 2 ],"é":"\u00e9"}"#,
    ] {
        assert_eq!(forwarded(&service, body).await, body.as_bytes());
    }
}

#[tokio::test]
async fn an_empty_body_is_sent_as_an_empty_object() {
    let service = example().await;
    assert_eq!(forwarded(&service, "").await, b"{}");
    service
        .ask(Request::new("POST", "/v1/flows/start"))
        .await
        .is_answer();
    assert_eq!(service.backend.last().body, b"{}");
}

#[tokio::test]
async fn attached_and_default_members_are_spliced_in_before_the_closing_brace() {
    let service = Service::start().await;
    let start =
        r#"{"keyID_base64":"a\u0032V5","attestationObject_base64":"YXR0","verifyRunID":7.50}"#;
    for (sent, got) in [
        (
            "",
            r#"{"keyID_base64":"a\u0032V5","flowID":"flow-1","verifyRunID":7.50}"#,
        ),
        (
            " { \"x\" : 1e400 } \n",
            " { \"x\" : 1e400 ,\"keyID_base64\":\"a\\u0032V5\",\"flowID\":\"flow-1\",\"verifyRunID\":7.50} \n",
        ),
        (
            r#"{"verifyRunID":"mine"}"#,
            r#"{"verifyRunID":"mine","keyID_base64":"a\u0032V5","flowID":"flow-1"}"#,
        ),
        (
            r#"{"verifyRun\u0049D":null}"#,
            r#"{"verifyRun\u0049D":null,"keyID_base64":"a\u0032V5","flowID":"flow-1"}"#,
        ),
    ] {
        let handle = service.started(start).await;
        service
            .step(&handle, "client-data-hash", sent)
            .await
            .is_answer();
        assert_eq!(service.backend.last().text(), got);
    }
}

#[tokio::test]
async fn a_member_that_was_null_or_not_sent_is_not_remembered() {
    let service = example().await;
    for (start, note) in [
        (r#"{"note":null}"#, "{}"),
        ("", "{}"),
        (r#"{"note":{"a":[1]}}"#, r#"{"note":{"a":[1]}}"#),
        (r#"{"note":""}"#, r#"{"note":""}"#),
    ] {
        let handle = service.started(start).await;
        service.step(&handle, "note", "").await.is_answer();
        assert_eq!(service.backend.last().text(), note);
    }
}

#[tokio::test]
async fn a_member_that_the_flow_attaches_may_not_be_sent_however_it_is_spelled() {
    let service = Service::start().await;
    let handle = service.registered().await;
    for body in [
        r#"{"flowID":"x"}"#,
        r#"{"flow\u0049D":null}"#,
        r#"{"keyID_base64":""}"#,
    ] {
        let reply = service.step(&handle, "client-data-hash", body).await;
        reply.is_problem(400, "invalid_input");
    }
    assert_eq!(service.backend.calls(), 1);
}

#[tokio::test]
async fn a_required_member_must_be_a_string_that_is_not_empty() {
    let service = Service::start().await;
    for value in [r#""""#, "null", "1", "{}", r#"["a"]"#, "true"] {
        let body = format!(r#"{{"keyID_base64":"a","attestationObject_base64":{value}}}"#);
        let reply = service.post("/v1/flows/start", body).await;
        reply.is_problem(400, "invalid_input");
    }
}

#[tokio::test]
async fn a_remembered_member_has_at_most_1_kib_of_json_text() {
    let service = example().await;
    let body = |length: usize| format!(r#"{{"note":"{}"}}"#, "n".repeat(length - 2));

    let most = service.post("/v1/flows/start", body(1024)).await;
    let more = service.post("/v1/flows/start", body(1025)).await;

    most.is_answer();
    more.is_problem(400, "invalid_input");
}

#[tokio::test]
async fn a_body_nests_at_most_64_levels_the_outermost_included() {
    let service = example().await;
    let nested = |levels: usize| {
        let inner = levels - 1;
        format!(r#"{{"a":{}{}}}"#, "[".repeat(inner), "]".repeat(inner))
    };

    let most = service.post("/v1/flows/start", nested(64)).await;
    let more = service.post("/v1/flows/start", nested(65)).await;
    let most_of_all = service.post("/v1/flows/start", "[".repeat(200_000)).await;

    most.is_answer();
    more.is_problem(400, "invalid_input");
    most_of_all.is_problem(400, "invalid_input");
}

#[tokio::test]
async fn what_is_no_object_of_json_is_refused() {
    let service = example().await;
    for body in [
        "\u{feff}{}".as_bytes(),
        b"[]",
        b"null",
        b"1",
        b"\"{}\"",
        b"{",
        b"{}}",
        b"{}{}",
        b"{a:1}",
        b"{\"a\":1,}",
        b"{\"a\":\"\xff\"}",
        b"{\"a\":\"\x01\"}",
        b" ",
        b"\x00",
    ] {
        let reply = service.post("/v1/flows/start", body).await;
        reply.is_problem(400, "invalid_input");
    }
    assert_eq!(service.backend.calls(), 0);
}

#[tokio::test]
async fn one_name_twice_at_the_top_is_refused_even_if_it_is_spelled_differently() {
    let service = example().await;
    for body in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"":1,"":2}"#,
    ] {
        let reply = service.post("/v1/flows/start", body).await;
        reply.is_problem(400, "invalid_input");
    }
    let deeper = service
        .post("/v1/flows/start", r#"{"x":{"a":1,"a":2}}"#)
        .await;
    deeper.is_answer();
}

#[tokio::test]
async fn a_body_has_at_most_256_kib_however_it_is_framed() {
    let service = example().await;
    let body = |length: usize| format!(r#"{{"x":"{}"}}"#, "x".repeat(length - 8));
    let chunked = |body: &str| {
        let (first, rest) = body.split_at(1000);
        let framed = format!("3e8\r\n{first}\r\n{:x}\r\n{rest}\r\n0\r\n\r\n", rest.len());
        Request::post("/v1/flows/start", framed).header("transfer-encoding", "chunked")
    };

    let most = service.post("/v1/flows/start", body(256 * 1024)).await;
    let more = service.post("/v1/flows/start", body(256 * 1024 + 1)).await;
    let most_chunked = service.ask(chunked(&body(256 * 1024))).await;
    let more_chunked = service.ask(chunked(&body(256 * 1024 + 1))).await;

    most.is_answer();
    more.is_problem(413, "payload_too_large");
    most_chunked.is_answer();
    assert_eq!(service.backend.last().text(), body(256 * 1024));
    more_chunked.is_problem(413, "payload_too_large");
}

#[tokio::test]
async fn a_connection_goes_on_after_a_body_that_was_a_little_too_large() {
    let service = Service::start().await;
    let mut client = service.connect().await;

    let large = Request::post("/v1/flows/start", vec![b'x'; 300_000]);
    client
        .ask(&large)
        .await
        .is_problem(413, "payload_too_large");

    let next = client.ask(&Request::post("/v1/flows/start", START)).await;
    next.is_answer();
}

#[tokio::test]
async fn a_body_too_large_that_waits_to_be_asked_for_is_refused_at_once() {
    let service = Service::start().await;
    let mut client = service.connect().await;
    let announced = Request::post("/v1/flows/start", "")
        .header("content-length", "300000")
        .header("expect", "100-continue");

    let reply = client.ask(&announced).await;

    reply.is_problem(413, "payload_too_large");
    assert_eq!(reply.header("connection"), Some("close"));
}

#[tokio::test]
async fn a_body_too_large_that_does_not_come_is_refused_before_a_body_s_deadline() {
    let service = Service::start().await;
    let mut client = service.connect().await;
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    let announced = Request::post("/v1/flows/start", "{").header("content-length", "300000");

    let reply = client.ask(&announced).await;

    reply.is_problem(413, "payload_too_large");
    assert!(begun.elapsed() < std::time::Duration::from_secs(30));
}

#[tokio::test]
async fn a_body_far_too_large_is_refused_unread_and_ends_the_connection() {
    let service = Service::start().await;
    let mut client = service.connect().await;
    let announced = Request::post("/v1/flows/start", "").header("content-length", "1000000000");

    let reply = client.ask(&announced).await;

    reply.is_problem(413, "payload_too_large");
    assert_eq!(reply.header("connection"), Some("close"));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn the_content_type_is_json_or_absent() {
    let service = Service::start().await;
    let typed = |value: &str| Request::post("/v1/flows/start", START).header("content-type", value);
    for value in [
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON ;x=y",
    ] {
        service.ask(typed(value)).await.is_answer();
    }
    for value in [
        "",
        "text/json",
        "application/json+x",
        "application/jsonx",
        "*/*",
    ] {
        let reply = service.ask(typed(value)).await;
        reply.is_problem(415, "unsupported_media_type");
    }
    let twice = typed("application/json").header("content-type", "application/json");
    service
        .ask(twice)
        .await
        .is_problem(415, "unsupported_media_type");
}
