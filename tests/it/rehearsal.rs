//! Scenarios played without a network: every part of the grammar, and everything that a run can
//! come to.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot arrange what it needs fails"
)]

use std::fs;
use std::path::Path;

use appattest_integrator::rehearsal;
use integrator_core::protocol::{Protocol, compile};

fn protocol(text: &str) -> Protocol {
    let compiled = compile("example.toml", text, "digest");
    compiled
        .unwrap_or_else(|problems| panic!("{problems:#?}"))
        .protocol
}

/// The definition that has every part of the grammar.
fn every_part() -> Protocol {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/protocols/good/every-part.toml");
    protocol(&fs::read_to_string(path).expect("the definition"))
}

/// Two steps, the second of which must not be called twice.
fn held() -> Protocol {
    protocol(
        r#"
protocol = "example"
title    = "Example"
backend  = "default"
ttl      = "5m"
initial  = "created"
terminal = ["done"]

[steps.start]
from       = ["created"]
call       = "POST /begin"
outcomes   = [{ to = "begun", expect = ["/id"] }]
flow_id    = "response:/id"
expires_at = "response:/until"

[steps.finish]
from     = ["begun"]
call     = "POST /finish"
unknown  = "hold"
outcomes = [{ to = "done" }]
"#,
    )
}

/// What is reported, and whether all went as expected.
fn played(protocol: &Protocol, requests: &str) -> (String, bool) {
    let text = format!("[[run]]\ntitle = \"A run\"\n{requests}");
    let scenario = rehearsal::read("s.toml", &text, protocol);
    let scenario = scenario.unwrap_or_else(|problems| panic!("{problems}"));
    let rehearsal = rehearsal::play(protocol, &scenario).expect("identifiers");
    let told = rehearsal::report(&rehearsal, protocol);
    (told, rehearsal.is_as_expected())
}

#[track_caller]
fn as_expected(protocol: &Protocol, requests: &str) -> String {
    let (told, is_as_expected) = played(protocol, requests);
    assert!(is_as_expected, "{told}");
    told
}

#[test]
fn calls_are_told_as_they_would_be_sent() {
    let told = as_expected(
        &every_part(),
        r#"
[[run.request]]
step   = "start"
body   = { customer = "a b&c", express = true, count = 2 }
answer = { json = '{"orderID": "o/1", "verbose": 1.0}' }
expect = { state = "open", call = "POST /orders", sent = { customer = "a b&c", express = true, count = 2 } }

[[run.request]]
step   = "look"
answer = { status = 204 }
expect = { state = "open", sent = { verbose = "1.0" } }

[[run.request]]
step     = "notice"
json     = '{"data":{"orderID":"o/1"}, "n":1}'
headers  = { "webhook-id" = "msg_1", "content-type" = "application/json", other = "x" }
callback = true
answer   = { body = { paid = false } }
expect   = { state = "failed", call = "POST /notices", sent = '{"data":{"orderID":"o/1"}, "n":1}' }
"#,
    );
    insta::assert_snapshot!(told);
}

#[test]
fn a_callback_finds_its_flow_by_the_id_in_its_body() {
    as_expected(
        &every_part(),
        r#"
[[run.request]]
step   = "start"
body   = { customer = "c" }
answer = { body = { orderID = "o-1" } }

[[run.request]]
step     = "notice"
callback = true
body     = { data = { orderID = "o-2" } }
expect   = { state = "open", code = "not_found", called = false }

[[run.request]]
step     = "notice"
callback = true
body     = { data = {} }
expect   = { state = "open", code = "invalid_input", called = false }

[[run.request]]
step   = "notice"
text   = "no JSON, by its handle"
answer = { body = { paid = true } }
expect = { state = "paid", sent = "no JSON, by its handle" }
"#,
    );
}

#[test]
fn a_step_that_may_be_called_once_is_held_after_a_lost_answer_and_only_then() {
    as_expected(
        &held(),
        r#"
[[run.request]]
step   = "start"
answer = { body = { id = "i" } }

[[run.request]]
step   = "finish"
answer = "not_sent"
expect = { state = "begun", code = "backend_unavailable" }

[[run.request]]
step   = "finish"
answer = "timeout"
expect = { state = "begun", code = "backend_timeout" }

[[run.request]]
step   = "finish"
expect = { state = "begun", code = "outcome_unknown", called = false }
"#,
    );
}

#[test]
fn time_passes_as_the_scenario_says_and_the_backend_may_set_the_deadline() {
    as_expected(
        &held(),
        r#"
[[run.request]]
step   = "start"
answer = { body = { id = "i", until = "2026-01-01T01:00:00Z" } }

[[run.request]]
after  = "59m"
expect = { state = "begun" }

[[run.request]]
after  = "1m"
step   = "finish"
expect = { state = "expired", code = "expired", called = false }

[[run.request]]
after  = "15m"
step   = "finish"
expect = { code = "not_found" }
"#,
    );
}

#[test]
fn a_keyed_start_is_tried_again_and_then_replayed() {
    as_expected(
        &held(),
        r#"
[[run.request]]
step    = "start"
headers = { idempotency-key = "k" }
answer  = "unavailable"
expect  = { state = "created", code = "backend_unavailable" }

[[run.request]]
step    = "start"
headers = { idempotency-key = "k" }
answer  = { body = { id = "i" } }
expect  = { state = "begun" }

[[run.request]]
step    = "start"
headers = { idempotency-key = "k" }
expect  = { state = "begun", replayed = true, called = false }

[[run.request]]
step    = "start"
headers = { idempotency-key = "k" }
body    = { other = 1 }
expect  = { code = "idempotency_key_reused" }
"#,
    );
}

#[test]
fn what_the_definition_cannot_place_ends_in_error_and_is_replayed_so() {
    as_expected(
        &held(),
        r#"
[[run.request]]
step   = "start"
answer = { body = { id = "i" } }

[[run.request]]
step   = "finish"
json   = "[1]"
expect = { state = "begun", code = "invalid_input" }

[[run.request]]
step    = "finish"
headers = { content-type = "text/plain" }
expect  = { state = "begun", code = "unsupported_media_type" }

[[run.request]]
step   = "finish"
answer = { status = 503, text = "busy" }
expect = { state = "begun", code = "backend_error" }
"#,
    );
    as_expected(
        &held(),
        r#"
[[run.request]]
step    = "start"
headers = { idempotency-key = "k" }
answer  = { text = "<html>" }
expect  = { state = "error", code = "backend_unclassified" }

[[run.request]]
step    = "start"
headers = { idempotency-key = "k" }
expect  = { state = "error", code = "backend_unclassified", replayed = true }
"#,
    );
}

#[test]
fn everything_that_differs_is_told() {
    let (told, is_as_expected) = played(
        &held(),
        r#"
[[run.request]]
step   = "finish"
answer = {}
expect = { state = "begun" }

[[run.request]]
step   = "start"
answer = { body = { id = "i" } }

[[run]]
title = "Another run"

[[run.request]]
step   = "start"
answer = { body = { id = "i" } }
expect = { code = "backend_error", replayed = true, called = false }

[[run]]
title = "A run with two starts"

[[run.request]]
step   = "start"
answer = { body = { id = "i" } }

[[run.request]]
step   = "start"
answer = {}

[[run]]
title = "A look"

[[run.request]]
step   = "start"
answer = { body = { id = "i" } }

[[run.request]]
expect = { state = "done" }
"#,
    );
    assert!(!is_as_expected);
    insta::assert_snapshot!(told);
}

#[test]
fn headers_that_are_expected_must_go_along_with_their_values() {
    let (told, is_as_expected) = played(
        &every_part(),
        r#"
[[run.request]]
step   = "start"
body   = { customer = "c" }
answer = { body = { orderID = "i" } }

[[run.request]]
step    = "notice"
text    = "x"
headers = { webhook-id = "m1", webhook-signature = "v1", other = "x" }
answer  = { body = { paid = true } }
expect  = { headers = { Webhook-Id = "m1", webhook-signature = "v2", other = "x" } }
"#,
    );
    assert!(!is_as_expected);
    let told: Vec<&str> = told
        .lines()
        .filter(|line| line.contains(": headers."))
        .collect();
    let [other, signature] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert!(
        other.ends_with("headers.other: expected \"x\", found nothing"),
        "{other}"
    );
    let expected = "headers.webhook-signature: expected \"v2\", found \"v1\"";
    assert!(signature.ends_with(expected), "{signature}");
}

#[test]
fn a_call_without_an_answer_ends_its_run() {
    let (told, is_as_expected) = played(
        &held(),
        r#"
[[run.request]]
step   = "start"

[[run.request]]
expect = { state = "begun" }
"#,
    );
    assert!(!is_as_expected);
    let told: Vec<&str> = told
        .lines()
        .filter(|line| line.starts_with("s.toml"))
        .collect();
    let difference = "s.toml:4: \"A run\", request 1: the backend is called, but the scenario gives no answer. The run ends here";
    assert_eq!(told, [difference]);
}
