//! Statements that meet: one of them is written, and what is counted stays what is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use appattest_integrator::store::{Census, Created, Next, Replaced, ServerClock};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{UNHURRIED, beside, own_server, place, record, schema_of, sql, subject, url_of};
use crate::contract::samples::{answer, handle, replacement, start_key};
use crate::contract::subject::Subject;
use crate::harness::stores::{Kind, Place, postgres_server};
use integrator_testbed::postgres::Options;

/// Flows, terminal ones and bytes, and flows by state, as the tables have them.
fn counted(subject: &Subject) -> String {
    let total = sql(
        subject,
        "SELECT count(*), count(*) FILTER (WHERE terminal), coalesce(sum(bytes), 0) FROM flows",
    );
    let states = sql(
        subject,
        "SELECT state, count(*), min(issued) FROM flows GROUP BY state ORDER BY state",
    );
    let answers = sql(subject, "SELECT coalesce(sum(bytes), 0) FROM answers");
    assert!(
        total.ends_with(&format!("|{answers}")),
        "{total}, {answers}"
    );
    format!("{total}\n{states}")
}

/// The same as the census tells.
fn told(census: &Census) -> String {
    let Census {
        flows,
        terminal,
        bytes,
        states,
    } = census;
    let held = states.iter().filter(|state| state.flows > 0);
    let mut states: Vec<String> = held
        .map(|state| {
            let oldest = state.oldest_issued_ms.expect("an oldest flow");
            format!("{}|{}|{oldest}", state.state, state.flows)
        })
        .collect();
    states.sort_unstable();
    format!("{flows}|{terminal}|{bytes}\n{}", states.join("\n"))
}

#[tokio::test]
async fn of_48_replacements_of_one_version_by_two_processes_one_is_written() {
    let subject = subject().await;
    let stores = [subject.store.clone(), beside(&subject).await];
    let mut stored = subject.begun(1).await;
    for round in 0..5 {
        let mut racing = JoinSet::new();
        for (number, store) in (0..48).zip(stores.iter().cycle()) {
            // Beyond those that the flow began with.
            let draw = 1000 + 100 * round + number;
            let (next, call) = subject.claim_unsaved(&stored, draw).await;
            let store = store.clone();
            let replacement = replacement(&stored, record(&next));
            racing.spawn(async move { (store.replace(replacement).await, next, call) });
        }
        let raced = racing.join_all().await;
        let (won, lost): (Vec<_>, Vec<_>) = raced
            .into_iter()
            .partition(|(done, ..)| *done == Ok(Replaced::Done));
        assert_eq!(won.len(), 1);
        for (lost, ..) in lost {
            assert_eq!(lost, Ok(Replaced::Conflict));
        }
        let (_, next, call) = &won[0];
        assert_eq!(subject.loaded(&handle(1)).await.as_ref(), Some(&*next.flow));
        let answered = subject.answered(next, call, answer(202, "{}"));
        stored = answered.await.0;
    }
}

/// The life of a flow, each at another pace; some are left where they stand.
async fn lives(subject: Arc<Subject>, number: u64) {
    let stored = subject.begun(number).await;
    if number.is_multiple_of(5) {
        return;
    }
    let polled = subject.polled(&stored, 10_000 + number, 202).await;
    let ended = subject.polled(&polled, 20_000 + number, 200).await;
    if number.is_multiple_of(3) {
        subject.removed(&ended).await;
    }
}

#[tokio::test]
async fn the_census_is_what_the_tables_hold_however_statements_and_beats_meet() {
    const FLOWS: u64 = 240;
    let one = subject().await;
    let other = Subject::at(place(&url_of(&one))).await;
    let subjects = [Arc::new(one), Arc::new(other)];
    let is_over = Arc::new(AtomicBool::new(false));
    let mut beats = JoinSet::new();
    for store in [&subjects[0].store, &subjects[1].store, &subjects[0].store] {
        let (store, is_over) = (store.clone(), is_over.clone());
        beats.spawn(async move {
            while !is_over.load(Ordering::Relaxed) {
                store.beat().await.expect("a beat");
                // What is counted at any moment is what was there at one moment.
                let census = store.census().await.expect("a census");
                let by_state: u64 = census.states.iter().map(|state| state.flows).sum();
                assert_eq!(by_state, census.flows);
                assert!(census.flows <= FLOWS);
            }
        });
    }
    let mut flows = JoinSet::new();
    for (number, subject) in (0..FLOWS).zip(subjects.iter().cycle()) {
        flows.spawn(lives(subject.clone(), number));
        if number % 24 == 23 {
            while flows
                .join_next()
                .await
                .transpose()
                .expect("a life")
                .is_some()
            {}
        }
    }
    is_over.store(true, Ordering::Relaxed);
    beats.join_all().await;

    let [one, other] = subjects;
    assert_eq!(told(&one.store.census().await.unwrap()), counted(&one));
    other.store.beat().await.unwrap();
    assert_eq!(sql(&one, "SELECT count(*) FROM tally_deltas"), "0");
    assert_eq!(told(&one.store.census().await.unwrap()), counted(&one));
}

#[tokio::test]
async fn processes_that_take_turns_never_exceed_the_bound() {
    let subject = Subject::bounded(Kind::Postgres, 5).await;
    let stores = [subject.store.clone(), beside(&subject).await];
    for (number, store) in (0..5).zip(stores.iter().cycle()) {
        let (stored, _) = subject.claimed(number, "{}").await;
        let created = store.create(stored, None).await;
        assert_eq!(created, Ok(Created::Created));
    }
    for (number, store) in (5..).zip(&stores) {
        let (stored, _) = subject.claimed(number, "{}").await;
        let full = Created::Full("flows.max (5) flows are stored".to_owned());
        assert_eq!(store.create(stored, None).await, Ok(full));
    }
}

#[tokio::test]
async fn a_claim_leaves_every_index_alone() {
    let subject = subject().await;
    for number in 0..20 {
        let stored = subject.begun(number).await;
        subject.polling(&stored, 100 + number).await;
    }
    let schema = schema_of(&subject).to_owned();
    drop(subject);

    // A session's numbers are there once it has ended.
    let asked = format!(
        "SELECT n_tup_hot_upd FROM pg_stat_user_tables
         WHERE relname = 'flows' AND schemaname = '{schema}'"
    );
    let mut in_place = 0;
    for _ in 0..100 {
        in_place = postgres_server().psql(&asked).parse().unwrap();
        if in_place >= 15 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{in_place} of 20 claims were written in place");
}

#[tokio::test]
async fn an_operation_that_is_dropped_has_happened_wholly_or_not_at_all() {
    let subject = subject().await;
    let created = Arc::new(AtomicU64::new(0));
    for number in 0..150 {
        let (stored, call) = subject.claimed(number, "{}").await;
        let patience = Duration::from_micros(number * 37 % 3_000);
        let key = Some(start_key(&format!("key-{number}")));
        let done = timeout(patience, subject.store.create(stored.clone(), key)).await;
        if done.is_ok() {
            created.fetch_add(1, Ordering::Relaxed);
            let answered = subject.answered(&stored, &call, answer(200, r#"{"id":"f"}"#));
            let (begun, _) = answered.await;
            let removal = subject.store.replace(replacement(&begun, Next::Nothing));
            // Whether it is removed is looked at below.
            let _ = timeout(patience, removal).await;
        }
    }

    // What was dropped ends by itself.
    subject.store.beat().await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(
        told(&subject.store.census().await.unwrap()),
        counted(&subject)
    );
    let orphans = "SELECT count(*) FROM answers LEFT JOIN flows USING (handle) WHERE flows IS NULL";
    assert_eq!(sql(&subject, orphans), "0");
}

#[tokio::test]
async fn a_runtime_holds_no_more_than_eight_connections() {
    let (server, url) = own_server(Options::default());
    let subject = Arc::new(Subject::at(place(&url)).await);
    let mut asked = JoinSet::new();
    for number in 0..200 {
        let subject = subject.clone();
        asked.spawn(async move { subject.created(number).await });
    }
    asked.join_all().await;

    let sessions = server.psql(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'appattest-integrator'",
    );
    let sessions: u32 = sessions.parse().unwrap();
    assert!((1..=8).contains(&sessions), "{sessions}");
}

#[tokio::test]
async fn the_server_s_clock_decides_where_it_is_asked() {
    let (server, url) = own_server(Options::default());
    let subject = Subject::at(Place::postgres(url, UNHURRIED, ServerClock::Its)).await;
    let asked = "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";
    let before: i64 = server.psql(asked).parse().unwrap();
    let now = subject.now().await.tick;
    let after: i64 = server.psql(asked).parse().unwrap();
    assert!(
        (before..=after).contains(&now.0),
        "{before} {now:?} {after}"
    );

    let (stored, _) = subject.created(1).await;
    let ends = |tick| appattest_integrator::store::Replacement {
        not_after: Some(tick),
        ..replacement(&stored, record(&stored))
    };
    let late = subject.store.replace(ends(now)).await;
    let in_time = subject.store.replace(ends(now.offset(60_000))).await;
    assert_eq!(late, Ok(Replaced::TooLate));
    assert_eq!(in_time, Ok(Replaced::Done));

    // The clock of a server that is set back does not take the store's with it.
    subject.store.beat().await.unwrap();
    let ahead = now.0 + 3_600_000;
    server.psql(&format!("UPDATE own.clock SET shown = {ahead}"));
    let again = Subject::at(Place::postgres(
        server.url("postgres") + "?options=-csearch_path%3Down",
        UNHURRIED,
        ServerClock::Its,
    ));
    assert_eq!(again.await.now().await.tick.0, ahead);
}
