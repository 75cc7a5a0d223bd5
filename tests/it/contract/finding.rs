//! Finding flows by what is known of them.

use std::sync::Arc;

use appattest_integrator::store::{LookupKey, Order, Query};

use super::samples::{answer, number};
use super::subject::Subject;

/// Four flows: 1 and 2 of one run, 2 and 3 ended, 4 still being started.
async fn four(subject: &Subject) {
    for number in 1..=3 {
        let run = number / 3;
        let body = format!(r#"{{"verifyRunID":"run-{run}"}}"#);
        let (stored, call) = subject.claimed(number, &body).await;
        subject.create(stored.clone(), None).await;
        let id = format!(r#"{{"id":"id-{number}"}}"#);
        let (begun, _) = subject.answered(&stored, &call, answer(200, &id)).await;
        subject.pass(1);
        if number > 1 {
            subject.polled(&begun, 100 + number, 200).await;
        }
    }
    subject.created(4).await;
}

fn text(name: &str) -> Option<Arc<str>> {
    Some(name.into())
}

pub(super) async fn each_part_of_a_query_narrows_what_is_found(subject: Subject) {
    four(&subject).await;
    let any = Query::default;
    let state = |name| Query {
        state: text(name),
        ..any()
    };
    let protocol = |name| Query {
        protocol: text(name),
        ..any()
    };
    let flow_id = |id| Query {
        flow_id: Some(LookupKey::of(id)),
        ..any()
    };
    let correlation = |id| Query {
        correlation_id: text(id),
        ..any()
    };
    let run = |id| Query {
        verify_run_id: Some(LookupKey::of(id)),
        ..any()
    };
    let and_state = |query: Query, name| Query {
        state: text(name),
        ..query
    };
    let and_correlation = |query: Query, id| Query {
        correlation_id: text(id),
        ..query
    };
    let queries: [(Query, &[u64]); 11] = [
        (any(), &[1, 2, 3, 4]),
        (state("done"), &[2, 3]),
        (state("created"), &[4]),
        (protocol("example"), &[1, 2, 3, 4]),
        (protocol("other"), &[]),
        (flow_id("id-2"), &[2]),
        (correlation("correlation-4"), &[4]),
        (run("run-0"), &[1, 2]),
        (and_state(run("run-0"), "done"), &[2]),
        (and_correlation(flow_id("id-1"), "correlation-2"), &[]),
        (and_state(protocol("example"), "begun"), &[1]),
    ];
    for (query, expected) in queries {
        assert_eq!(subject.found(&query).await, expected, "{query:?}");
    }
}

pub(super) async fn what_is_found_follows_the_record(subject: Subject) {
    let state = |name| Query {
        state: text(name),
        ..Query::default()
    };
    let by_id = Query {
        flow_id: Some(LookupKey::of("id-1")),
        ..Query::default()
    };
    let (stored, call) = subject.created(1).await;
    assert_eq!(subject.found(&state("created")).await, [1]);
    assert_eq!(subject.found(&by_id).await, [0; 0]);

    let (begun, _) = subject
        .answered(&stored, &call, answer(200, r#"{"id":"id-1"}"#))
        .await;
    assert_eq!(subject.found(&state("created")).await, [0; 0]);
    assert_eq!(subject.found(&state("begun")).await, [1]);
    assert_eq!(subject.found(&by_id).await, [1]);

    let ended = subject.polled(&begun, 10, 200).await;
    assert_eq!(subject.found(&state("begun")).await, [0; 0]);
    assert_eq!(subject.found(&state("done")).await, [1]);

    subject.removed(&ended).await;
    assert_eq!(subject.found(&state("done")).await, [0; 0]);
    assert_eq!(subject.found(&by_id).await, [0; 0]);
}

pub(super) async fn pages_hold_together_within_one_millisecond(subject: Subject) {
    for number in [6, 2, 4, 1, 3] {
        subject.created(number).await;
    }
    subject.pass(1);
    subject.created(5).await;

    let mut paged: Vec<u64> = Vec::new();
    let mut query = Query::default();
    loop {
        let page = subject.store.find(&query, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        query.after = Some(last.clone());
        paged.extend(page.iter().map(|found| number(&found.handle)));
    }

    assert_eq!(paged, [1, 2, 3, 4, 6, 5]);
}

pub(super) async fn the_newest_come_first_where_that_is_asked_for(subject: Subject) {
    for number in [2, 4, 1, 3] {
        let body = format!(r#"{{"verifyRunID":"run-{}"}}"#, number % 2);
        let (stored, call) = subject.claimed(number, &body).await;
        subject.create(stored.clone(), None).await;
        let begun = answer(200, r#"{"id":"one"}"#);
        subject.answered(&stored, &call, begun).await;
        subject.pass(1);
    }
    let newest = |query| Query {
        order: Order::NewestFirst,
        ..query
    };
    let of_run = Query {
        verify_run_id: Some(LookupKey::of("run-0")),
        ..Query::default()
    };
    let of_protocol = Query {
        protocol: text("example"),
        ..Query::default()
    };
    let third = subject.store.find(&Query::default(), 3).await.unwrap();
    let before_the_third = Query {
        issued_before_ms: Some(third[2].issued_ms),
        ..Query::default()
    };

    assert_eq!(subject.found(&newest(Query::default())).await, [3, 1, 4, 2]);
    assert_eq!(subject.found(&newest(of_run)).await, [4, 2]);
    assert_eq!(subject.found(&newest(of_protocol)).await, [3, 1, 4, 2]);
    assert_eq!(subject.found(&newest(before_the_third)).await, [4, 2]);
}

pub(super) async fn pages_of_the_newest_hold_together_within_one_millisecond(subject: Subject) {
    for number in [6, 2, 4, 1, 3] {
        subject.created(number).await;
    }
    subject.pass(1);
    subject.created(5).await;
    let parts = [
        Query::default(),
        Query {
            state: text("created"),
            ..Query::default()
        },
        Query {
            protocol: text("example"),
            ..Query::default()
        },
    ];

    for part in parts {
        let mut paged: Vec<u64> = Vec::new();
        let mut query = Query {
            order: Order::NewestFirst,
            ..part
        };
        loop {
            let page = subject.store.find(&query, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            query.after = Some(last.clone());
            paged.extend(page.iter().map(|found| number(&found.handle)));
        }

        assert_eq!(paged, [5, 6, 4, 3, 2, 1], "{query:?}");
    }
}

pub(super) async fn only_flows_issued_before_an_instant_are_found(subject: Subject) {
    let (first, _) = subject.created(1).await;
    subject.pass(1);
    subject.created(2).await;
    let issued = first.facts().issued_ms;
    let before = |instant| Query {
        issued_before_ms: Some(instant),
        ..Query::default()
    };

    assert_eq!(subject.found(&before(issued)).await, [0; 0]);
    assert_eq!(subject.found(&before(issued + 1)).await, [1]);
    assert_eq!(subject.found(&before(issued + 2)).await, [1, 2]);
}

pub(super) async fn ten_thousand_flows_are_found_page_by_page(subject: Subject) {
    const FLOWS: u64 = 10_000;
    let subject = Arc::new(subject);
    for batch in 0..FLOWS / 100 {
        let mut creations = tokio::task::JoinSet::new();
        for number in batch * 100..(batch + 1) * 100 {
            let (stored, _) = subject.claimed(number, "{}").await;
            let subject = subject.clone();
            creations.spawn(async move { subject.create(stored, None).await });
        }
        creations.join_all().await;
        subject.pass(1);
    }

    let mut numbers: Vec<u64> = Vec::new();
    let mut query = Query {
        state: text("created"),
        ..Query::default()
    };
    loop {
        let page = subject.store.find(&query, 1000).await.unwrap();
        let Some(last) = page.last() else { break };
        query.after = Some(last.clone());
        numbers.extend(page.iter().map(|found| number(&found.handle)));
    }

    assert!(
        numbers.iter().copied().eq(0..FLOWS),
        "{} flows",
        numbers.len()
    );
    let census = subject.store.census().await.unwrap();
    assert_eq!(census.flows, FLOWS);
}
