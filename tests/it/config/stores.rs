//! Where flows are kept: each kind with what it needs, and with nothing else.

use std::fs;

use appattest_integrator::config::Store;
use insta::assert_snapshot;

use super::{Layers, problems_of};

/// The problems of several files, each after the one before.
fn problems_of_each(stores: &[&str]) -> String {
    let problems: Vec<String> = stores
        .iter()
        .map(|store| problems_of(&format!("[store]\n{store}")))
        .collect();
    problems.join("\n")
}

/// The store of a file, as it is told.
fn told(store: &str) -> String {
    let layers = Layers::none().file(format!("[store]\n{store}"));
    layers.without_directory(&layers.config().store.to_string())
}

#[test]
fn a_relative_path_of_a_file_begins_in_the_working_directory() {
    let layers = Layers::none().file("[store]\nkind = 'sqlite'\npath = 'data/flows.sqlite'");

    let path = layers.directory.path().join("data/flows.sqlite");
    assert_eq!(layers.config().store, Store::Sqlite { path });
}

#[test]
fn an_absolute_path_of_a_file_is_taken_as_it_is() {
    assert_eq!(
        told("kind = 'sqlite'\npath = '/var/lib/integrator/a:b.sqlite'"),
        "sqlite at /var/lib/integrator/a:b.sqlite"
    );
}

#[test]
fn a_file_that_is_there_already_is_taken() {
    let layers = Layers::none()
        .beside("flows.sqlite", "")
        .file("[store]\nkind = 'sqlite'\npath = 'flows.sqlite'");

    assert_eq!(layers.problems(), "");
}

#[test]
fn each_scheme_of_a_server_is_taken_by_its_kind_of_store() {
    for (kind, url) in [
        ("redis", "redis://h"),
        ("redis", "rediss://h:6380/2"),
        ("postgres", "postgres://[::1]:5432/flows"),
        ("postgres", "postgresql://h/flows"),
    ] {
        assert_eq!(
            told(&format!("kind = '{kind}'\nurl = '{url}'")),
            format!("{kind} at {url}")
        );
    }
}

#[test]
fn the_driver_is_given_the_url_as_it_was_written() {
    let text = "postgres://u:p%40w@h/flows?sslmode=require&options=-c%20x%3D1";
    let layers = Layers::none().file(format!("[store]\nkind = 'postgres'\nurl = '{text}'"));

    let Store::Postgres { url } = layers.config().store else {
        panic!("another store");
    };
    assert_eq!(url.reveal(), text);
}

#[test]
fn the_environment_names_a_store() {
    let sqlite = Layers::none()
        .variable("INTEGRATOR__STORE__KIND", "sqlite")
        .variable("INTEGRATOR__STORE__PATH", "/flows.sqlite")
        .variable("INTEGRATOR__STORE__URL", "");
    let redis = Layers::none()
        .file("[store]\nkind = 'postgres'\nurl = 'postgres://h'")
        .variable("INTEGRATOR__STORE__KIND", "redis")
        .variable("INTEGRATOR__STORE__URL", "redis://h");

    assert_eq!(sqlite.config().store.to_string(), "sqlite at /flows.sqlite");
    assert_eq!(redis.config().store.to_string(), "redis at redis://h");
}

#[test]
fn a_store_without_what_it_needs_is_refused() {
    assert_snapshot!(problems_of_each(&["kind = 'sqlite'", "kind = 'redis'", "kind = 'postgres'"]), @"
    store.path: is missing; the store is sqlite (a.toml:2), which needs it; allowed: the path of a file
    store.url: is missing; the store is redis (a.toml:2), which needs it; allowed: a URL that begins with redis:// or rediss://
    store.url: is missing; the store is postgres (a.toml:2), which needs it; allowed: a URL that begins with postgres:// or postgresql://
    ");
}

#[test]
fn an_empty_variable_gives_a_store_nothing() {
    let layers = Layers::none()
        .variable("INTEGRATOR__STORE__KIND", "sqlite")
        .variable("INTEGRATOR__STORE__PATH", "");

    assert_snapshot!(layers.problems(), @"store.path: is missing; the store is sqlite (environment variable INTEGRATOR__STORE__KIND), which needs it; allowed: the path of a file");
}

#[test]
fn a_store_in_memory_has_neither_path_nor_url() {
    let layers = Layers::none()
        .file("[store]\npath = \"x\"")
        .variable("INTEGRATOR__STORE__URL", "redis://:pw@h");

    assert_snapshot!(layers.problems(), @"
    store.path (a.toml:2): the store is memory (default), which has none; leave it out
    store.url (environment variable INTEGRATOR__STORE__URL): the store is memory (default), which has none; leave it out
    ");
}

#[test]
fn a_store_has_not_what_another_kind_needs() {
    assert_snapshot!(problems_of_each(&[
        "kind = 'sqlite'\npath = 'x'\nurl = 'redis://h'",
        "kind = 'redis'\npath = 'x'\nurl = 'redis://h'",
        "kind = 'postgres'\npath = 'x'\nurl = 'postgres://h'",
    ]), @"
    store.url (a.toml:4): the store is sqlite (a.toml:2), which has none; leave it out
    store.path (a.toml:3): the store is redis (a.toml:2), which has none; leave it out
    store.path (a.toml:3): the store is postgres (a.toml:2), which has none; leave it out
    ");
}

#[test]
fn what_is_missing_and_what_is_too_much_are_told_at_once() {
    assert_snapshot!(problems_of("[store]\nkind = 'sqlite'\nurl = 'redis://h'"), @"
    store.path: is missing; the store is sqlite (a.toml:2), which needs it; allowed: the path of a file
    store.url (a.toml:3): the store is sqlite (a.toml:2), which has none; leave it out
    ");
}

#[test]
fn a_url_of_another_kind_of_store_is_refused() {
    assert_snapshot!(problems_of_each(&[
        "kind = 'redis'\nurl = 'postgres://u:pw@h'",
        "kind = 'postgres'\nurl = 'REDISS://u:pw@h'",
    ]), @"
    store.url (a.toml:3): this URL begins with postgres://, but the store is redis (a.toml:2); allowed: a URL that begins with redis:// or rediss://
    store.url (a.toml:3): this URL begins with rediss://, but the store is postgres (a.toml:2); allowed: a URL that begins with postgres:// or postgresql://
    ");
}

#[test]
fn what_is_no_url_of_a_store_is_refused_with_its_reason() {
    assert_snapshot!(problems_of_each(&[
        "kind = 'redis'\nurl = 'h:6379'",
        "kind = 'redis'\nurl = 'unix:///run/redis.sock'",
        "kind = 'redis'\nurl = 'redis://:pw@'",
        "kind = 'redis'\nurl = 'redis://u:pw'",
        "kind = 'redis'\nurl = 'redis://u:p/w@h'",
        "kind = 'redis'\nurl = 'redis://h#0'",
        "kind = 'redis'\nurl = 'redis://h '",
    ]), @"
    store.url (a.toml:3): found a value that is not shown (string): its scheme is that of no store; allowed: a redis, rediss, postgres or postgresql URL with a host
    store.url (a.toml:3): found a value that is not shown (string): its scheme is that of no store; allowed: a redis, rediss, postgres or postgresql URL with a host
    store.url (a.toml:3): found a value that is not shown (string): it names no host (an IPv6 address stands in brackets); allowed: a redis, rediss, postgres or postgresql URL with a host
    store.url (a.toml:3): found a value that is not shown (string): its port is none of 1 to 65535; allowed: a redis, rediss, postgres or postgresql URL with a host
    store.url (a.toml:3): found a value that is not shown (string): an @ stands after the host; in credentials, / ? # and @ are percent-encoded; allowed: a redis, rediss, postgres or postgresql URL with a host
    store.url (a.toml:3): found a value that is not shown (string): a fragment in it is refused; allowed: a redis, rediss, postgres or postgresql URL with a host
    store.url (a.toml:3): found a value that is not shown (string): it holds white space or characters beyond ASCII, which are percent-encoded; allowed: a redis, rediss, postgres or postgresql URL with a host
    ");
}

#[test]
fn a_folder_is_no_file_of_a_store() {
    let layers = Layers::none().file("[store]\nkind = 'sqlite'\npath = 'data'");
    fs::create_dir(layers.directory.path().join("data")).unwrap();

    assert_snapshot!(layers.problems(), @"store.path (a.toml:3): data is a folder, but the store is sqlite (a.toml:2); allowed: the path of a file");
}

#[test]
fn what_sqlite_would_not_take_for_a_file_is_refused() {
    for path in [
        ":memory:",
        "file:flows.sqlite",
        "file::memory:?cache=shared",
        "postgres://u:pw@h",
    ] {
        let problems = problems_of(&format!("[store]\nkind = 'sqlite'\npath = '{path}'"));
        assert_eq!(
            problems,
            "store.path (a.toml:3): a colon stands in the first part of this path (write ./ in front), \
             but the store is sqlite (a.toml:2); allowed: the path of a file"
        );
    }
}

#[test]
fn a_file_with_a_colon_in_its_name_is_taken_after_a_dot() {
    let layers = Layers::none().file("[store]\nkind = 'sqlite'\npath = './:memory:'");

    assert_eq!(layers.problems(), "");
}

#[test]
fn a_kind_or_a_place_that_is_none_makes_no_contradictions() {
    assert_snapshot!(problems_of_each(&[
        "kind = 'mysql'\npath = 'x'\nurl = 'redis://h'",
        "kind = 'sqlite'\npath = 7",
        "kind = 'redis'\nurl = 7",
    ]), @r#"
    store.kind (a.toml:2): found the string "mysql"; allowed: one of memory, sqlite, redis, postgres
    store.path (a.toml:3): found the integer 7; allowed: a path
    store.url (a.toml:3): found a value that is not shown (integer); allowed: a redis, rediss, postgres or postgresql URL with a host
    "#);
}

#[test]
fn the_bound_of_the_memory_store_is_idle_beside_another() {
    let layers =
        Layers::none().file("[flows]\nmax_bytes = 1048576\n[store]\nkind = 'sqlite'\npath = 'x'");

    assert_eq!(layers.problems(), "");
}

#[test]
fn the_bound_of_the_memory_store_is_checked_beside_another() {
    let problems = problems_of("[flows]\nmax_bytes = 1\n[store]\nkind = 'sqlite'\npath = 'x'");

    assert_snapshot!(problems, @"flows.max_bytes (a.toml:2): found the integer 1; allowed: an integer from 1048576 to 1099511627776 (bytes)");
}
