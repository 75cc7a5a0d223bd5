//! Whole flows that outlive the process.

use appattest_integrator::store::{LookupKey, Query};

use super::damage::{Damage, plant};
use super::samples::{answer, handle, start_key};
use super::subject::Subject;

pub(super) async fn everything_is_there_after_the_store_is_opened_again(subject: Subject) {
    let (stored, call) = subject.claimed(1, r#"{"verifyRunID":"run"}"#).await;
    subject.create(stored.clone(), Some("key")).await;
    let (begun, first) = subject
        .answered(&stored, &call, answer(200, r#"{"id":"f"}"#))
        .await;
    let ended = subject.polled(&begun, 10, 200).await;
    let census = subject.store.census().await.unwrap();

    let subject = subject.reopened().await;

    assert_eq!(
        subject.loaded(&handle(1)).await,
        Some((*ended.flow).clone())
    );
    let attempts = [first.attempt.clone()];
    assert_eq!(
        subject.store.answers(&ended, &attempts).await,
        Ok(vec![first])
    );
    assert_eq!(
        subject.store.started(&start_key("key")).await,
        Ok(Some(handle(1)))
    );
    let query = Query {
        flow_id: Some(LookupKey::of("f")),
        ..Query::default()
    };
    assert_eq!(subject.found(&query).await, [1]);
    let held = |census: &appattest_integrator::store::Census| {
        let mut held = census.clone();
        held.states.retain(|state| state.flows > 0);
        held
    };
    assert_eq!(held(&subject.store.census().await.unwrap()), held(&census));
    subject.pass(5_000);
    assert_eq!(subject.due().await, [(1, ended.facts().due)]);
}

pub(super) async fn a_definition_that_the_store_lost_is_written_again_with_the_next_beat(
    subject: Subject,
) {
    subject.begun(1).await;
    plant(&subject.place, &Damage::Definition);

    subject.store.beat().await.unwrap();
    subject.created(2).await;

    let subject = subject.reopened().await;
    for number in 1..=2 {
        assert!(subject.loaded(&handle(number)).await.is_some());
    }
}
