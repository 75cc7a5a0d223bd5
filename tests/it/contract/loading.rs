//! Reading several flows at once.

use integrator_core::flow::record::Flow;

use super::samples::handle;
use super::subject::Subject;

/// The flows with these numbers, as one operation reads them.
async fn loaded(subject: &Subject, numbers: &[u64]) -> Vec<Option<Flow>> {
    let handles: Vec<_> = numbers.iter().map(|number| handle(*number)).collect();
    let loaded = subject.store.load_all(&handles).await;
    let flows = loaded.expect("the store answers").flows.into_iter();
    flows
        .map(|flow| {
            let stored = flow.expect("a record that can be read");
            stored.map(|stored| (*stored.flow).clone())
        })
        .collect()
}

pub(super) async fn several_flows_are_loaded_in_the_order_that_is_asked_for(subject: Subject) {
    let (claimed, _) = subject.created(1).await;
    let begun = subject.begun(2).await;
    let ended = subject.begun(3).await;
    let ended = subject.polled(&ended, 100, 200).await;
    let (one, two, three) = (&claimed.flow, &begun.flow, &ended.flow);

    let all = loaded(&subject, &[3, 9, 1, 2, 3]).await;

    let expected = [Some(three), None, Some(one), Some(two), Some(three)];
    assert_eq!(all, expected.map(|flow| flow.map(|flow| (**flow).clone())));
}

pub(super) async fn no_flows_are_loaded_for_no_handles(subject: Subject) {
    subject.begun(1).await;

    let loaded = subject.store.load_all(&[]).await.unwrap();

    assert!(loaded.flows.is_empty());
    assert_eq!(loaded.now.tick, subject.now().await.tick);
}

pub(super) async fn a_thousand_flows_are_loaded_at_once(subject: Subject) {
    let numbers: Vec<u64> = (0..1000).collect();
    for number in &numbers {
        subject.created(*number).await;
    }

    let all = loaded(&subject, &numbers).await;

    let handles = all.iter().flatten().map(|flow| flow.handle().clone());
    assert!(handles.eq(numbers.iter().map(|number| handle(*number))));
}
