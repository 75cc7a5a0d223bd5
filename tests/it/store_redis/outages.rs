//! A server that stands still, is full, or is no primary any more.

use std::time::Duration;

use appattest_integrator::store::{Next, Replaced};
use integrator_testbed::proxy::Proxy;
use integrator_testbed::redis::Options;
use tokio::time::Instant;

use super::{cause, place, server, subject};
use crate::contract::samples::{handle, replacement};
use crate::contract::subject::{Subject, recovered};

/// Longer than an operation takes; the machine may be busy.
const IN_TIME: Duration = Duration::from_secs(10);

/// Far less than an operation is given.
const AT_ONCE: Duration = Duration::from_millis(50);

#[tokio::test]
async fn a_server_that_stands_still_is_given_up_and_found_again() {
    let server = server(Options::default());
    let subject = subject(&server).await;
    let begun = subject.begun(1).await;

    server.pause();
    let asked = Instant::now();
    let silent = cause(subject.store.beat().await);
    assert!(asked.elapsed() < IN_TIME);
    assert!(silent.contains("Redis did not answer in time"), "{silent}");
    let asked = Instant::now();
    cause(subject.store.load(&handle(1)).await);
    assert!(asked.elapsed() < IN_TIME);
    server.resume();

    recovered(&*subject.store).await;
    subject.polled(&begun, 10, 200).await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_at_once_and_found_when_it_is() {
    let server = server(Options::default());
    let subject = subject(&server).await;
    server.kill();

    let mut took = Vec::new();
    for _ in 0..20 {
        let asked = Instant::now();
        let told = cause(subject.store.load(&handle(1)).await);
        took.push(asked.elapsed());
        assert!(told.contains("nobody takes connections"), "{told}");
    }
    // Most of them: a machine that stands still for a moment is late once.
    let at_once = took.iter().filter(|took| **took < AT_ONCE).count();
    assert!(at_once >= 15, "{took:?}");

    server.restart();
    recovered(&*subject.store).await;
    subject.begun(1).await;
}

#[tokio::test]
async fn a_connection_that_leads_nowhere_is_replaced() {
    let server = server(Options::default());
    let proxy = Proxy::start(server.address());
    let subject = Subject::at(place(proxy.url(&server.url(0)))).await;
    let begun = subject.begun(1).await;
    let before = proxy.connections();

    proxy.hang();
    cause(subject.store.load(&handle(1)).await);
    proxy.refuse();
    cause(subject.store.load(&handle(1)).await);
    proxy.pass();

    recovered(&*subject.store).await;
    assert!(proxy.connections() > before);
    subject.polled(&begun, 10, 200).await;
}

#[tokio::test]
async fn a_full_server_takes_removals_and_nothing_else() {
    let server = server(Options::default());
    let subject = subject(&server).await;
    let begun = subject.begun(1).await;
    let kept = subject.begun(2).await;
    server.command(&["CONFIG", "SET", "maxmemory", "1"]);

    let (stored, _) = subject.claimed(3, "{}").await;
    let told = cause(subject.store.create(stored, None).await);
    assert!(told.contains("out of memory"), "{told}");
    let told = cause(subject.store.beat().await);
    assert!(told.contains("maxmemory"), "{told}");
    let (claimed, _) = subject.claim_unsaved(&kept, 10).await;
    let claim = replacement(&kept, super::record(&claimed));
    cause(subject.store.replace(claim).await);
    assert!(subject.loaded(&handle(2)).await.is_some());
    let removal = replacement(&begun, Next::Nothing);
    assert_eq!(subject.store.replace(removal).await, Ok(Replaced::Done));

    server.command(&["CONFIG", "SET", "maxmemory", "0"]);
    subject.store.beat().await.unwrap();
    assert_eq!(subject.store.census().await.unwrap().flows, 1);
    subject.polled(&kept, 20, 200).await;
}

#[tokio::test]
async fn a_primary_that_became_a_replica_is_told_as_one() {
    let server = server(Options::default());
    let subject = subject(&server).await;
    let begun = subject.begun(1).await;
    server.command(&["REPLICAOF", "127.0.0.1", "1"]);

    let told = cause(subject.store.beat().await);
    assert!(told.contains("is a replica and takes no writes"), "{told}");
    let (claimed, _) = subject.claim_unsaved(&begun, 10).await;
    let claim = replacement(&begun, super::record(&claimed));
    assert!(cause(subject.store.replace(claim).await).contains("READONLY"));
    assert!(subject.store.ready().await.is_err());

    server.command(&["REPLICAOF", "NO", "ONE"]);
    recovered(&*subject.store).await;
    subject.polled(&begun, 20, 200).await;
}

#[tokio::test]
async fn a_server_that_cannot_save_is_told_so() {
    let server = server(Options {
        persistence: integrator_testbed::redis::Persistence::Snapshots,
        settings: vec![("enable-protected-configs".to_owned(), "yes".to_owned())],
        ..Options::default()
    });
    let subject = subject(&server).await;
    let begun = subject.begun(1).await;
    // The folder of the snapshot is not there.
    server.command(&["CONFIG", "SET", "dbfilename", "gone.rdb"]);
    let folder = server.command(&["CONFIG", "GET", "dir"]);
    let folder = folder.lines().nth(1).unwrap().to_owned();
    std::fs::create_dir(format!("{folder}/gone.rdb")).unwrap();
    server.command(&["BGSAVE"]);
    while !server
        .command(&["INFO", "persistence"])
        .contains("rdb_last_bgsave_status:err")
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let told = cause(subject.store.beat().await);
    assert!(told.contains("could not save to disk"), "{told}");
    assert!(subject.loaded(&handle(1)).await.is_some());

    server.command(&["CONFIG", "SET", "dbfilename", "dump.rdb"]);
    server.command(&["SAVE"]);
    recovered(&*subject.store).await;
    subject.polled(&begun, 20, 200).await;
}
