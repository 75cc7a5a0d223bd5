//! Going on where an earlier stream broke off.

use crate::harness::service::ASSERT;
use crate::harness::{Request, Service};

/// The ids of everything that a stream tells to its end, the observation's first.
async fn ids(service: &Service, handle: &str, after: &str) -> Vec<String> {
    let mut stream = service.open_events(handle, Some(after)).await;
    let mut ids = Vec::new();
    while let Some(told) = stream.next().await {
        ids.push(told.event().1);
    }
    ids
}

#[tokio::test]
async fn transitions_beyond_the_last_event_are_told_and_no_others() {
    let service = Service::start().await;
    let handle = service.verified().await;

    assert_eq!(ids(&service, &handle, "0").await, ["0", "2", "4", "6"]);
    assert_eq!(ids(&service, &handle, "2").await, ["2", "4", "6"]);
    assert_eq!(ids(&service, &handle, "3").await, ["3", "4", "6"]);
    assert_eq!(ids(&service, &handle, "4").await, ["4", "6"]);
    assert_eq!(ids(&service, &handle, "6").await, ["6"]);
    assert_eq!(ids(&service, &handle, "0002").await, ["2", "4", "6"]);
}

#[tokio::test]
async fn a_reader_that_breaks_off_anywhere_and_comes_back_misses_nothing() {
    let service = Service::start().await;
    let handle = service.registered().await;
    let mut last = String::new();
    let mut seen = Vec::new();

    // Each stream is read for one event alone; between two of them the flow moves.
    let mut stream = service.open_events(&handle, None).await;
    last.push_str(&stream.next().await.unwrap().event().1);
    drop(stream);
    service.step(&handle, "client-data-hash", "").await;
    let mut stream = service.open_events(&handle, Some(&last)).await;
    last = stream.next().await.unwrap().event().1;
    drop(stream);
    service.step(&handle, "assert", ASSERT).await;
    loop {
        let mut stream = service.open_events(&handle, Some(&last)).await;
        stream.next().await.unwrap();
        match stream.next().await {
            Some(told) => {
                last = told.event().1;
                seen.push(last.clone());
            }
            None => break,
        }
    }

    assert_eq!(seen, ["4", "6"]);
}

#[tokio::test]
async fn a_stream_that_was_resumed_goes_on() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let mut stream = service.open_events(&handle, Some("2")).await;
    let (_, id, data) = stream.next().await.unwrap().event();
    assert_eq!(id, "2");
    assert!(data.contains(r#""state":"hash_issued""#), "{data}");
    assert_eq!(stream.transition().await.0, "4");

    service.step(&handle, "assert", ASSERT).await;

    assert_eq!(stream.transition().await.0, "6");
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_version_that_is_not_reached_yet_hides_nothing_that_comes() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let mut stream = service
        .open_events(&handle, Some("18446744073709551615"))
        .await;
    assert_eq!(stream.next().await.unwrap().event().1, "4");

    service.step(&handle, "assert", ASSERT).await;

    assert_eq!(stream.transition().await.0, "6");
}

#[tokio::test]
async fn an_id_that_is_no_version_is_refused() {
    let service = Service::start().await;
    let handle = service.registered().await;
    let path = format!("/v1/flows/{handle}/events");
    for bad in [
        "",
        "x",
        "-1",
        "+1",
        "1.0",
        "1 2",
        "100000000000000000000",
        "\u{661}",
    ] {
        let request = Request::get(&path).header("last-event-id", bad);
        let reply = service.ask(request).await;
        reply.is_problem(400, "invalid_input");
        assert!(reply.string("/detail").contains("Last-Event-ID"));
    }
    let twice = Request::get(&path).header("last-event-id", "1");
    let twice = service.ask(twice.header("last-event-id", "1")).await;
    twice.is_problem(400, "invalid_input");
}

#[tokio::test]
async fn an_id_beyond_every_version_is_taken_as_long_as_the_document_has_it() {
    let service = Service::start().await;
    let handle = service.verified().await;

    for beyond in ["7", "18446744073709551615", "99999999999999999999"] {
        assert_eq!(ids(&service, &handle, beyond).await, ["6"], "{beyond}");
    }
}
