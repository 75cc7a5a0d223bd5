//! What a request may hold: readable bodies, required, attached and remembered
//! members.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends at the first thing that is not as it must be"
)]

use integrator_core::protocol::{Protocol, check_members, compile, read_body};
use proptest::prelude::*;

fn protocol() -> Protocol {
    let text = r#"
protocol = "example"
title = "Example"
backend = "default"
ttl = "5m"
initial = "created"
terminal = ["done"]

[steps.start]
from = ["created"]
call = "POST /begin"
require = ["key"]
remember = ["key", "note"]
outcomes = [{ to = "begun" }]

[steps.finish]
from = ["begun"]
call = "POST /finish"
attach = { key = "start.request:/key" }
default = { note = "start.request:/note" }
outcomes = [{ to = "done" }]
"#;
    compile("test.toml", text, "digest").unwrap().protocol
}

/// What is said of a body to a step; empty if it is taken.
fn said(step: &str, body: &[u8]) -> String {
    let protocol = protocol();
    let step = protocol.step(step).unwrap();
    let checked = read_body(body).and_then(|body| check_members(step, &body));
    checked.map_or_else(|refusal| refusal.to_string(), |()| String::new())
}

#[test]
fn an_object_is_taken_and_an_empty_body_is_one() {
    assert_eq!(
        said("start", br#" {"key":"k","other":[1,{"a":1,"a":2}]} "#),
        ""
    );
    assert_eq!(said("finish", b""), "");
    let body = read_body(b"").unwrap();
    assert_eq!(
        (body.bytes(), body.object().raw()),
        (b"".as_slice(), b"{}".as_slice())
    );
}

#[test]
fn a_body_that_is_no_readable_object_is_refused_without_repeating_it() {
    let cases: [(&[u8], &str); 9] = [
        (
            b" ",
            "the body is not JSON: the text ends before the value does (at byte 1)",
        ),
        (
            b"secret",
            "the body is not JSON: unexpected character (at byte 0)",
        ),
        (
            b"{\"secret\":1",
            "the body is not JSON: the text ends before the value does (at byte 11)",
        ),
        (
            b"\xef\xbb\xbf{}",
            "the body is not JSON: a byte order mark is not part of JSON text (at byte 0)",
        ),
        (
            b"{\"a\":\"\xff\"}",
            "the body is not JSON: not UTF-8 (at byte 6)",
        ),
        (b"[]", "the body must be a JSON object"),
        (b"\"secret\"", "the body must be a JSON object"),
        (b"null", "the body must be a JSON object"),
        (
            br#"{"secret":1,"s\u0065cret":2}"#,
            "the body names one member twice: send every top-level member once",
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(said("finish", body), expected);
    }
}

#[test]
fn a_body_may_nest_64_deep_and_no_deeper() {
    let nested = |arrays| format!("{{\"a\":{}{}}}", "[".repeat(arrays), "]".repeat(arrays));
    assert_eq!(said("finish", nested(63).as_bytes()), "");
    assert_eq!(
        said("finish", nested(64).as_bytes()),
        "the body is not JSON: more than 64 containers are open at once (at byte 68)"
    );
}

#[test]
fn a_required_member_is_a_non_empty_string() {
    let expected = "member 'key' is required by step 'start': send it as a non-empty string";
    let bodies = [
        "",
        "{}",
        "{\"Key\":\"k\"}",
        "{\"key\":\"\"}",
        "{\"key\":1}",
        "{\"key\":null}",
        "{\"key\":[\"k\"]}",
    ];
    for body in bodies {
        assert_eq!(said("start", body.as_bytes()), expected, "{body}");
    }
    assert_eq!(said("start", br#"{"\u006bey":"k"}"#), "");
}

#[test]
fn an_attached_member_may_not_be_sent_not_even_as_null() {
    let expected = "member 'key' is attached by the flow in step 'finish': leave it out";
    for body in ["{\"key\":\"k\"}", "{\"key\":null}", "{\"k\\u0065y\":1}"] {
        assert_eq!(said("finish", body.as_bytes()), expected, "{body}");
    }
    assert_eq!(said("finish", b"{\"note\":1}"), "");
}

#[test]
fn a_remembered_member_has_at_most_a_kibibyte_of_json_text() {
    let note = |length: usize| format!("{{\"key\":\"k\",\"note\":\"{}\"}}", "n".repeat(length - 2));
    assert_eq!(said("start", note(1024).as_bytes()), "");
    let expected = "member 'note' is remembered by the flow: send at most 1024 bytes of JSON text";
    assert_eq!(said("start", note(1025).as_bytes()), expected);
    assert_eq!(
        said("finish", note(9999).replace("key", "k").as_bytes()),
        ""
    );
}

#[test]
fn what_is_remembered_is_raw_text_and_null_is_not_remembered() {
    let protocol = protocol();
    let remembered = |body: &str| {
        let body = read_body(body.as_bytes()).unwrap();
        let members = body.remembered(protocol.start());
        let members = members.map(|(name, value)| (name.to_owned(), value.raw().to_vec()));
        members.collect::<Vec<_>>()
    };
    let both = remembered(r#"{"note": {"a" : 1e0} ,"other":1,"key":"\u006b"}"#);
    let expected = [
        ("key".to_owned(), br#""\u006b""#.to_vec()),
        ("note".to_owned(), br#"{"a" : 1e0}"#.to_vec()),
    ];
    assert_eq!(both, expected);
    assert_eq!(remembered(r#"{"note":null}"#), []);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_body_panics(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = said("start", &bytes);
        let _ = said("finish", &bytes);
    }
}
