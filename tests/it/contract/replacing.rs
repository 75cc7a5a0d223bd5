//! Replacing and removing: the one mutation.

use std::sync::Arc;

use appattest_integrator::store::{Next, Replaced, Replacement, Stored};

use super::samples::{answer, handle, replacement, start_key};
use super::subject::Subject;

fn record(stored: &Stored) -> Next {
    Next::Record {
        stored: stored.clone(),
        answer: None,
        dropped: Vec::new(),
    }
}

pub(super) async fn a_flow_is_replaced_only_over_the_version_that_was_read(subject: Subject) {
    let (stored, call) = subject.created(1).await;
    let (next, _) = subject
        .answered(&stored, &call, answer(200, r#"{"id":"f"}"#))
        .await;

    let stale = subject
        .store
        .replace(replacement(&stored, record(&stored)))
        .await;
    let gone = Replacement {
        handle: handle(2),
        ..replacement(&stored, record(&stored))
    };
    let gone = subject.store.replace(gone).await;

    assert_eq!(stale, Ok(Replaced::Conflict));
    assert_eq!(gone, Ok(Replaced::Conflict));
    assert_eq!(subject.loaded(&handle(1)).await, Some((*next.flow).clone()));
    assert_eq!(subject.loaded(&handle(2)).await, None);
}

pub(super) async fn another_claim_under_the_same_version_fences_a_replacement(subject: Subject) {
    let stored = subject.begun(1).await;
    let (lost, _) = subject.claim_unsaved(&stored, 10).await;
    let (held, _) = subject.polling(&stored, 11).await;
    assert_eq!(lost.flow.version(), held.flow.version());

    // As after a failover that forgot one claim and took another.
    let stale = subject
        .store
        .replace(replacement(&lost, record(&stored)))
        .await;
    let removal = subject
        .store
        .replace(replacement(&lost, Next::Nothing))
        .await;
    let unclaimed = Replacement {
        fence: None,
        ..replacement(&held, record(&stored))
    };
    let unclaimed = subject.store.replace(unclaimed).await;

    for fenced in [stale, removal, unclaimed] {
        assert_eq!(fenced, Ok(Replaced::Conflict));
    }
    assert_eq!(subject.loaded(&handle(1)).await, Some((*held.flow).clone()));
    let next = subject
        .store
        .replace(replacement(&held, record(&stored)))
        .await;
    assert_eq!(next, Ok(Replaced::Done));
}

pub(super) async fn nothing_replaces_a_flow_from_its_latest_instant_on(subject: Subject) {
    let stored = subject.begun(1).await;
    let (claimed, _) = subject.polling(&stored, 2).await;
    let deadline = claimed.flow.deadline();
    let expired = |stored: &Stored| Replacement {
        not_after: Some(deadline),
        ..replacement(stored, record(stored))
    };

    subject.pass(9_999);
    assert_eq!(subject.now().await.tick, deadline.offset(-1));
    let in_time = subject.store.replace(expired(&claimed)).await;
    subject.pass(1);
    let late = subject.store.replace(expired(&claimed)).await;
    subject.pass(1);
    let later = subject.store.replace(expired(&claimed)).await;

    assert_eq!(in_time, Ok(Replaced::Done));
    assert_eq!(late, Ok(Replaced::TooLate));
    assert_eq!(later, Ok(Replaced::TooLate));
    assert_eq!(
        subject.loaded(&handle(1)).await,
        Some((*claimed.flow).clone())
    );
}

pub(super) async fn a_conflict_is_told_before_lateness(subject: Subject) {
    let (stored, call) = subject.created(1).await;
    subject
        .answered(&stored, &call, answer(200, r#"{"id":"f"}"#))
        .await;
    subject.pass(20_000);

    let both = Replacement {
        not_after: Some(stored.flow.deadline()),
        ..replacement(&stored, record(&stored))
    };

    assert_eq!(subject.store.replace(both).await, Ok(Replaced::Conflict));
}

pub(super) async fn of_64_replacements_of_one_version_one_is_written(subject: Subject) {
    let subject = Arc::new(subject);
    for round in 0..8 {
        let stored = subject.begun(round).await;
        let mut races = tokio::task::JoinSet::new();
        for racer in 0..64 {
            let subject = subject.clone();
            // Each racer's record is told from the others' by its claim.
            let (next, _) = subject.claim_unsaved(&stored, 1000 + racer).await;
            let raced = replacement(&stored, record(&next));
            races.spawn(async move { (subject.store.replace(raced).await.unwrap(), next) });
        }
        let races = races.join_all().await;
        let done = |(replaced, _): &&(Replaced, Stored)| *replaced == Replaced::Done;
        let winners: Vec<_> = races.iter().filter(done).collect();
        assert_eq!(winners.len(), 1, "round {round}");
        let conflict = |(replaced, _): &&(Replaced, Stored)| *replaced == Replaced::Conflict;
        assert_eq!(races.iter().filter(conflict).count(), 63, "round {round}");
        let written = subject.loaded(&handle(round)).await;
        assert_eq!(written, Some((*winners[0].1.flow).clone()));
    }
}

pub(super) async fn a_removed_flow_leaves_nothing_behind(subject: Subject) {
    let (stored, call) = subject.claimed(1, r#"{"verifyRunID":"run"}"#).await;
    subject.create(stored.clone(), Some("key")).await;
    let (next, kept) = subject
        .answered(&stored, &call, answer(200, r#"{"id":"f"}"#))
        .await;

    subject.removed(&next).await;

    assert_eq!(subject.loaded(&handle(1)).await, None);
    let attempts = [kept.attempt.clone()];
    assert_eq!(
        subject.store.answers(&next, &attempts).await,
        Ok(Vec::new())
    );
    assert_eq!(subject.store.started(&start_key("key")).await, Ok(None));
    assert_eq!(
        subject
            .found(&appattest_integrator::store::Query::default())
            .await,
        [0; 0]
    );
    subject.pass(1_000_000);
    assert_eq!(subject.due().await, []);
    let census = subject.store.census().await.unwrap();
    assert_eq!((census.flows, census.terminal, census.bytes), (0, 0, 0));
    assert!(
        census
            .states
            .iter()
            .all(|state| state.flows == 0 && state.oldest_issued_ms.is_none())
    );
}

pub(super) async fn a_removal_is_a_replacement_like_any_other(subject: Subject) {
    let (stored, call) = subject.created(1).await;
    let (next, _) = subject
        .answered(&stored, &call, answer(200, r#"{"id":"f"}"#))
        .await;

    let stale = subject
        .store
        .replace(replacement(&stored, Next::Nothing))
        .await;
    subject.removed(&next).await;
    let twice = subject
        .store
        .replace(replacement(&next, Next::Nothing))
        .await;
    let after = subject
        .store
        .replace(replacement(&next, record(&next)))
        .await;

    assert_eq!(stale, Ok(Replaced::Conflict));
    assert_eq!(twice, Ok(Replaced::Conflict));
    assert_eq!(after, Ok(Replaced::Conflict));
    assert_eq!(subject.loaded(&handle(1)).await, None);
}
