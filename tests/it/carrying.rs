//! Carrying all flows from one store to another.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot arrange what it needs fails"
)]

use std::io::Cursor;

use appattest_integrator::store::{CarryError, LookupKey, Query, check_file};

use crate::contract::samples::{answer, handle, start_key};
use crate::contract::subject::Subject;
use crate::harness::stores::Kind;

/// A few flows of two definitions, one keyed, with answers of any bytes.
async fn filled(kind: Kind) -> Subject {
    let subject = Subject::of(kind).await;
    let (stored, call) = subject.claimed(1, r#"{"verifyRunID":"run"}"#).await;
    subject.create(stored.clone(), Some("key")).await;
    let mut whole = answer(200, r#"{"id":"id-1"}"#);
    whole.content_type = Some((0..=255).collect::<Vec<u8>>().into());
    let (begun, _) = subject.answered(&stored, &call, whole).await;
    subject.polled(&begun, 50, 200).await;
    subject.created(2).await;
    let changed = format!("{}\n# changed", subject.protocol.definition());
    let subject = Subject {
        protocol: crate::contract::samples::protocol(&changed),
        ..subject
    };
    subject.begun(3).await;
    subject
}

async fn exported(subject: &Subject) -> Vec<u8> {
    let mut out = Vec::new();
    let archive = subject.opened.archive().expect("records");
    archive.export(&mut out).await.expect("an export");
    out
}

async fn import(subject: &Subject, file: &[u8]) -> Result<String, CarryError> {
    let expected = check_file(&mut Cursor::new(file))?;
    let archive = subject.opened.archive().expect("records");
    let imported = archive.import(&mut Cursor::new(file), &expected).await?;
    Ok(imported.to_string())
}

async fn carried(from: Kind, to: Kind) {
    let source = filled(from).await;
    let file = exported(&source).await;
    let target = Subject::of(to).await;

    let imported = import(&target, &file).await.unwrap();

    assert!(imported.starts_with("3 flows, sha256 "), "{imported}");
    assert_eq!(exported(&target).await, file);
    for number in 1..=3 {
        let there = target.loaded(&handle(number)).await;
        assert_eq!(there, source.loaded(&handle(number)).await);
    }
    assert_eq!(
        target.store.started(&start_key("key")).await,
        Ok(Some(handle(1)))
    );
    let by_id = Query {
        flow_id: Some(LookupKey::of("id-3")),
        ..Query::default()
    };
    assert_eq!(target.found(&by_id).await, [3]);
    let mut there = target.store.census().await.unwrap();
    let mut here = source.store.census().await.unwrap();
    for census in [&mut there, &mut here] {
        census.states.retain(|state| state.flows > 0);
        census
            .states
            .sort_by(|one, other| one.state.cmp(&other.state));
    }
    assert_eq!(there, here);
    // What was carried goes on.
    let polled = target.store.load(&handle(3)).await.unwrap().stored.unwrap();
    let target = Subject {
        protocol: polled.protocol.clone(),
        ..target
    };
    target.polled(&polled, 60, 200).await;
}

#[tokio::test]
async fn flows_are_carried_from_sqlite_to_redis() {
    carried(Kind::Sqlite, Kind::Redis).await;
}

#[tokio::test]
async fn flows_are_carried_from_redis_to_postgres() {
    carried(Kind::Redis, Kind::Postgres).await;
}

#[tokio::test]
async fn flows_are_carried_from_postgres_to_sqlite() {
    carried(Kind::Postgres, Kind::Sqlite).await;
}

#[tokio::test]
async fn flows_in_memory_cannot_be_carried() {
    let subject = Subject::of(Kind::Memory).await;

    assert!(subject.opened.archive().is_none());
}

#[tokio::test]
async fn an_import_that_was_cut_off_is_finished_by_the_next() {
    let file = exported(&filled(Kind::Sqlite).await).await;
    let target = Subject::of(Kind::Sqlite).await;
    let archive = target.opened.archive().unwrap();
    let expected = check_file(&mut Cursor::new(&file)).unwrap();
    let half: Vec<u8> = file
        .split_inclusive(|byte| *byte == b'\n')
        .take(2)
        .flatten()
        .copied()
        .collect();
    let cut = archive.import(&mut Cursor::new(&half), &expected).await;
    assert!(matches!(cut, Err(CarryError::Disagrees { .. })));

    let imported = import(&target, &file).await.unwrap();

    assert!(imported.starts_with("3 flows"));
}

#[tokio::test]
async fn a_store_that_holds_other_flows_is_told_to_disagree() {
    let file = exported(&filled(Kind::Sqlite).await).await;
    let target = Subject::of(Kind::Sqlite).await;
    target.begun(9).await;

    let imported = import(&target, &file).await;

    assert!(
        matches!(imported, Err(CarryError::Disagrees { .. })),
        "{imported:?}"
    );
}

#[tokio::test]
async fn a_flow_that_differs_from_the_one_in_the_store_is_not_written_over_it() {
    let file = exported(&filled(Kind::Sqlite).await).await;
    let target = Subject::of(Kind::Sqlite).await;
    target.begun(2).await;
    let before = target.loaded(&handle(2)).await;

    let imported = import(&target, &file).await;

    assert!(
        matches!(imported, Err(CarryError::Taken { .. })),
        "{imported:?}"
    );
    assert_eq!(target.loaded(&handle(2)).await, before);
}

#[tokio::test]
async fn a_file_that_was_changed_or_cut_off_changes_no_store() {
    let file = exported(&filled(Kind::Sqlite).await).await;
    let lines: Vec<&[u8]> = file.split_inclusive(|byte| *byte == b'\n').collect();
    let cut_off = lines[..lines.len() - 1].concat();
    let mut without_one = lines.clone();
    without_one.remove(1);
    let mut changed = file.clone();
    let place = changed
        .windows(6)
        .position(|bytes| bytes == b"closed")
        .unwrap();
    changed[place] = b'C';
    let mut longer = file.clone();
    longer.extend_from_slice(lines[0]);
    let told = [
        cut_off,
        without_one.concat(),
        changed,
        longer,
        b"{}\n".to_vec(),
    ]
    .map(|file| check_file(&mut Cursor::new(&file)).unwrap_err().to_string());

    let expected = [
        "its last one",
        "stand before it",
        "stand before it",
        "stands after the last line",
        "line 1",
    ];
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.contains(expected), "{told}");
    }
}
