//! What an answer means to a step: rules, statuses, pointers, deadlines.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends at the first thing that is not as it must be"
)]

use integrator_core::protocol::{Classified, Protocol, classify, compile};
use proptest::prelude::*;

const HEAD: &str = "
protocol = \"example\"
title = \"Example\"
backend = \"default\"
ttl = \"5m\"
initial = \"created\"
terminal = [\"done\", \"refused\"]
";

/// A protocol whose step `start` has these lines, and `finish` these rules.
fn protocol(start: &str, rules: &str) -> Protocol {
    let text = format!(
        "{HEAD}
[steps.start]
from = [\"created\"]
call = \"POST /begin\"
{start}

[steps.finish]
from = [\"begun\"]
call = \"POST /finish\"
expires_at = \"response:/until\"
outcomes = [{rules}, {{ to = \"done\", status = 599 }}, {{ to = \"refused\", status = 598 }}]
"
    );
    let compiled = compile("test.toml", &text, "digest");
    let told = |problems: Vec<_>| problems.iter().map(ToString::to_string).collect::<Vec<_>>();
    compiled.map_err(told).unwrap().protocol
}

const BEGIN: &str = "outcomes = [{ to = \"begun\" }]";

/// The state that an answer to `finish` leads to, or why there is none.
fn led(rules: &str, status: u16, body: &str) -> String {
    let protocol = protocol(BEGIN, rules);
    told(&protocol, "finish", status, body.as_bytes())
}

fn told(protocol: &Protocol, step: &str, status: u16, body: &[u8]) -> String {
    match classify(protocol.step(step).unwrap(), status, body) {
        Classified::Taken { to, .. } => protocol.state_name(to).to_owned(),
        Classified::Unclassified { .. } => "unclassified".to_owned(),
        Classified::NotTaken => "not taken".to_owned(),
    }
}

#[test]
fn rules_are_tried_in_order() {
    let rules = "{ to = \"refused\", when = { \"/a\" = 1 } }, { to = \"done\" }";
    assert_eq!(led(rules, 200, "{\"a\":1}"), "refused");
    assert_eq!(led(rules, 200, "{\"a\":2}"), "done");
}

#[test]
fn a_rule_without_a_status_matches_every_2xx_and_nothing_else() {
    let rules = "{ to = \"done\" }";
    for status in [200, 201, 204, 299] {
        assert_eq!(led(rules, status, "{}"), "done");
    }
    for status in [300, 404, 500] {
        assert_eq!(led(rules, status, "{}"), "not taken");
    }
}

#[test]
fn a_status_is_one_or_a_class() {
    let rules = "{ to = \"done\", status = 404 }, { to = \"refused\", status = \"4xx\" }";
    assert_eq!(led(rules, 404, ""), "done");
    assert_eq!(led(rules, 410, ""), "refused");
    assert_eq!(led(rules, 200, ""), "unclassified");
    assert_eq!(led(rules, 503, ""), "not taken");
}

#[test]
fn a_rule_without_pointers_matches_an_answer_that_is_not_json() {
    let rules = "{ to = \"refused\", when = { \"/a\" = { absent = true } } }, { to = \"done\", status = 204 }";
    assert_eq!(led(rules, 204, ""), "done");
    assert_eq!(led(rules, 204, "<html>"), "done");
    assert_eq!(led(rules, 200, "<html>"), "unclassified");
    assert_eq!(led(rules, 200, "\u{feff}{}"), "unclassified");
    assert_eq!(led(rules, 200, "{}"), "refused");
}

#[test]
fn every_kind_of_value_is_compared_as_what_it_is() {
    let cases = [
        ("\"yes\"", r#"{"v":"\u0079es"}"#, r#"{"v":"yes "}"#),
        ("\"1\"", r#"{"v":"1"}"#, r#"{"v":1}"#),
        ("\"\"", r#"{"v":""}"#, "{}"),
        ("1_000", r#"{"v":1e3}"#, r#"{"v":"1000"}"#),
        ("1.5", r#"{"v":15E-1}"#, r#"{"v":1.50000000000000000001}"#),
        ("0x10", r#"{"v":16}"#, r#"{"v":17}"#),
        ("-0.0", r#"{"v":0}"#, r#"{"v":false}"#),
        (
            "123456789012345678901234567890",
            r#"{"v":123456789012345678901234567890}"#,
            r#"{"v":123456789012345678901234567891}"#,
        ),
        ("true", r#"{"v":true}"#, r#"{"v":"true"}"#),
        ("false", r#"{"v":false}"#, r#"{"v":null}"#),
        ("{ null = true }", r#"{"v":null}"#, "{}"),
        ("{ absent = true }", "{}", r#"{"v":null}"#),
    ];
    for (value, matching, other) in cases {
        let rules = format!("{{ to = \"done\", when = {{ \"/v\" = {value} }} }}");
        assert_eq!(led(&rules, 200, matching), "done", "{value} {matching}");
        assert_eq!(led(&rules, 200, other), "unclassified", "{value} {other}");
    }
}

#[test]
fn an_expected_pointer_is_a_non_empty_string() {
    let rules = "{ to = \"done\", expect = [\"/a/0\"] }";
    assert_eq!(led(rules, 200, "{\"a\":[\"x\"]}"), "done");
    assert_eq!(led(rules, 200, "{\"a\":{\"0\":\"x\"}}"), "done");
    for body in [
        "{\"a\":[\"\"]}",
        "{\"a\":[1]}",
        "{\"a\":[null]}",
        "{\"a\":[]}",
        "{}",
        "[]",
        "\"a\"",
    ] {
        assert_eq!(led(rules, 200, body), "unclassified", "{body}");
    }
}

#[test]
fn a_pointer_that_passes_a_doubled_name_matches_nothing() {
    let absent = "{ to = \"done\", when = { \"/a/b\" = { absent = true } } }";
    assert_eq!(led(absent, 200, "{\"a\":{}}"), "done");
    assert_eq!(led(absent, 200, "{\"a\":{},\"a\":{}}"), "unclassified");
    let equal = "{ to = \"done\", when = { \"/a\" = true } }";
    assert_eq!(
        led(equal, 200, "{\"a\":true,\"\\u0061\":true}"),
        "unclassified"
    );
    assert_eq!(led(equal, 200, "{\"a\":true,\"b\":1,\"b\":2}"), "done");
}

#[test]
fn an_answer_may_nest_512_deep_and_no_deeper() {
    let rules = "{ to = \"done\", when = { \"/a\" = { absent = true } } }";
    let nested = |depth| [vec![b'['; depth], vec![b']'; depth]].concat();
    let protocol = protocol(BEGIN, rules);
    assert_eq!(told(&protocol, "finish", 200, &nested(512)), "done");
    assert_eq!(told(&protocol, "finish", 200, &nested(513)), "unclassified");
}

#[test]
fn a_deadline_is_the_backends_text_and_the_instant_it_means() {
    let protocol = protocol(
        BEGIN,
        "{ to = \"done\", status = \"2xx\" }, { to = \"refused\", status = \"4xx\" }",
    );
    let step = protocol.step("finish").unwrap();
    let body = br#"{"until":"2026-01-17T13:05:00.50+01:00"}"#;
    let Classified::Taken {
        expires_at: Some((raw, instant)),
        ..
    } = classify(step, 200, body)
    else {
        panic!("a deadline");
    };
    assert_eq!(raw.raw(), br#""2026-01-17T13:05:00.50+01:00""#);
    assert_eq!(instant.as_millisecond(), 1_768_651_500_500);
    for none in ["{}", "{\"until\":null}", "", "not json", "[]"] {
        let taken = classify(step, 200, none.as_bytes());
        assert!(
            matches!(
                taken,
                Classified::Taken {
                    expires_at: None,
                    ..
                }
            ),
            "{none}"
        );
    }
}

#[test]
fn a_deadline_that_cannot_be_read_makes_any_answer_unclassified() {
    let rules = "{ to = \"done\" }, { to = \"refused\", status = \"4xx\" }";
    let bad = [
        "{\"until\":1768651500}",
        "{\"until\":\"\"}",
        "{\"until\":\"tomorrow\"}",
        "{\"until\":\"2026-01-17 12:05:00Z\"}",
        "{\"until\":\"\\ud800\"}",
        "{\"until\":{}}",
        "{\"until\":null,\"until\":null}",
    ];
    for body in bad {
        assert_eq!(led(rules, 200, body), "unclassified", "{body}");
        assert_eq!(led(rules, 422, body), "unclassified", "{body}");
        assert_eq!(led(rules, 500, body), "not taken", "{body}");
    }
}

const NAMED: &str = "
flow_id = \"response:/id\"
outcomes = [{ to = \"begun\" }, { to = \"begun\", status = 300 }, { to = \"refused\", status = \"4xx\" }]";

#[test]
fn flow_id_makes_its_pointer_expected_where_the_flow_goes_on() {
    let protocol = protocol(NAMED, "{ to = \"done\" }");
    for status in [200, 300] {
        let body = br#"{"id":"f-1"}"#;
        let Classified::Taken {
            flow_id: Some(id), ..
        } = classify(protocol.start(), status, body)
        else {
            panic!("a flow id");
        };
        assert_eq!(id.raw(), br#""f-1""#);
    }
    let bad = [
        "{}",
        "{\"id\":\"\"}",
        "{\"id\":7}",
        "{\"id\":\"a\",\"id\":\"a\"}",
        "",
        "no",
    ];
    for body in bad {
        assert_eq!(
            told(&protocol, "start", 200, body.as_bytes()),
            "unclassified",
            "{body}"
        );
        assert_eq!(
            told(&protocol, "start", 300, body.as_bytes()),
            "not taken",
            "{body}"
        );
    }
}

#[test]
fn a_refusal_that_ends_the_flow_need_not_name_it() {
    let protocol = protocol(NAMED, "{ to = \"done\" }");
    for body in [
        "{}",
        "",
        "{\"id\":7}",
        "{\"id\":\"\"}",
        "{\"id\":\"a\",\"id\":\"a\"}",
    ] {
        let taken = classify(protocol.start(), 422, body.as_bytes());
        assert!(
            matches!(taken, Classified::Taken { flow_id: None, .. }),
            "{body}"
        );
    }
    let taken = classify(protocol.start(), 422, br#"{"id":"f-1"}"#);
    assert!(matches!(
        taken,
        Classified::Taken {
            flow_id: Some(_),
            ..
        }
    ));
}

#[test]
fn a_refusal_with_a_2xx_need_not_name_its_flow_where_its_rule_says_so() {
    let named = "
flow_id = \"response:/id\"
outcomes = [
  { to = \"begun\", when = { \"/ok\" = true } },
  { to = \"refused\", when = { \"/ok\" = false, \"/id\" = { absent = true } } },
]";
    let protocol = protocol(named, "{ to = \"done\" }");
    let cases = [
        ("{\"ok\":true,\"id\":\"f-1\"}", "begun"),
        ("{\"ok\":true}", "unclassified"),
        ("{\"ok\":false}", "refused"),
        ("{\"ok\":false,\"id\":\"f-1\"}", "unclassified"),
    ];
    for (body, expected) in cases {
        assert_eq!(
            told(&protocol, "start", 200, body.as_bytes()),
            expected,
            "{body}"
        );
    }
}

#[test]
fn reasons_repeat_nothing_of_the_answer() {
    let rules = "{ to = \"done\", when = { \"/a\" = true } }";
    let protocol = protocol(BEGIN, rules);
    let step = protocol.step("finish").unwrap();
    let cases = [
        (
            "secret",
            "the backend's 200 answer is not JSON, and no outcome of step 'finish' matches it by status alone",
        ),
        (
            "{\"secret\":\"secret\"}",
            "no outcome of step 'finish' matches the backend's 200 answer",
        ),
        (
            "{\"a\":true,\"until\":\"secret\"}",
            "expires_at of step 'finish' (/until) is neither null nor one RFC 3339 date-time in the backend's answer",
        ),
    ];
    for (body, expected) in cases {
        let Classified::Unclassified { reason } = classify(step, 200, body.as_bytes()) else {
            panic!("{body}");
        };
        assert_eq!(reason, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_panics(status in any::<u16>(), body in prop::collection::vec(any::<u8>(), 0..60)) {
        let protocol = protocol(NAMED, "{ to = \"done\", when = { \"/a/0\" = 1e9 } }");
        for step in protocol.steps() {
            let _ = classify(step, status, &body);
        }
    }

    #[test]
    fn only_2xx_answers_without_a_rule_are_unclassified(status in 200_u16..600, body in "[\\{\\}\"id:,a0-9]{0,20}") {
        let protocol = protocol(NAMED, "{ to = \"done\" }");
        let told = told(&protocol, "start", status, body.as_bytes());
        prop_assert!(told != "unclassified" || status / 100 == 2);
        prop_assert!(told != "not taken" || status / 100 != 2);
    }
}
