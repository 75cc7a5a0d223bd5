//! Creating and loading.

use std::sync::Arc;

use appattest_integrator::store::{Created, Stored};

use super::samples::{handle, protocol, start_key};
use super::subject::Subject;

pub(super) async fn a_created_flow_is_loaded_as_it_was_written(subject: Subject) {
    let body = r#"{"verifyRunID":"run \u00e9 \u0000"}"#;
    let (stored, call) = subject.claimed(1, body).await;
    subject.create(stored.clone(), None).await;
    assert_eq!(
        subject.loaded(&handle(1)).await,
        Some((*stored.flow).clone())
    );

    let answer = super::samples::answer(200, r#"{"id":"\ud800"}"#);
    let (next, _) = subject.answered(&stored, &call, answer).await;

    assert_eq!(subject.loaded(&handle(1)).await, Some((*next.flow).clone()));
}

pub(super) async fn a_flow_that_was_never_stored_is_not_found(subject: Subject) {
    subject.created(1).await;

    assert_eq!(subject.loaded(&handle(2)).await, None);
}

pub(super) async fn a_start_key_names_one_flow_for_as_long_as_it_is_stored(subject: Subject) {
    let (first, _) = subject.claimed(1, "{}").await;
    let (second, _) = subject.claimed(2, "{}").await;
    let key = start_key("key ~ \" \\");

    let created = subject.store.create(first.clone(), Some(key.clone())).await;
    let again = subject
        .store
        .create(second.clone(), Some(key.clone()))
        .await;
    assert_eq!(created, Ok(Created::Created));
    assert_eq!(again, Ok(Created::Existing(handle(1))));
    assert_eq!(subject.loaded(&handle(2)).await, None);
    assert_eq!(subject.store.started(&key).await, Ok(Some(handle(1))));
    assert_eq!(subject.store.started(&start_key("key")).await, Ok(None));

    subject.removed(&first).await;
    assert_eq!(subject.store.started(&key).await, Ok(None));
    let anew = subject.store.create(second, Some(key.clone())).await;
    assert_eq!(anew, Ok(Created::Created));
    assert_eq!(subject.store.started(&key).await, Ok(Some(handle(2))));
}

pub(super) async fn of_64_creations_under_one_key_one_stores_its_flow(subject: Subject) {
    let subject = Arc::new(subject);
    let mut creations = tokio::task::JoinSet::new();
    for number in 0..64 {
        let (stored, _) = subject.claimed(number, "{}").await;
        let subject = subject.clone();
        creations.spawn(async move {
            let created = subject.store.create(stored, Some(start_key("one"))).await;
            (number, created.unwrap())
        });
    }

    let creations = creations.join_all().await;

    let created = creations
        .iter()
        .filter(|(_, created)| *created == Created::Created);
    let created: Vec<u64> = created.map(|(number, _)| *number).collect();
    assert_eq!(created.len(), 1, "{creations:?}");
    for (number, outcome) in &creations {
        let is_stored = subject.loaded(&handle(*number)).await.is_some();
        assert_eq!(is_stored, *outcome == Created::Created);
        assert!(is_stored || *outcome == Created::Existing(handle(created[0])));
    }
    assert_eq!(subject.store.census().await.unwrap().flows, 1);
}

pub(super) async fn no_more_flows_than_the_bound_are_stored(subject: Subject) {
    let subject = Subject::bounded(subject.kind(), 2).await;
    let (first, _) = subject.created(1).await;
    subject.created(2).await;
    let (third, _) = subject.claimed(3, "{}").await;

    let full = subject
        .store
        .create(third.clone(), Some(start_key("k")))
        .await;
    let bound = "flows.max (2) flows are stored".to_owned();
    assert_eq!(full, Ok(Created::Full(bound)));
    assert_eq!(subject.loaded(&handle(3)).await, None);
    assert_eq!(subject.store.started(&start_key("k")).await, Ok(None));

    subject.removed(&first).await;
    subject.create(third, Some("k")).await;
}

pub(super) async fn a_handle_that_another_flow_has_is_refused_and_that_flow_stays(
    subject: Subject,
) {
    let (first, _) = subject.created(1).await;
    let (second, _) = subject.claimed_as(handle(1), 2, "{}").await;
    let (third, _) = subject.claimed_as(handle(1), 3, "{}").await;

    let refused = subject.store.create(second, None).await;
    let keyed = subject.store.create(third, Some(start_key("k"))).await;

    assert!(refused.is_err(), "{refused:?}");
    assert!(keyed.is_err(), "{keyed:?}");
    assert_eq!(
        subject.loaded(&handle(1)).await,
        Some((*first.flow).clone())
    );
    assert_eq!(subject.store.census().await.unwrap().flows, 1);
}

pub(super) async fn a_flow_keeps_the_definition_that_it_started_with(subject: Subject) {
    let (earlier, _) = subject.created(1).await;
    let changed = format!("{}\n# changed", subject.protocol.definition());
    let later = Subject {
        protocol: protocol(&changed),
        ..subject
    };
    later.created(2).await;

    let first = later.store.load(&handle(1)).await.unwrap().stored.unwrap();
    let second = later.store.load(&handle(2)).await.unwrap().stored.unwrap();

    let digest = |stored: &Stored| stored.protocol.digest().to_owned();
    assert_eq!(digest(&first), digest(&earlier));
    assert_eq!(digest(&second), later.protocol.digest());
    assert_eq!(second.protocol.definition(), changed);
}
