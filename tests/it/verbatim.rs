//! Bytes are bytes: what the backend said reaches the caller as it was said.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot arrange what it needs fails"
)]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use sha2::{Digest, Sha256};

use crate::harness::client::find;
use crate::harness::protocols::EXAMPLE;
use crate::harness::{Answer, Reply, Service, Setup};

/// JSON that serde_json cannot keep, or would write differently.
const NASTY: [&str; 22] = [
    r#"{"a":1,"a":2,"b":{"c":1,"c":1}}"#,
    "1e400",
    "-1E-400",
    "123456789012345678901234567890",
    "-0",
    "-0.0",
    "0.10",
    "1e0",
    r#""\ud800""#,
    r#""\udc00\ud800""#,
    r#""\u0041\/\b\f\n\r\t\\\"""#,
    "{ \"a\" : [ 1 , 2 ] }",
    "{\"a\"\r\n:\t1}",
    r#"{"\u0061":1,"a":2}"#,
    r#"{"":{"":[]}}"#,
    "[]",
    "\"\u{7f}\u{2028}\u{10ffff}\u{0}\"",
    "null",
    "true",
    "\"</script>&amp;\"",
    r#"{"__proto__":{},"constructor":1}"#,
    r#"{"backend":{"flowHandle":"x"},"error":{"code":"expired"}}"#,
];

/// The bytes of the member `backend`, which is the last of the outermost object.
fn backend_of(reply: &Reply) -> &[u8] {
    let start = find(&reply.body, b",\"backend\":").expect("a backend") + 11;
    &reply.body[start..reply.body.len() - 1]
}

async fn begun() -> Service {
    let service = Setup::protocol(EXAMPLE).start().await;
    service
        .backend
        .always("/begin", Answer::json(r#"{"id":"1"}"#));
    service
}

/// Has the backend answer `before body after`, and looks for `body` wherever it is shown.
async fn travels_unchanged(service: &Service, before: &str, body: &[u8], after: &str) {
    let handle = service.started("").await;
    let whole = [before.as_bytes(), body, after.as_bytes()].concat();
    service.backend.once("/note", Answer::json(&whole));

    let reply = service.step(&handle, "note", "").await;
    let replay = service.step(&handle, "note", "").await;
    let history = service.history(&handle).await;
    let path = format!("/v1/flows/{handle}/steps/note/response");
    let response = service.get(path).await;

    reply.is_answer();
    assert_eq!(backend_of(&reply), body, "{}", reply.show());
    assert_eq!(replay.header("idempotent-replayed"), Some("true"));
    assert_eq!(replay.body, reply.body);
    let in_history = [br#","backend":"#, body, b"}]"].concat();
    assert!(
        find(&history.body, &in_history).is_some(),
        "{}",
        history.show()
    );
    assert_eq!(response.body, whole);
    let digest = STANDARD.encode(Sha256::digest(&whole));
    let digest = format!("sha-256=:{digest}:");
    assert_eq!(response.header("repr-digest"), Some(digest.as_str()));
    assert_eq!(response.header("x-backend-status"), Some("200"));
}

#[tokio::test]
async fn json_that_others_would_rewrite_travels_unchanged() {
    let service = begun().await;
    for body in NASTY {
        // A control character may not stand in a string; what is not JSON is tested below.
        let body = body.replace('\0', "\\u0000");
        travels_unchanged(&service, " \t\r\n", body.as_bytes(), "\n").await;
    }
}

#[tokio::test]
async fn json_of_512_levels_travels_unchanged_and_one_more_is_not_json() {
    let service = begun().await;
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    travels_unchanged(&service, "", nested(512).as_bytes(), "").await;

    let handle = service.started("").await;
    service.backend.once("/note", Answer::json(nested(513)));
    let reply = service.step(&handle, "note", "").await;

    reply.is_answer();
    assert_eq!(
        reply.string("/backend_base64"),
        STANDARD.encode(nested(513))
    );
}

#[tokio::test]
async fn an_answer_of_a_whole_mebibyte_travels_unchanged() {
    let service = begun().await;
    let body = format!("\"{}\"", "x".repeat(1024 * 1024 - 2));
    travels_unchanged(&service, "", body.as_bytes(), "").await;
}

#[tokio::test]
async fn an_answer_that_is_not_json_is_shown_in_base64_and_kept_as_it_is() {
    let service = begun().await;
    for body in [
        "\u{feff}{}".as_bytes(),
        b"",
        b" ",
        b"{} x",
        b"{\"a\":01}",
        b"NaN",
        b"\"\xff\"",
        b"\"\x00\"",
        b"[1,]",
        b"'a'",
    ] {
        let handle = service.started("").await;
        service.backend.once("/note", Answer::json(body));

        let reply = service.step(&handle, "note", "").await;
        let path = format!("/v1/flows/{handle}/steps/note/response");
        let response = service.get(path).await;

        reply.is_answer();
        assert_eq!(reply.string("/backend_base64"), STANDARD.encode(body));
        assert_eq!(reply.member("/backend"), None);
        assert_eq!(response.body, body);
    }
}

#[tokio::test]
async fn what_the_backend_says_of_its_answer_is_not_asked() {
    let service = begun().await;
    let handle = service.started("").await;
    let answer = Answer::Raw(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-encoding: gzip\r\nset-cookie: a=b\r\n\
          x-integrator-error: forged\r\ncontent-length: 7\r\n\r\n{\"a\":1}"
            .to_vec(),
    );
    service.backend.once("/note", answer);

    let reply = service.step(&handle, "note", "").await;
    let path = format!("/v1/flows/{handle}/steps/note/response");
    let response = service.get(path).await;

    reply.is_answer();
    assert_eq!(backend_of(&reply), br#"{"a":1}"#);
    response.is_answer();
    let names: Vec<&str> = response
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "content-type",
            "x-backend-status",
            "repr-digest",
            "x-correlation-id",
            "content-length"
        ]
    );
}

/// White space as JSON has it.
fn space() -> impl Strategy<Value = String> {
    "[ \t\r\n]{0,3}"
}

fn json() -> impl Strategy<Value = String> {
    let number = "-?(0|[1-9][0-9]{0,29})(\\.[0-9]{1,20})?([eE][-+]?[0-9]{1,3})?";
    let text = "\"([ !#-\\[\\]-~é漢😀]|\\\\[\"\\\\/bfnrt]|\\\\u[0-9a-fA-F]{4}){0,12}\"";
    let leaf = prop_oneof![
        number.prop_map(String::from),
        text.prop_map(String::from),
        Just("null".to_owned()),
        Just("true".to_owned()),
    ];
    leaf.prop_recursive(6, 40, 5, move |inner| {
        let list = prop::collection::vec((space(), inner.clone(), space()), 0..5);
        let list = list.prop_map(|items| {
            let items = items
                .into_iter()
                .map(|(a, value, b)| format!("{a}{value}{b}"));
            format!("[{}]", items.collect::<Vec<_>>().join(","))
        });
        let name = "\"(a|\\\\u0061|flowHandle|[a-c]{0,2})\"";
        let object = prop::collection::vec((space(), name, space(), inner), 0..5);
        let object = object.prop_map(|items| {
            let items = items
                .into_iter()
                .map(|(a, name, b, value)| format!("{a}{name}{b}:{value}"));
            format!("{{{}}}", items.collect::<Vec<_>>().join(","))
        });
        prop_oneof![list, object]
    })
}

#[tokio::test]
async fn random_json_travels_unchanged() {
    let service = begun().await;
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(
        config.clone(),
        proptest::test_runner::TestRng::deterministic_rng(config.rng_algorithm),
    );
    let strategy = (space(), json(), space());
    for _ in 0..200 {
        let (before, body, after) = strategy.new_tree(&mut runner).expect("generated").current();
        travels_unchanged(&service, &before, body.as_bytes(), &after).await;
    }
}
