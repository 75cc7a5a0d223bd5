//! Servers start, take writes, and come back from a kill with what they promise to remember.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot arrange what it needs fails"
)]

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use integrator_testbed::redis::Persistence;
use integrator_testbed::{postgres, redis};

/// Long for an answer over the loopback, short for a test.
const A_MOMENT: Duration = Duration::from_millis(300);

fn redis_that_remembers(persistence: Persistence) -> redis::Server {
    redis::Server::start(redis::Options {
        persistence,
        ..redis::Options::default()
    })
}

/// What a Redis has of one write after a kill.
fn after_a_kill(server: &redis::Server) -> String {
    server.command(&["SET", "flow", "kept"]);
    server.kill();
    server.restart();
    server.command(&["GET", "flow"])
}

/// Whether a server that takes connections says nothing to these bytes for a moment.
fn is_silent(address: SocketAddr, said: &[u8]) -> bool {
    let mut stream = TcpStream::connect(address).expect("a paused server's port is open");
    stream.set_read_timeout(Some(A_MOMENT)).expect("a timeout");
    stream
        .write_all(said)
        .expect("a paused server's port is open");
    let read = stream.read(&mut [0]);
    matches!(read, Err(error) if error.kind() == ErrorKind::WouldBlock)
}

#[test]
fn a_redis_without_persistence_forgets_when_it_is_killed() {
    let server = redis::Server::start(redis::Options::default());

    assert_eq!(after_a_kill(&server), "");
}

#[test]
fn a_redis_with_a_log_remembers_when_it_is_killed() {
    for persistence in [Persistence::EverySecond, Persistence::Always] {
        let server = redis_that_remembers(persistence);

        assert_eq!(after_a_kill(&server), "kept", "{persistence:?}");
    }
}

#[test]
fn a_redis_with_snapshots_remembers_what_its_last_one_has() {
    let server = redis_that_remembers(Persistence::Snapshots);
    server.command(&["SET", "early", "kept"]);
    server.command(&["SAVE"]);

    let late = after_a_kill(&server);

    assert_eq!(late, "");
    assert_eq!(server.command(&["GET", "early"]), "kept");
}

#[test]
fn a_redis_is_set_up_as_its_options_say() {
    let server = redis::Server::start(redis::Options {
        databases: 4096,
        maxmemory_policy: "allkeys-lru".to_owned(),
        settings: vec![("maxmemory".to_owned(), "50mb".to_owned())],
        ..redis::Options::default()
    });

    let setting = |name| server.command(&["CONFIG", "GET", name]);

    assert_eq!(setting("databases"), "databases\n4096");
    assert_eq!(setting("maxmemory-policy"), "maxmemory-policy\nallkeys-lru");
    assert_eq!(setting("maxmemory"), "maxmemory\n52428800");
    assert!(server.url(4095).ends_with("/4095"));
}

#[test]
fn a_redis_with_a_password_answers_to_those_who_give_it() {
    let server = redis::Server::start(redis::Options {
        password: Some("open1sesame".to_owned()),
        ..redis::Options::default()
    });

    assert_eq!(server.command(&["PING"]), "PONG");
    assert!(server.url(0).starts_with("redis://:open1sesame@127.0.0.1:"));
    let mut stranger = TcpStream::connect(server.address()).expect("it listens");
    stranger.write_all(b"PING\r\n").expect("it reads");
    let mut answer = [0; 7];
    stranger.read_exact(&mut answer).expect("it answers");
    assert_eq!(&answer, b"-NOAUTH");
}

#[test]
fn a_cluster_refuses_a_script_across_slots_also_after_a_restart() {
    let server = redis::Server::start(redis::Options {
        cluster: true,
        persistence: Persistence::Always,
        ..redis::Options::default()
    });
    let across = ["EVAL", "return 1", "2", "a", "b"];

    let refused = server.try_command(&across).expect_err("two slots");
    assert_eq!(after_a_kill(&server), "kept");
    let refused_again = server.try_command(&across).expect_err("two slots");

    assert!(refused.starts_with("CROSSSLOT"), "{refused}");
    assert_eq!(refused, refused_again);
    assert_eq!(
        server.command(&["EVAL", "return 1", "2", "{a}1", "{a}2"]),
        "1"
    );
}

#[test]
fn a_paused_redis_says_nothing_until_it_is_resumed() {
    let server = redis::Server::start(redis::Options::default());

    server.pause();
    let was_silent = is_silent(server.address(), b"PING\r\n");
    server.resume();

    assert!(was_silent);
    assert_eq!(server.command(&["PING"]), "PONG");
}

#[test]
fn a_paused_redis_can_be_killed_and_restarted() {
    let server = redis_that_remembers(Persistence::Always);
    server.command(&["SET", "flow", "kept"]);

    server.pause();
    server.restart();

    assert_eq!(server.command(&["GET", "flow"]), "kept");
}

#[test]
fn two_redis_do_not_know_of_each_other() {
    let [one, other] = [(); 2].map(|()| redis::Server::start(redis::Options::default()));

    one.command(&["SET", "flow", "mine"]);

    assert_ne!(one.address(), other.address());
    assert_eq!(other.command(&["GET", "flow"]), "");
}

#[test]
fn a_postgres_remembers_what_was_committed_when_it_is_killed() {
    for fsync in [false, true] {
        let server = postgres::Server::start(postgres::Options {
            fsync,
            ..postgres::Options::default()
        });
        server.psql("CREATE TABLE flows (handle text)");
        server.psql("INSERT INTO flows VALUES ('kept')");

        server.kill();
        server.restart();

        assert_eq!(server.psql("SELECT handle FROM flows"), "kept");
        assert_eq!(server.psql("SHOW fsync"), if fsync { "on" } else { "off" });
    }
}

#[test]
fn a_postgres_is_set_up_as_its_options_say() {
    let server = postgres::Server::start(postgres::Options {
        max_connections: 77,
        settings: vec![("synchronous_commit".to_owned(), "off".to_owned())],
        ..postgres::Options::default()
    });

    assert_eq!(server.psql("SHOW max_connections"), "77");
    assert_eq!(server.psql("SHOW synchronous_commit"), "off");
    assert_eq!(server.psql("SELECT current_user"), "integrator");
}

#[test]
fn a_schema_is_empty_and_is_that_of_its_url() {
    let server = postgres::Server::start(postgres::Options::default());

    let url = server.schema_url("one_test");
    server.psql("CREATE TABLE one_test.flows ()");
    let again = server.schema_url("one_test");

    assert_eq!(url, again);
    assert!(url.ends_with("/postgres?options=-csearch_path%3Done_test"));
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'one_test'";
    assert_eq!(server.psql(tables), "0");
}

#[test]
#[should_panic(expected = "syntax error")]
fn a_refused_statement_fails_with_the_servers_words() {
    let server = postgres::Server::start(postgres::Options::default());

    server.psql("SELEKT 1");
}

#[test]
fn a_paused_postgres_says_nothing_until_it_is_resumed() {
    let server = postgres::Server::start(postgres::Options::default());
    // A request for TLS, which is answered with one letter.
    let asks_for_tls = [0, 0, 0, 8, 4, 210, 22, 47];

    server.pause();
    let was_silent = is_silent(server.address(), &asks_for_tls);
    server.resume();

    assert!(was_silent);
    assert_eq!(server.psql("SELECT 1"), "1");
}

#[test]
fn a_postgres_is_killed_with_its_sessions_paused_or_not() {
    let server = postgres::Server::start(postgres::Options::default());
    for is_paused in [false, true] {
        let mut session = TcpStream::connect(server.address()).expect("it listens");
        // Version 3.0, and the user's name.
        let hello = b"\x00\x00\x00\x19\x00\x03\x00\x00user\0integrator\0\0";
        session.write_all(hello).expect("it reads");
        session.read_exact(&mut [0; 9]).expect("it lets anybody in");

        if is_paused {
            server.pause();
        }
        server.kill();
        let ended = session.read_to_end(&mut Vec::new());
        server.restart();

        let is_reset = |error: &std::io::Error| error.kind() == ErrorKind::ConnectionReset;
        assert!(ended.as_ref().map_or_else(is_reset, |_| true), "{ended:?}");
        assert_eq!(server.psql("SELECT 1"), "1");
    }
}

#[test]
fn two_postgres_do_not_know_of_each_other() {
    let [one, other] = [(); 2].map(|()| postgres::Server::start(postgres::Options::default()));

    one.psql("CREATE TABLE flows ()");

    assert_ne!(one.address(), other.address());
    let tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'flows'";
    assert_eq!(other.psql(tables), "0");
}
