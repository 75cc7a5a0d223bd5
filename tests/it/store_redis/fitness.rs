//! What a server must be, and what it is said to keep.

use appattest_integrator::clock::ManualClock;
use appattest_integrator::store::{self, Durability, Prepared, ServerClock};
use integrator_testbed::redis::{Options, Persistence, Server};

use super::{place, refusal, server, silence, subject};
use crate::contract::subject::Subject;
use crate::harness::service::STARTED;

async fn prepared(url: String) -> Prepared {
    let subject = Subject::at(place(url)).await;
    (*subject.store.prepared().expect("it is prepared")).clone()
}

fn setting<'a>(prepared: &'a Prepared, name: &str) -> &'a str {
    let found = prepared.settings.iter().find(|(found, _)| found == name);
    &found.expect("a setting").1
}

/// An account that may do all but `forbidden`.
fn account(server: &Server, forbidden: &str) -> String {
    server.command(&[
        "ACL", "SETUSER", "limited", "on", ">secret", "~*", "&*", "+@all", forbidden,
    ]);
    format!("redis://limited:secret@{}/0", server.address())
}

#[tokio::test]
async fn a_server_that_evicts_is_refused_by_the_name_of_its_policy() {
    let server = server(Options {
        maxmemory_policy: "allkeys-lru".to_owned(),
        ..Options::default()
    });

    let refused = refusal(server.url(0)).await;
    assert!(
        refused.contains("maxmemory-policy is allkeys-lru; set it to noeviction"),
        "{refused}"
    );
    let refused = refusal(account(&server, "-config")).await;
    assert!(refused.contains("is allkeys-lru"), "{refused}");

    server.command(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    subject(&server).await;
}

#[tokio::test]
async fn each_persistence_is_told_by_its_class() {
    for (persistence, class) in [
        (Persistence::None, Durability::StoreProcess),
        (Persistence::Snapshots, Durability::Minutes),
        (Persistence::EverySecond, Durability::Second),
        (Persistence::Always, Durability::PowerLoss),
    ] {
        let server = server(Options {
            persistence,
            ..Options::default()
        });
        let prepared = prepared(server.url(0)).await;
        assert_eq!(prepared.durability, class, "{persistence:?}");
        assert!(prepared.version.starts_with("Redis "), "{prepared:?}");
        assert_eq!(prepared.warnings, Vec::<String>::new());
        let appends = if class >= Durability::Second {
            "yes"
        } else {
            "no"
        };
        assert_eq!(setting(&prepared, "appendonly"), appends);
        assert_eq!(setting(&prepared, "maxmemory-policy"), "noeviction");
    }
}

#[tokio::test]
async fn what_an_account_may_not_read_is_not_guessed_at() {
    let server = server(Options {
        persistence: Persistence::Always,
        ..Options::default()
    });

    let prepared = prepared(account(&server, "-config")).await;

    assert_eq!(prepared.durability, Durability::Unknown);
    assert_eq!(setting(&prepared, "appendonly"), "yes");
    assert_eq!(setting(&prepared, "appendfsync"), "not told");
    assert!(prepared.warnings[0].contains("CONFIG GET"));
}

#[tokio::test]
async fn a_replica_is_refused_and_its_primary_is_doubtful() {
    let primary = server(Options::default());
    let replica = server(Options::default());
    let port = primary.address().port().to_string();
    replica.command(&["REPLICAOF", "127.0.0.1", &port]);
    while !replica
        .command(&["INFO", "replication"])
        .contains("master_link_status:up")
    {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }

    let refused = refusal(replica.url(0)).await;
    assert!(
        refused.contains(&format!("a replica of 127.0.0.1:{port}; name its primary")),
        "{refused}"
    );
    let prepared = prepared(primary.url(0)).await;
    assert!(prepared.warnings[0].contains("a failover may lose the latest"));
}

#[tokio::test]
async fn flows_in_a_newer_format_are_left_alone() {
    let server = server(Options::default());
    server.command(&["SET", "integrator:{index}:schema", "2"]);

    let refused = refusal(server.url(0)).await;

    assert!(refused.contains("kept in format 2"), "{refused}");
    assert_eq!(server.command(&["GET", "integrator:{index}:schema"]), "2");
}

#[tokio::test]
async fn no_message_holds_a_password() {
    let server = server(Options {
        password: Some("hunter2".to_owned()),
        ..Options::default()
    });
    let address = server.address();
    subject(&server).await;

    for (credentials, told) in [("", "password"), (":hunter3@", "name and password")] {
        let cause = silence(format!("redis://{credentials}{address}/0")).await;
        assert!(cause.contains(told), "{cause}");
        assert!(!cause.contains("hunter"), "{cause}");
    }
    server.kill();
    let cause = silence(server.url(0)).await;
    assert!(cause.contains("nobody takes connections"), "{cause}");
    assert!(!cause.contains("hunter"), "{cause}");

    for url in [
        "redis://:hunter2@:x",
        "http://:hunter2@localhost",
        "hunter2",
    ] {
        let options = store::Options::Redis {
            url: url.to_owned(),
            bounds: store::Bounds {
                max_flows: 1,
                patience: store::PATIENCE,
            },
            clock: ServerClock::Its,
        };
        let clock = std::sync::Arc::new(ManualClock::at(STARTED.parse().unwrap()));
        let Err(reason) = store::open(options, clock) else {
            panic!("{url} was opened")
        };
        assert!(reason.contains("not one of Redis"), "{reason}");
        assert!(!reason.contains("hunter"), "{reason}");
    }
}
