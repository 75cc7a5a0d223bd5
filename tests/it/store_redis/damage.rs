//! Fields that cannot be what they claim to be.

use appattest_integrator::store::{Query, StoreError};
use integrator_testbed::redis::Options;

use super::{key, record, server, subject};
use crate::contract::samples::{answer, handle, replacement};

fn told<T: std::fmt::Debug>(done: Result<T, StoreError>) -> (String, String) {
    match done {
        Err(StoreError::Unreadable {
            coordinates,
            reason,
        }) => (coordinates, reason),
        other => panic!("readable: {other:?}"),
    }
}

#[tokio::test]
async fn each_field_of_a_record_that_is_damaged_is_told_with_its_place() {
    let server = server(Options::default());
    let subject = subject(&server).await;
    let begun = subject.begun(1).await;
    let whole = server.command(&["DUMP", &key(1)]);
    assert!(!whole.is_empty());
    server.command(&["COPY", &key(1), "whole"]);

    for (field, value) in [("v", "-3"), ("s", "one"), ("x", "short"), ("t", "{}")] {
        server.command(&["HSET", &key(1), field, value]);
        let (place, reason) = told(subject.store.load(&handle(1)).await);
        assert_eq!(
            place,
            format!(
                "the record of flow {} in the redis store",
                handle(1).as_str()
            )
        );
        assert!(reason.contains("damaged"), "{reason}");
        server.command(&["COPY", "whole", &key(1), "REPLACE"]);
    }
    for field in ["v", "s", "x", "t"] {
        server.command(&["HDEL", &key(1), field]);
        told(subject.store.load(&handle(1)).await);
        server.command(&["COPY", "whole", &key(1), "REPLACE"]);
    }

    for (field, value) in [("v", "three"), ("b", "-1")] {
        server.command(&["HSET", &key(1), field, value]);
        let (claimed, _) = subject.claim_unsaved(&begun, 10).await;
        let claim = replacement(&begun, record(&claimed));
        let (_, reason) = told(subject.store.replace(claim).await);
        assert!(reason.contains(&format!("field {field}")), "{reason}");
        server.command(&["COPY", "whole", &key(1), "REPLACE"]);
    }
    subject.polled(&begun, 20, 200).await;
}

#[tokio::test]
async fn a_damaged_answer_is_told_with_its_attempt() {
    let server = server(Options::default());
    let subject = subject(&server).await;
    let (stored, call) = subject.created(1).await;
    let (begun, first) = subject
        .answered(&stored, &call, answer(200, r#"{"id":"f"}"#))
        .await;
    let attempt = first.attempt.clone();
    let kept = format!("a:{}", attempt.as_str());
    let body = format!("o:{}", attempt.as_str());
    server.command(&["COPY", &key(1), "whole"]);

    let changes: [&[&str]; 4] = [
        &["HSET", &key(1), &kept, "12 one"],
        &["HDEL", &key(1), &kept],
        &["HDEL", &key(1), &body],
        &["HSET", &key(1), &body, "{}"],
    ];
    for change in changes {
        server.command(change);
        let (place, _) = told(
            subject
                .store
                .answers(&begun, std::slice::from_ref(&attempt))
                .await,
        );
        assert!(
            place.contains(&format!("attempt {}", attempt.as_str())),
            "{place}"
        );
        server.command(&["COPY", "whole", &key(1), "REPLACE"]);
    }
    let answers = subject.store.answers(&begun, &[attempt]).await;
    assert_eq!(answers, Ok(vec![first]));
}

#[tokio::test]
async fn a_key_of_another_kind_is_told_and_stands_in_nobodys_way() {
    let server = server(Options::default());
    let subject = subject(&server).await;
    subject.begun(1).await;
    let second = subject.begun(2).await;
    server.command(&["SET", &key(1), "text"]);

    let (_, reason) = told(subject.store.load(&handle(1)).await);
    assert!(reason.contains("another kind"), "{reason}");

    // Both are shown, so that whoever looks at the first is told.
    assert_eq!(subject.found(&Query::default()).await, [1, 2]);
    subject.pass(10_000);
    let due = subject.due().await;
    assert_eq!(due.len(), 2);
    assert_eq!(due[1], (2, second.facts().due));
}

#[tokio::test]
async fn facts_that_are_damaged_stand_in_nobodys_way() {
    let server = server(Options::default());
    let subject = subject(&server).await;
    let begun = subject.begun(1).await;
    subject.begun(2).await;
    server.command(&["HSET", &key(1), "f", "{", "d", "soon"]);

    assert_eq!(subject.found(&Query::default()).await, [1, 2]);
    subject.pass(10_000);
    assert_eq!(subject.due().await.len(), 2);
    // The next replacement writes them anew.
    subject.expired(&begun).await;
    let census = subject.store.census().await.unwrap();
    assert_eq!((census.flows, census.terminal), (2, 1));
}
