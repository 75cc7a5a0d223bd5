//! Whole lives of flows on servers that forget, restart, or are a cluster.

use appattest_integrator::store::{Created, Query, ServerClock, check_file};
use integrator_core::flow::time::Tick;
use integrator_testbed::redis::{Options, Persistence, Server};
use jiff::Timestamp;

use super::{beside, key, place, server, start, subject, with_flow_id};
use crate::contract::samples::{answer, handle, number, start_key};
use crate::contract::subject::{Subject, recovered};
use crate::harness::stores::Place;

/// Runs a flow from its start to its removal with all that a store can be asked, doing `between`
/// between any two operations.
async fn a_whole_life(subject: &Subject, between: impl Fn()) {
    let store = &subject.store;
    let (stored, call) = subject.claimed(1, r#"{"verifyRunID":"run"}"#).await;
    between();
    subject.create(stored.clone(), Some("one")).await;
    between();
    let again = subject.claimed(2, "{}").await.0;
    between();
    let again = store.create(again, Some(start_key("one"))).await;
    assert_eq!(again, Ok(Created::Existing(handle(1))));
    between();
    assert_eq!(store.started(&start_key("one")).await, Ok(Some(handle(1))));
    between();
    let (begun, first) = subject
        .answered(&stored, &call, answer(200, r#"{"id":"f"}"#))
        .await;
    between();
    let (claimed, poll) = subject.polling(&begun, 10).await;
    between();
    let (ended, second) = subject.answered(&claimed, &poll, answer(200, "{}")).await;
    between();
    assert_eq!(
        subject.loaded(&handle(1)).await,
        Some((*ended.flow).clone())
    );
    between();
    let attempts = [first.attempt.clone(), second.attempt.clone()];
    let answers = store.answers(&ended, &attempts).await;
    assert_eq!(answers, Ok(vec![first, second]));
    between();
    assert_eq!(subject.found(&with_flow_id("f")).await, [1]);
    between();
    assert_eq!(subject.found(&Query::default()).await, [1]);
    between();
    let census = store.census().await.unwrap();
    assert_eq!((census.flows, census.terminal), (1, 1));
    between();
    store.beat().await.unwrap();
    between();
    subject.pass(5_000);
    assert_eq!(subject.due().await, [(1, ended.facts().due)]);
    between();
    let archive = subject.opened.archive().expect("an archive");
    let mut exported = Vec::new();
    archive.export(&mut exported).await.expect("an export");
    between();
    subject.removed(&ended).await;
    between();
    let carried = check_file(&mut exported.as_slice()).expect("a whole file");
    let imported = archive.import(&mut exported.as_slice(), &carried).await;
    imported.expect("an import");
    between();
    assert_eq!(store.started(&start_key("one")).await, Ok(Some(handle(1))));
    subject.removed(&ended).await;
    between();
    assert_eq!(subject.loaded(&handle(1)).await, None);
    let census = store.census().await.unwrap();
    assert_eq!((census.flows, census.terminal, census.bytes), (0, 0, 0));
}

fn keys(server: &Server) -> Vec<String> {
    let keys = server.command(&["KEYS", "*"]);
    let mut keys: Vec<String> = keys.lines().map(str::to_owned).collect();
    keys.retain(|key| !key.starts_with("integrator:definition:"));
    keys.sort();
    keys
}

#[tokio::test]
async fn a_flow_that_is_removed_leaves_no_key_behind() {
    let server = server(Options::default());
    let subject = subject(&server).await;

    a_whole_life(&subject, || {}).await;

    let left = ["clock", "counts", "pairs", "schema"];
    assert_eq!(
        keys(&server),
        left.map(|name| format!("integrator:{{index}}:{name}"))
    );
}

#[tokio::test]
async fn scripts_that_the_server_has_forgotten_are_brought_along() {
    let server = server(Options::default());
    let subject = subject(&server).await;

    let forget = || drop(server.command(&["SCRIPT", "FLUSH"]));
    a_whole_life(&subject, forget).await;
}

#[tokio::test]
async fn every_operation_keeps_to_the_slots_of_a_cluster() {
    let server = server(Options {
        cluster: true,
        ..Options::default()
    });
    let subject = subject(&server).await;
    let prepared = subject.store.prepared().expect("it is prepared");
    assert!(
        prepared.warnings[0].contains("a Redis cluster"),
        "{prepared:?}"
    );

    a_whole_life(&subject, || {}).await;
    a_whole_life(&subject, || drop(server.command(&["SCRIPT", "FLUSH"]))).await;

    // Hints that lead nowhere are in another slot than the start keys that go with them.
    let (stored, _) = subject.claimed(3, "{}").await;
    subject.create(stored, Some("three")).await;
    server.command(&["DEL", &key(3)]);
    age_entry(&server, 3);
    subject.pass(60_000);
    assert_eq!(subject.due().await, []);
    assert_eq!(server.command(&["EXISTS", &start("three")]), "0");
    assert_eq!(subject.store.census().await.unwrap().flows, 0);
}

/// Lets the index's entry of a flow be as old as the epoch.
fn age_entry(server: &Server, flow: u64) {
    super::repair::age_entry(server, flow);
}

#[tokio::test]
async fn a_cluster_that_restarts_is_found_again() {
    let server = server(Options {
        cluster: true,
        persistence: Persistence::Always,
        ..Options::default()
    });
    let subject = subject(&server).await;
    let begun = subject.begun(1).await;

    server.restart();
    recovered(&*subject.store).await;

    assert_eq!(
        subject.loaded(&handle(1)).await,
        Some((*begun.flow).clone())
    );
    subject.polled(&begun, 10, 200).await;
}

#[tokio::test]
async fn a_restart_loses_nothing_that_was_acknowledged_and_needs_no_reopening() {
    let server = server(Options {
        persistence: Persistence::Always,
        ..Options::default()
    });
    let subject = subject(&server).await;
    for number in 1..=20 {
        subject.begun(number).await;
    }
    let (stored, _) = subject.claimed(21, "{}").await;
    subject.create(stored, Some("key")).await;
    let census = subject.store.census().await.unwrap();

    server.restart();
    recovered(&*subject.store).await;

    let all: Vec<u64> = (1..=21).collect();
    assert_eq!(subject.found(&Query::default()).await, all);
    assert_eq!(subject.store.census().await, Ok(census));
    let begun = subject
        .store
        .load(&handle(7))
        .await
        .unwrap()
        .stored
        .unwrap();
    subject.polled(&begun, 100, 200).await;
    let named = subject.store.started(&start_key("key")).await;
    assert_eq!(named, Ok(Some(handle(21))));
}

/// Seconds of the server's clock.
fn time(server: &Server) -> i64 {
    let time = server.command(&["TIME"]);
    time.lines().next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_clock_of_the_server_decides_and_never_shows_less_than_it_did() {
    let server = server(Options::default());
    let place = |clock| Place::redis(server.url(0), 100, clock);
    let given = Subject::at(place(ServerClock::Given)).await;
    let tomorrow = time(&server) + 24 * 3600;
    given
        .clock
        .set_wall(Timestamp::from_second(tomorrow).unwrap());
    given.store.beat().await.unwrap();
    let shown = given.now().await;
    assert_eq!(shown.tick, Tick(tomorrow * 1000));

    let its = Subject::at(place(ServerClock::Its)).await;

    assert!(its.now().await.tick >= shown.tick);
    server.command(&["DEL", "integrator:{index}:clock"]);
    let fresh = Subject::at(place(ServerClock::Its)).await;
    let Tick(now) = fresh.now().await.tick;
    let seconds = time(&server);
    assert!((now / 1000 - seconds).abs() <= 1, "{now} against {seconds}");
}

#[tokio::test]
async fn two_processes_share_one_server() {
    let server = server(Options::default());
    let one = Subject::at(place(server.url(0))).await;
    let other = beside(&one).await;
    let begun = one.begun(1).await;

    let seen = other.load(&handle(1)).await.unwrap().stored.unwrap();

    assert_eq!(seen.flow, begun.flow);
    let found = other.find(&with_flow_id("id-1"), 10).await.unwrap();
    assert_eq!(number(&found[0].handle), 1);
}
