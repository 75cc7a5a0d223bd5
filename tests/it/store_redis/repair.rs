//! An index that is behind its records, or ahead of them.

use std::time::Duration;

use appattest_integrator::store::{Created, Next, Query, Replaced, Stored};
use integrator_core::flow::machine::{Settled, settle};
use integrator_testbed::proxy::{Action, Proxy};
use integrator_testbed::redis::{Options, Server};

use super::{beside, cause, key, place, record, server, start, subject, with_flow_id};
use crate::contract::samples::{answer, handle, replacement, start_key};
use crate::contract::subject::{Subject, recovered};

const ENTRIES: &str = "integrator:{index}:entries";
/// What is sent with every change of the index but removals, and with nothing else.
const PUT: &[u8] = b"integrator:{index}:pairs\r\n$";
/// What is sent with every flow that is stored, and with nothing else: its field `b`.
const INSERT: &[u8] = b"$1\r\nb\r\n";
/// What is sent with every removal from the index, and with nothing else.
const DROP: &[u8] = b"integrator:{index}:counts\r\n$40\r\nintegrator:{index}:state";

/// Lets the index's entry of a flow be as old as the epoch.
pub(super) fn age_entry(server: &Server, flow: u64) {
    let handle = handle(flow);
    let entry = server.command(&["HGET", ENTRIES, handle.as_str()]);
    let mut parts = entry.splitn(3, ' ');
    let (version, _, text) = (
        parts.next().unwrap(),
        parts.next().unwrap(),
        parts.next().unwrap(),
    );
    let entry = format!("{version} 0 {text}");
    server.command(&["HSET", ENTRIES, handle.as_str(), &entry]);
}

/// Flows on a server that is reached through a proxy.
async fn behind_a_proxy(server: &Server) -> (Subject, Proxy) {
    let proxy = Proxy::start(server.address());
    let subject = Subject::at(place(proxy.url(&server.url(0)))).await;
    (subject, proxy)
}

#[tokio::test]
async fn a_hint_that_leads_nowhere_is_removed_with_its_start_key() {
    let server = server(Options::default());
    let subject = subject(&server).await;
    let (stored, _) = subject.claimed(1, "{}").await;
    subject.create(stored, Some("one")).await;
    subject.begun(2).await;
    server.command(&["DEL", &key(1)]);
    subject.pass(10_000);

    // It may be of a flow that is about to be stored.
    subject.due().await;
    assert_eq!(subject.store.census().await.unwrap().flows, 2);
    assert_eq!(subject.found(&Query::default()).await, [2]);

    age_entry(&server, 1);
    subject.due().await;

    assert_eq!(subject.store.census().await.unwrap().flows, 1);
    assert_eq!(server.command(&["EXISTS", &start("one")]), "0");
    let (stored, _) = subject.claimed(3, "{}").await;
    subject.create(stored, Some("one")).await;
}

#[tokio::test]
async fn a_start_key_of_a_flow_that_is_gone_starts_another() {
    let server = server(Options::default());
    let subject = subject(&server).await;
    let (stored, _) = subject.claimed(1, "{}").await;
    subject.create(stored, Some("one")).await;
    server.command(&["DEL", &key(1)]);

    assert_eq!(subject.store.started(&start_key("one")).await, Ok(None));
    let (stored, _) = subject.claimed(2, "{}").await;
    subject.create(stored, Some("one")).await;
    let named = subject.store.started(&start_key("one")).await;
    assert_eq!(named, Ok(Some(handle(2))));
}

#[tokio::test]
async fn an_index_that_missed_a_change_is_repaired_by_the_next_beat() {
    let server = server(Options::default());
    let (subject, proxy) = behind_a_proxy(&server).await;
    let (stored, call) = subject.created(1).await;
    proxy.when_sent(PUT, Action::Drop);

    // The record decides: it is written, though the index does not know.
    subject
        .answered(&stored, &call, answer(200, r#"{"id":"f"}"#))
        .await;
    assert_eq!(proxy.fired(), 1);
    assert!(subject.found(&with_flow_id("f")).await.is_empty());

    subject.store.beat().await.unwrap();

    assert_eq!(subject.found(&with_flow_id("f")).await, [1]);
    let census = subject.store.census().await.unwrap();
    assert_eq!(census.bytes, 26);
}

#[tokio::test]
async fn an_index_that_missed_a_change_of_an_ended_process_is_repaired_when_the_flow_was_due() {
    let server = server(Options::default());
    let (subject, proxy) = behind_a_proxy(&server).await;
    let begun = subject.begun(1).await;
    subject.pass(10_000);
    proxy.when_sent(PUT, Action::Drop);
    let expired = subject.expired(&begun).await;
    assert!(expired.facts().due > begun.facts().due);
    let other = beside(&subject).await;
    let gone = Query {
        state: Some("expired".into()),
        ..Query::default()
    };
    assert_eq!(other.find(&gone, 10).await, Ok(Vec::new()));

    let due = other.due(None, 10).await.unwrap();

    assert_eq!(due.positions, []);
    assert_eq!(other.find(&gone, 10).await.unwrap().len(), 1);
    subject.pass(5_000);
    let due = other.due(None, 10).await.unwrap();
    assert_eq!(due.positions[0].due, expired.facts().due);
}

#[tokio::test]
async fn a_due_time_that_came_nearer_is_known_even_if_nothing_follows_the_record() {
    let server = server(Options::default());
    let (subject, proxy) = behind_a_proxy(&server).await;
    let begun = subject.begun(1).await;
    let (claimed, call) = subject.polling(&begun, 10).await;
    let now = subject.now().await;
    let settled = settle(
        &claimed.flow,
        &subject.protocol,
        &call,
        answer(200, "{}"),
        &now,
    );
    let Ok(Settled::Recorded(recorded)) = settled else {
        panic!("not recorded")
    };
    let ended = Stored::new(recorded.flow, subject.protocol.clone());
    assert!(ended.facts().due < claimed.facts().due);
    proxy.when_sent(&over(&claimed), Action::LoseReply);

    let replaced = subject.store.replace(replacement(&claimed, record(&ended)));
    cause(replaced.await);

    let other = beside(&subject).await;
    subject.pass(5_000);
    let due = other.due(None, 10).await.unwrap();
    assert_eq!(due.positions[0].due, ended.facts().due);
}

/// What is sent with a replacement of this flow's record.
fn over(stored: &Stored) -> Vec<u8> {
    let key = key(1);
    let version = stored.flow.version().to_string();
    format!("{key}\r\n${}\r\n{version}\r\n", version.len()).into_bytes()
}

#[tokio::test]
async fn a_removal_that_the_index_missed_is_repaired() {
    let server = server(Options::default());
    let (subject, proxy) = behind_a_proxy(&server).await;
    let (stored, _) = subject.claimed(1, "{}").await;
    subject.create(stored.clone(), Some("one")).await;
    proxy.when_sent(DROP, Action::Drop);

    let removal = replacement(&stored, Next::Nothing);
    assert_eq!(subject.store.replace(removal).await, Ok(Replaced::Done));
    assert_eq!(proxy.fired(), 1);
    assert_eq!(subject.store.census().await.unwrap().flows, 1);

    age_entry(&server, 1);
    subject.store.beat().await.unwrap();

    assert_eq!(subject.store.census().await.unwrap().flows, 0);
    assert_eq!(server.command(&["EXISTS", &start("one")]), "0");
}

#[tokio::test]
async fn a_start_that_ended_before_its_flow_was_stored_makes_way_for_another() {
    let server = server(Options::default());
    let (subject, proxy) = behind_a_proxy(&server).await;
    let (stored, _) = subject.claimed(1, "{}").await;
    proxy.when_sent(INSERT, Action::Drop);

    cause(subject.store.create(stored, Some(start_key("one"))).await);

    assert_eq!(subject.store.started(&start_key("one")).await, Ok(None));
    let (second, _) = subject.claimed(2, "{}").await;
    let key = Some(start_key("one"));
    let early = subject.store.create(second.clone(), key.clone()).await;
    assert_eq!(early, Ok(Created::Busy));
    // Seven seconds later.
    server.command(&["PEXPIRE", &start("one"), "3593000"]);
    assert_eq!(
        subject.store.create(second, key).await,
        Ok(Created::Created)
    );
    assert_eq!(
        subject.store.started(&start_key("one")).await,
        Ok(Some(handle(2)))
    );
    age_entry(&server, 1);
    subject.store.beat().await.unwrap();
    assert_eq!(subject.store.census().await.unwrap().flows, 1);
    assert_eq!(
        subject.store.started(&start_key("one")).await,
        Ok(Some(handle(2)))
    );
}

#[tokio::test]
async fn a_start_that_may_be_under_way_elsewhere_is_busy_over_a_long_line_too() {
    let server = server(Options::default());
    let (subject, proxy) = behind_a_proxy(&server).await;
    let (stored, _) = subject.claimed(1, "{}").await;
    proxy.when_sent(INSERT, Action::Drop);
    cause(subject.store.create(stored, Some(start_key("one"))).await);
    proxy.delay(Duration::from_millis(10));

    let (second, _) = subject.claimed(2, "{}").await;
    let early = subject.store.create(second, Some(start_key("one"))).await;

    assert_eq!(early, Ok(Created::Busy));
}

#[tokio::test]
async fn a_start_whose_flow_was_stored_without_a_word_is_found_by_its_key() {
    let server = server(Options::default());
    let (subject, proxy) = behind_a_proxy(&server).await;
    // The server knows the scripts.
    subject.created(9).await;
    let (stored, _) = subject.claimed(1, "{}").await;
    proxy.when_sent(INSERT, Action::LoseReply);

    cause(
        subject
            .store
            .create(stored.clone(), Some(start_key("one")))
            .await,
    );

    assert_eq!(
        subject.loaded(&handle(1)).await,
        Some((*stored.flow).clone())
    );
    let (second, _) = subject.claimed(2, "{}").await;
    let again = subject.store.create(second, Some(start_key("one"))).await;
    assert_eq!(again, Ok(Created::Existing(handle(1))));
    let ttl = server.command(&["PTTL", &start("one")]);
    assert_eq!(ttl, "-1", "the name stays");
}

#[tokio::test]
async fn a_start_whose_flow_was_stored_without_a_word_is_confirmed_by_the_next_beat() {
    let server = server(Options::default());
    let (subject, proxy) = behind_a_proxy(&server).await;
    // The server knows the scripts.
    subject.created(9).await;
    let (stored, _) = subject.claimed(1, "{}").await;
    proxy.when_sent(INSERT, Action::LoseReply);
    cause(subject.store.create(stored, Some(start_key("one"))).await);
    assert_ne!(server.command(&["PTTL", &start("one")]), "-1");

    subject.store.beat().await.unwrap();

    assert_eq!(server.command(&["GET", &start("one")]), handle(1).as_str());
}

#[tokio::test]
async fn an_operation_that_is_given_up_is_repaired() {
    let server = server(Options::default());
    let (subject, proxy) = behind_a_proxy(&server).await;
    let (stored, call) = subject.created(1).await;
    let hanging = std::sync::Arc::new(proxy);
    let hang = hanging.clone();
    hanging.when_sent(PUT, Action::Call(Box::new(move || hang.hang())));
    let answered = subject.answered(&stored, &call, answer(200, r#"{"id":"f"}"#));
    let given_up = tokio::time::timeout(Duration::from_millis(500), answered).await;
    assert!(given_up.is_err());
    hanging.refuse();
    hanging.pass();

    recovered(&*subject.store).await;

    assert_eq!(subject.found(&with_flow_id("f")).await, [1]);
}
