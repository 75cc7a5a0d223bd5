//! Counts over all that is stored.

use appattest_integrator::store::Census;

use super::subject::Subject;

/// The counts of states that hold flows, by name.
fn counted(census: &Census) -> Vec<(&str, u64, Option<i64>)> {
    let held = census.states.iter().filter(|state| state.flows > 0);
    let mut counted: Vec<_> = held
        .map(|state| {
            assert_eq!(&*state.protocol, "example");
            (&*state.state, state.flows, state.oldest_issued_ms)
        })
        .collect();
    counted.sort_unstable();
    counted
}

pub(super) async fn the_census_follows_every_change(subject: Subject) {
    let (first, _) = subject.created(1).await;
    let issued = first.facts().issued_ms;
    subject.pass(1);
    let second = subject.begun(2).await;
    subject.pass(1);
    let third = subject.begun(3).await;

    let census = subject.store.census().await.unwrap();
    assert_eq!((census.flows, census.terminal), (3, 0));
    let expected = [("begun", 2, Some(issued + 1)), ("created", 1, Some(issued))];
    assert_eq!(counted(&census), expected);

    let ended = subject.polled(&second, 20, 200).await;
    subject.store.beat().await.unwrap();
    let census = subject.store.census().await.unwrap();
    assert_eq!((census.flows, census.terminal), (3, 1));
    let expected = [
        ("begun", 1, Some(issued + 2)),
        ("created", 1, Some(issued)),
        ("done", 1, Some(issued + 1)),
    ];
    assert_eq!(counted(&census), expected);

    subject.removed(&ended).await;
    subject.pass(10_000);
    subject.expired(&first).await;
    subject.store.beat().await.unwrap();
    let census = subject.store.census().await.unwrap();
    assert_eq!((census.flows, census.terminal), (2, 1));
    let expected = [("begun", 1, Some(issued + 2)), ("expired", 1, Some(issued))];
    assert_eq!(counted(&census), expected);
    let answered = third.flow.history().transitions().len();
    assert_eq!(answered, 1);
    // What is held is the body and the content type of the one answer that is left.
    let held = r#"{"id":"id-3"}"#.len() + "application/json".len();
    assert_eq!(census.bytes, held as u64);
}
