//! Everything that is wrong in a file, at once.

use super::{Layers, problems_of};

const BROKEN: &str = r#"
title = "mine"
ops = "info"

[sever]
listen = "127.0.0.1:1"

[server]
listen = "localhost:8090"
lisen = "127.0.0.1:8090"
drain_delay_ms = "5000"
shutdown_grace_ms = -1
tls.certificate = "chain.pem"
tls.ca = "x"

[backends]
"a.b" = { base_url = "http://h" }
Upper = {}
flat = 1

[backends.default]
base_url = "ftp://h"
timeout_ms = 0
header = {}
headers = { Host = "h", "bad name" = "x", X-A = 1, x-b = "ok", X-B = "again", X-C = "env:UNSET", X-D = "line\nfeed", X-Flow-Handle = "x", "X-É" = "x" }

[backends.payments]
timeout_ms = 5

[flows]
max = 1.5
max_bytes = 99999999999999999999999999
sweep_interval_ms = 0x5
listen = 1

[store]
kind = "sqlite3"
path = ""
url = 7

[admission]
enabled = true
mode = "Enforce"
ewma_alpha = 0
kp = nan
ki = inf
burst_max_tokens = 1_000_001

[auth]
mode = "mtls"

[[auth.callers]]
name = ""
scopes = ["flows", "root"]
key_sha256 = "0000"
tennant = "x"

[log.nested]

[telemetry]
otlp_endpoint = "http://me:hunter2@collector"
"#;

#[test]
fn everything_that_is_wrong_in_a_file_is_told_at_once() {
    let layers = Layers::none()
        .file(BROKEN)
        .variable("INTEGRATOR__LOG__LEVEL", "loud")
        .listen("here");
    insta::assert_snapshot!(layers.problems());
}

#[test]
fn a_file_that_is_not_toml_is_told_with_its_lines_and_without_their_text() {
    let layers = Layers::none()
        .file("[server]\nlisten = hunter2\n[store\nurl = 'p'\nurl = 'p'\n")
        .variable("INTEGRATOR__FLOWS__MAX", "0");
    let problems = layers.problems();
    assert!(!problems.contains("hunter2"));
    insta::assert_snapshot!(problems);
}

#[test]
fn a_file_that_is_not_understood_makes_no_contradictions() {
    let layers = Layers::none()
        .file("[auth]\nmode = \"none\"\n]")
        .listen("0.0.0.0:1");
    assert_eq!(layers.problems().lines().count(), 1);
}

#[test]
fn a_file_that_is_not_utf8_or_too_large_is_refused() {
    insta::assert_snapshot!(Layers::none().file(b"[log]\nlevel = \"\xff\"").problems());
    insta::assert_snapshot!(Layers::none().file(" ".repeat(1024 * 1024 + 1)).problems());
}

#[test]
fn a_section_that_is_none_and_an_array_that_is_none_are_told() {
    insta::assert_snapshot!(problems_of(
        "server = []\nauth.callers = { name = 'x' }\n[[log]]\nlevel = 'info'"
    ));
}

#[test]
fn callers_that_are_no_tables_are_told() {
    insta::assert_snapshot!(problems_of("[auth]\ncallers = [1, { name = 2 }]"));
}

#[test]
fn an_empty_list_of_callers_and_empty_sections_are_nothing() {
    Layers::none()
        .file("[server.tls]\n[ops]\n[telemetry]\n[auth]\ncallers = []\n[backends]")
        .config();
}

#[test]
fn a_backend_without_a_place_is_told_with_what_was_perhaps_meant() {
    insta::assert_snapshot!(problems_of(
        "[backends.payments]\nbase_url = 'http://p'\n[backends.payment]\ntimeout_ms = 5\n[backends.other]"
    ));
}

#[test]
fn inline_tables_and_dotted_keys_are_tables_too() {
    let layers =
        Layers::none().file("server = { listen = '127.0.0.1:5' }\nbackends.default.timeout_ms = 5");
    assert_eq!(layers.config().server.listen.port(), 5);
}

proptest::proptest! {
    #[test]
    fn no_file_and_no_variable_ends_the_process(
        text in "(\\[{0,2}(server|backends|auth\\.callers|log|x)?\\]{0,2}|[a-z_.]{1,9} ?= ?|\"|'|\\{|\\}|,|[0-9.e-]{1,20}|true|\n|\\PC){0,60}",
        name in "(INTEGRATOR__|APP_ATTEST_)(BACKENDS__|SERVER__|_|[A-Z]|\\PC){0,6}",
        value in "\\PC{0,20}",
    ) {
        let layers = Layers::none().file(text).variable(name, value);
        let told = layers.load().map(drop).map_err(|problems| problems.to_string());
        proptest::prop_assert!(told != Err(String::new()), "a refusal says why");
    }
}
