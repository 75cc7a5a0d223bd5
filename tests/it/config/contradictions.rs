//! Settings that do not go together, and those that are only doubtful.

use super::{Layers, problems_of};

#[test]
fn listening_to_all_needs_the_absence_of_authentication_said_in_so_many_words() {
    let open = "[server]\nlisten = \"0.0.0.0:8090\"\n[ops]\nlisten = \"[::]:8091\"\n";
    insta::assert_snapshot!(problems_of(open));
    Layers::none()
        .file(format!("{open}[auth]\nmode = \"none\""))
        .config();
    Layers::none()
        .file(open)
        .variable("INTEGRATOR__AUTH__MODE", "none")
        .config();
    let file = problems_of(&format!("{open}[auth]\nmode = \"mtls\""));
    assert_eq!(file.lines().count(), 1, "{file}");
}

#[test]
fn loopback_in_every_spelling_needs_nothing_said() {
    for address in [
        "127.0.0.1:1",
        "127.9.9.9:1",
        "[::1]:1",
        "[::ffff:127.0.0.1]:1",
    ] {
        Layers::none().listen(address).config();
    }
}

#[test]
fn the_flags_address_is_the_one_that_counts() {
    let file = "[server]\nlisten = \"0.0.0.0:8090\"";
    Layers::none().file(file).listen("127.0.0.1:1").config();
}

#[test]
fn two_listeners_need_two_addresses() {
    insta::assert_snapshot!(problems_of("[ops]\nlisten = \"127.0.0.1:8090\""));
    Layers::none()
        .file("[server]\nlisten = \"127.0.0.1:0\"\n[ops]\nlisten = \"127.0.0.1:0\"")
        .config();
}

#[test]
fn the_lowest_rate_is_not_above_the_highest() {
    let layers = Layers::none()
        .file("[admission]\nrate_min_tps = 300")
        .variable("APP_ATTEST_RATE_MAX_TPS", "299.5");
    insta::assert_snapshot!(layers.problems());
    Layers::none()
        .file("[admission]\nrate_min_tps = 5\nrate_max_tps = 5")
        .config();
}

#[test]
fn a_value_that_is_none_makes_no_contradictions() {
    let problems =
        problems_of("[admission]\nrate_min_tps = 300\nrate_max_tps = 'x'\n[server]\nlisten = 'x'");
    assert_eq!(problems.lines().count(), 2, "{problems}");
}

#[test]
fn what_is_doubtful_is_told_and_allowed() {
    let config = Layers::none()
        .file(
            "server.shutdown_grace_ms = 4999\nbackends.a.base_url = 'http://0.0.0.0:1'\n\
             backends.b.base_url = 'http://169.254.169.254/x'\nbackends.c.base_url = 'http://[fe80::1]'\n\
             backends.d.base_url = 'http://[::]'\nbackends.e.base_url = 'http://e'\nbackends.e.timeout_ms = 2999",
        )
        .config();
    insta::assert_snapshot!(config.warnings.join("\n"));
}

#[test]
fn the_audit_stream_has_a_file_of_its_own() {
    let both = |audit: &str| {
        format!("store = {{ kind = 'sqlite', path = 'flows.db' }}\nlog.audit = '{audit}'")
    };
    for same in ["flows.db", "./flows.db"] {
        let told = problems_of(&both(same));
        assert!(
            told.starts_with("log.audit (") && told.contains("one of its own"),
            "{told}"
        );
    }
    Layers::none().file(both("audit.log")).config();
    Layers::none()
        .file("store.kind = 'memory'\nlog.audit = 'flows.db'")
        .config();
}
