//! What a stream tells, and when it ends.

use std::time::Duration;

use crate::harness::events::Told;
use crate::harness::protocols::EXAMPLE;
use crate::harness::service::ASSERT;
use crate::harness::{Answer, Reply, Request, Service, Setup};

/// A transition as the history lists it.
fn listed(history: &Reply, number: usize) -> String {
    let text = history.text();
    let mut entries = text.split(r#"{"version":"#).skip(1 + number);
    let entry = entries.next().unwrap();
    let end = entry.rfind('}').unwrap();
    let entry = format!(r#"{{"version":{}"#, &entry[..=end]);
    let end = entry.rfind("],\"attempts\"").unwrap_or(entry.len());
    entry[..end].to_owned()
}

#[tokio::test]
async fn first_the_observation_then_each_transition_as_the_history_lists_it() {
    let service = Service::start().await;
    let handle = service.registered().await;
    let status = service.status(&handle).await;

    let mut stream = service.open_events(&handle, None).await;
    let (kind, id, data) = stream.next().await.unwrap().event();
    assert_eq!((&*kind, &*id), ("observation", "2"));
    assert_eq!(data, status.text());

    service.step(&handle, "client-data-hash", "").await;
    let first = stream.transition().await;
    service.step(&handle, "assert", ASSERT).await;
    let second = stream.transition().await;
    assert_eq!(stream.next().await, None);

    let history = service.history(&handle).await;
    assert_eq!(first, ("4".to_owned(), listed(&history, 1)));
    assert_eq!(second, ("6".to_owned(), listed(&history, 2)));
}

#[tokio::test]
async fn the_reply_is_an_event_stream_that_nobody_keeps() {
    let service = Service::start().await;
    let start = Request::post("/v1/flows/start", crate::harness::service::START);
    let start = service
        .ask(start.header("x-correlation-id", "order-1"))
        .await;
    let handle = start.string("/flowHandle");

    let stream = service.open_events(&handle, None).await;

    assert!(stream.head.starts_with("HTTP/1.1 200 OK\r\n"));
    for header in [
        "content-type: text/event-stream\r\n",
        "cache-control: no-store\r\n",
        "x-correlation-id: order-1\r\n",
    ] {
        assert!(stream.head.contains(header), "{}", stream.head);
    }
    assert!(!stream.head.contains("x-integrator-error"));
}

#[tokio::test]
async fn a_flow_that_has_ended_is_shown_and_that_is_all() {
    let service = Service::start().await;
    let verified = service.verified().await;
    let overdue = service.registered().await;
    service.clock.advance(Duration::from_secs(300));

    for (handle, state) in [(&verified, "verified"), (&overdue, "expired")] {
        let mut stream = service.open_events(handle, None).await;
        let (kind, _, data) = stream.next().await.unwrap().event();
        assert_eq!(kind, "observation");
        assert!(data.contains(&format!(r#""state":"{state}","terminal":true"#)));
        assert_eq!(stream.next().await, None);
    }
}

#[tokio::test]
async fn an_expiry_ends_the_stream_whoever_brings_it_about() {
    let service = Service::start().await;
    let by_hand = service.registered().await;
    let by_time = service.registered().await;
    let mut one = service.follow(&by_hand).await;
    let mut other = service.follow(&by_time).await;

    service.step(&by_hand, "expire", "").await.is_answer();
    let expired =
        r#"{"version":3,"from":"registered","to":"expired","at":"2026-01-17T12:00:00.000Z"}"#;
    assert_eq!(one.transition().await, ("3".to_owned(), expired.to_owned()));
    assert_eq!(one.next().await, None);

    service.clock.advance(Duration::from_secs(300));
    service.sweep().await;
    let expired =
        r#"{"version":3,"from":"registered","to":"expired","at":"2026-01-17T12:05:00.000Z"}"#;
    assert_eq!(
        other.transition().await,
        ("3".to_owned(), expired.to_owned())
    );
    assert_eq!(other.next().await, None);
}

#[tokio::test]
async fn attempts_without_an_answer_are_no_transitions() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let mut stream = service.follow(&handle).await;

    let refused = Answer::status(503, "{}");
    service.backend.once("/app-attest/verify", refused);
    service.step(&handle, "assert", ASSERT).await;
    service.step(&handle, "assert", ASSERT).await.is_answer();

    let (_, data) = stream.transition().await;
    assert!(data.contains(r#""to":"verified""#), "{data}");
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn polls_that_stay_where_they_are_are_told_each() {
    let service = Setup::protocol(EXAMPLE).start().await;
    service
        .backend
        .always("/begin", Answer::json(r#"{"id":"1"}"#));
    service.backend.always("/poll", Answer::status(202, "{}"));
    let handle = service.started("").await;
    let mut stream = service.follow(&handle).await;

    let mut ids = Vec::new();
    for _ in 0..20 {
        service.step(&handle, "poll", "").await.is_answer();
        ids.push(stream.transition().await.0.parse::<u64>().unwrap());
    }

    assert!(ids.is_sorted(), "{ids:?}");
    assert_eq!(ids.len(), 20);
}

#[tokio::test]
async fn several_follow_one_flow_and_each_is_told_all() {
    let service = Service::start().await;
    let handle = service.registered().await;
    let mut streams = Vec::new();
    for _ in 0..5 {
        streams.push(service.follow(&handle).await);
    }

    service.step(&handle, "client-data-hash", "").await;
    service.step(&handle, "assert", ASSERT).await;

    for mut stream in streams {
        assert_eq!(stream.transition().await.0, "4");
        assert_eq!(stream.transition().await.0, "6");
        assert_eq!(stream.next().await, None);
    }
    assert_eq!(service.shared.watchers.flows(), 0);
}

#[tokio::test]
async fn a_flow_is_followed_from_before_its_start_is_answered() {
    let service = Service::start().await;
    let registered = Answer::json(r#"{"flowID":"flow-1"}"#);
    let mut hold = service.backend.hold("/app-attest/register", registered);
    let start = Request::post("/v1/flows/start", crate::harness::service::START);
    let asking = service.send(start.header("x-correlation-id", "order-1"));
    hold.arrived().await;
    let found = service.get("/v1/flows?correlationID=order-1").await;
    let handle = found.string("/flows/0/flowHandle");
    let mut stream = service.open_events(&handle, None).await;
    let (_, id, _) = stream.next().await.unwrap().event();
    assert_eq!(id, "0");

    hold.release();
    asking.await.unwrap().is_answer();

    let (id, data) = stream.transition().await;
    assert_eq!(id, "2");
    assert!(data.contains(r#""from":"created","to":"registered""#));
}

#[tokio::test]
async fn what_cannot_be_followed_is_refused_before_the_stream() {
    let service = Service::start().await;
    let handle = service.registered().await;
    for path in ["A".repeat(32), "short".to_owned()] {
        let path = format!("/v1/flows/{path}/events");
        service.get(path).await.is_problem(404, "not_found");
    }
    let path = format!("/v1/flows/{handle}/events");
    let posted = service.post(&path, "{}").await;
    posted.is_problem(405, "method_not_allowed");
    let head = service.ask(Request::new("HEAD", &path)).await;
    assert_eq!(head.status, 200);
    assert_eq!(head.header("content-type"), Some("text/event-stream"));
    service.faults.fail_reads(1);
    service
        .get(&path)
        .await
        .is_problem(503, "store_unavailable");
}

#[tokio::test]
async fn a_stream_in_which_nothing_happens_has_a_comment_every_15_seconds() {
    let service = Setup {
        store: Some(crate::harness::stores::Kind::Memory),
        ..Setup::default()
    };
    let service = service.start().await;
    let handle = service.registered().await;
    let mut stream = service.follow(&handle).await;
    service.let_time_jump();
    let begun = tokio::time::Instant::now();

    for beat in 1..=4 {
        assert_eq!(stream.next().await, Some(Told::Comment));
        let passed = begun.elapsed().as_secs();
        assert!((15 * beat - 1..=15 * beat).contains(&passed), "{passed}");
    }
}
