//! What the sweeper is told to look at.

use integrator_core::flow::time::Tick;

use super::samples::number;
use super::subject::Subject;

pub(super) async fn flows_are_due_from_the_very_instant_on(subject: Subject) {
    let (stored, _) = subject.created(1).await;
    let deadline = stored.flow.deadline();

    subject.pass(9_999);
    let before = subject.due().await;
    subject.pass(1);
    let then = subject.due().await;

    assert_eq!(before, []);
    assert_eq!(then, [(1, deadline)]);
}

pub(super) async fn the_most_overdue_comes_first_and_pages_hold_together(subject: Subject) {
    // Three instants with several flows each, and handles that are not in the order of creation.
    let mut expected: Vec<(Tick, u64)> = Vec::new();
    for number in [5, 3, 9, 1, 8, 2, 7] {
        let (stored, _) = subject.created(number).await;
        expected.push((stored.flow.deadline(), number));
        if number % 3 == 0 {
            subject.pass(1);
        }
    }
    expected.sort_unstable();
    subject.pass(10_000);

    let mut paged = Vec::new();
    let mut after = None;
    loop {
        let page = subject
            .store
            .due(after.as_ref(), 2)
            .await
            .unwrap()
            .positions;
        let Some(last) = page.last() else { break };
        after = Some(last.clone());
        paged.extend(page);
    }

    let told = paged.iter();
    let told: Vec<_> = told
        .map(|position| (position.due, number(&position.handle)))
        .collect();
    assert_eq!(told, expected);
}

pub(super) async fn a_flow_is_due_when_its_latest_record_says(subject: Subject) {
    let stored = subject.begun(1).await;
    let deadline = stored.flow.deadline();
    let ended = subject.polled(&stored, 10, 200).await;
    let removal = ended.facts().due;
    assert_ne!(removal, deadline);

    // Ended flows are kept for five seconds here, open ones for ten.
    subject.pass(4_999);
    assert_eq!(subject.due().await, []);
    subject.pass(1);
    assert_eq!(subject.due().await, [(1, removal)]);

    let (open, _) = subject.created(2).await;
    subject.pass(10_000);
    let expired = subject.expired(&open).await;
    assert_eq!(subject.due().await, [(1, removal)]);
    subject.pass(5_000);
    assert_eq!(
        subject.due().await,
        [(1, removal), (2, expired.facts().due)]
    );
}
