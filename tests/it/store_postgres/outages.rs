//! A server that dies, falls silent or keeps everybody waiting: operations end in time and say
//! why, nothing that was acknowledged is lost, and the same store goes on when the server does.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use appattest_integrator::store::{Bounds, Created, Next, PATIENCE, Query, ServerClock};
use integrator_testbed::postgres::{Options, Server};
use integrator_testbed::proxy::Proxy;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::{UNHURRIED, cause, own_server, record};
use crate::contract::samples::{handle, replacement};
use crate::contract::subject::{Subject, recovered};
use crate::harness::stores::Place;

/// Longer than an operation takes; the machine may be busy.
const IN_TIME: Duration = Duration::from_secs(10);

/// As patient as a store in service.
fn in_service(url: &str) -> Place {
    let bounds = Bounds {
        patience: PATIENCE,
        ..UNHURRIED
    };
    Place::postgres(url.to_owned(), bounds, ServerClock::Given)
}

async fn prepared(options: Options) -> (Arc<Server>, Arc<Subject>) {
    let (server, url) = own_server(options);
    (server, Arc::new(Subject::at(in_service(&url)).await))
}

#[tokio::test]
async fn a_server_that_was_killed_has_what_it_acknowledged_and_the_store_goes_on() {
    let (server, subject) = prepared(Options {
        fsync: true,
        ..Options::default()
    })
    .await;
    let mut claimed = Vec::new();
    for number in 0..400 {
        claimed.push(subject.claimed(number, "{}").await.0);
    }
    let mut acknowledged = Vec::new();
    let mut killed = None;
    for stored in claimed {
        if acknowledged.len() == 40 {
            let server = server.clone();
            killed = Some(tokio::task::spawn_blocking(move || server.kill()));
        }
        match subject.store.create(stored.clone(), None).await {
            Ok(created) => assert_eq!(created, Created::Created),
            Err(error) => {
                let told = error.to_string();
                assert!(told.contains("PostgreSQL at 127.0.0.1:"), "{told}");
                break;
            }
        }
        acknowledged.push(stored);
    }
    killed.unwrap().await.unwrap();
    let refused = cause(subject.store.beat().await);
    assert!(refused.contains("cannot be reached"), "{refused}");
    subject.store.ready().await.unwrap_err();

    server.restart();
    recovered(&*subject.store).await;

    subject.store.ready().await.unwrap();
    assert!(acknowledged.len() >= 40);
    for stored in &acknowledged {
        let loaded = subject.loaded(stored.flow.handle()).await;
        assert_eq!(loaded.as_ref(), Some(&*stored.flow));
    }
    let census = subject.store.census().await.unwrap();
    let rows: u64 = server
        .psql("SELECT count(*) FROM own.flows")
        .parse()
        .unwrap();
    assert_eq!(census.flows, rows);
    assert!(rows == acknowledged.len() as u64 || rows == acknowledged.len() as u64 + 1);
}

#[tokio::test]
async fn a_silent_server_is_given_up_in_time_and_used_again_when_it_speaks() {
    let (server, subject) = prepared(Options::default()).await;
    let stored = subject.begun(1).await;
    let (next, _) = subject.claim_unsaved(&stored, 2).await;
    server.pause();

    let mut asked = JoinSet::new();
    for number in 0..40 {
        let subject = subject.clone();
        let (stored, next) = (stored.clone(), next.clone());
        asked.spawn(async move {
            let begun = Instant::now();
            let told = match number % 4 {
                0 => cause(subject.store.load(&handle(1)).await.map(|_| ())),
                1 => cause(subject.store.find(&Query::default(), 10).await),
                2 => cause(subject.store.beat().await),
                _ => cause(
                    subject
                        .store
                        .replace(replacement(&stored, record(&next)))
                        .await,
                ),
            };
            (begun.elapsed(), told)
        });
    }
    for (took, told) in asked.join_all().await {
        assert!(took < IN_TIME, "{took:?}: {told}");
    }
    subject.store.ready().await.unwrap_err();

    server.resume();
    recovered(&*subject.store).await;
    subject.store.ready().await.unwrap();
    subject.store.load(&handle(1)).await.unwrap();
}

#[tokio::test]
async fn a_broken_connection_fails_one_operation_at_most() {
    let (server, url) = own_server(Options::default());
    let proxy = Proxy::start(server.address());
    let subject = Subject::at(in_service(&proxy.url(&url))).await;
    subject.created(1).await;
    let mut asked = JoinSet::new();
    let subject = Arc::new(subject);
    for _ in 0..40 {
        let subject = subject.clone();
        asked.spawn(async move { subject.store.load(&handle(1)).await.map(|_| ()) });
    }
    asked.join_all().await;
    proxy.refuse();
    proxy.pass();

    let mut failed = 0;
    for _ in 0..20 {
        failed += u32::from(subject.store.load(&handle(1)).await.is_err());
    }
    assert!(failed <= 1, "{failed} failed");

    proxy.refuse();
    proxy.pass();
    sleep(Duration::from_millis(600)).await;
    // A connection that has rested is asked first.
    subject.store.load(&handle(1)).await.unwrap();
}

#[tokio::test]
async fn waiting_for_a_connection_or_a_lock_is_bounded() {
    let (server, subject) = prepared(Options::default()).await;
    let (stored, _) = subject.created(1).await;
    let holder = server.clone();
    let held = tokio::task::spawn_blocking(move || {
        holder.psql(
            "DO $$ BEGIN \
             LOCK TABLE own.flows IN ACCESS EXCLUSIVE MODE; PERFORM pg_sleep(60); \
             EXCEPTION WHEN query_canceled THEN NULL; END $$",
        );
    });
    let is_locked = "SELECT count(*) FROM pg_locks WHERE relation = 'own.flows'::regclass AND mode = 'AccessExclusiveLock' AND granted";
    while server.psql(is_locked) != "1" {}

    let mut asked = JoinSet::new();
    for _ in 0..100 {
        let subject = subject.clone();
        let removal = replacement(&stored, Next::Nothing);
        asked.spawn(async move {
            let begun = Instant::now();
            let told = cause(subject.store.replace(removal).await);
            (begun.elapsed(), told)
        });
    }
    let mut told = BTreeMap::new();
    for (took, cause) in asked.join_all().await {
        assert!(took < IN_TIME, "{took:?}: {cause}");
        *told.entry(cause).or_insert(0) += 1;
    }
    let busy = |cause: &&String| cause.contains("all connections are busy");
    assert!(told.keys().any(|cause| busy(&cause)), "{told:?}");
    let is_waited_for =
        "SELECT count(*) FROM pg_locks WHERE relation = 'own.flows'::regclass AND NOT granted";
    while server.psql(is_waited_for) != "0" {}
    server.psql(
        "SELECT pg_cancel_backend(pid) FROM pg_locks \
         WHERE relation = 'own.flows'::regclass AND mode = 'AccessExclusiveLock' AND granted",
    );
    held.await.unwrap();

    recovered(&*subject.store).await;
    assert!(subject.loaded(&handle(1)).await.is_some());
}
