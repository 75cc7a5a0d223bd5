//! Rows that cannot be what they claim are refused with where they stand.

use std::fmt::Debug;

use appattest_integrator::store::{Query, StoreError};
use integrator_core::flow::ids::AttemptId;

use super::{sql, subject};
use crate::contract::samples::{answer, handle};

fn is_unreadable<T: Debug>(read: Result<T, StoreError>, place: &str, why: &str) {
    match read {
        Err(StoreError::Unreadable {
            coordinates,
            reason,
        }) => {
            assert_eq!(coordinates, place);
            assert!(reason.contains(why), "{reason}");
        }
        other => panic!("believed: {other:?}"),
    }
}

#[tokio::test]
async fn a_damaged_column_of_a_flow_is_named() {
    let flow = handle(1).as_str().to_owned();
    for (change, column, why) in [
        (
            "UPDATE flows SET version = -1",
            "version",
            "less than nothing",
        ),
        (
            "UPDATE flows SET schema = -1",
            "schema",
            "less than nothing",
        ),
        ("UPDATE flows SET seal = 'short'", "seal", "5 bytes"),
        (
            "ALTER TABLE flows ALTER head TYPE bytea USING head::bytea",
            "head",
            "BYTEA",
        ),
        (
            "ALTER TABLE flows ALTER seal DROP NOT NULL; UPDATE flows SET seal = NULL",
            "seal",
            "null",
        ),
    ] {
        let subject = subject().await;
        subject.created(1).await;
        sql(&subject, change);
        let place = format!("the column {column} of flow {flow} in the postgres store");
        is_unreadable(subject.store.load(&handle(1)).await, &place, why);
    }
    for change in [
        "UPDATE flows SET head = replace(head, 'correlation-1', 'correlation-2')",
        "UPDATE flows SET version = version + 1",
        "UPDATE flows SET seal = sha256('')",
    ] {
        let subject = subject().await;
        subject.created(1).await;
        sql(&subject, change);
        let place = format!("the record of flow {flow} in the postgres store");
        is_unreadable(
            subject.store.load(&handle(1)).await,
            &place,
            "seal does not fit",
        );
    }
}

#[tokio::test]
async fn a_damaged_answer_is_named() {
    let flow = handle(1).as_str().to_owned();
    for (change, place, why) in [
        (
            "bytes = -1",
            "the column answer_bytes of flow",
            "less than nothing",
        ),
        (
            "body = substr(body, 2)",
            "the answer to attempt attempt-1 of flow",
            "seal does not fit",
        ),
    ] {
        let subject = subject().await;
        let (stored, call) = subject.created(1).await;
        let (begun, _) = subject
            .answered(&stored, &call, answer(200, r#"{"id":"f"}"#))
            .await;
        sql(&subject, &format!("UPDATE answers SET {change}"));
        let attempts = [AttemptId::new("attempt-1")];
        let read = subject.store.answers(&begun, &attempts).await;
        is_unreadable(read, &format!("{place} {flow} in the postgres store"), why);
    }
}

#[tokio::test]
async fn a_handle_that_is_none_and_a_tally_below_nothing_are_named() {
    let subject = subject().await;
    subject.created(1).await;
    sql(
        &subject,
        "UPDATE flows SET handle = 'none', due = 0; UPDATE tally_deltas SET flows = -1",
    );

    let due = subject.store.due(None, 10).await;
    is_unreadable(
        due,
        "the column handle of a flow that is due in the postgres store",
        "\"none\"",
    );
    let found = subject.store.find(&Query::default(), 10).await;
    is_unreadable(
        found,
        "the column handle of a flow that was found in the postgres store",
        "\"none\"",
    );
    let census = subject.store.census().await;
    is_unreadable(
        census,
        "the column flows of the tally in the postgres store",
        "-1",
    );
}

#[tokio::test]
async fn a_table_that_is_gone_is_told() {
    let subject = subject().await;
    sql(&subject, "DROP TABLE tally_deltas");
    let told = super::cause(subject.store.census().await);
    assert!(
        told.contains("does not show the integrator's tables") && told.contains("42P01"),
        "{told}"
    );
}
