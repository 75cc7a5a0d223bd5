//! Connections that are used again: every request gets its own answer, and is sent once.

use std::time::Duration;

use super::hasty::Hasty;
use super::{Deed, Hostile, Manners, Part, Scene, VERIFIED, answer};
use crate::harness::service::{ASSERT, START};
use crate::harness::{Request, Setup};

#[tokio::test]
async fn bytes_after_an_answer_are_not_the_next_requests_answer() {
    let scene = Scene::with(Manners::Stay, Duration::from_secs(20)).await;
    let refused = answer("200 OK", "", r#"{"verified":false,"canary":"planted"}"#);
    let surplus = format!("{}{refused}", answer("200 OK", "", VERIFIED));
    let deed = Deed::AnswerAndStay(vec![Part::Bytes(surplus.into_bytes())]);
    scene.takes(deed, VERIFIED.as_bytes()).await;

    let handle = scene.service.hash_issued().await;
    let reply = scene.service.step(&handle, "assert", ASSERT).await;

    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.string("/backend/canary"), format!("of-{handle}"));
    assert_eq!(scene.hostile.most_asked().0, 1);
}

#[tokio::test]
async fn an_unread_rest_of_an_answer_without_body_is_not_the_next_requests_answer() {
    let scene = Scene::with(Manners::Stay, Duration::from_secs(20)).await;
    let body = answer("200 OK", "", r#"{"verified":false}"#);
    let said = format!("HTTP/1.1 304 Not Modified\r\n\r\n{body}");
    let reply = scene
        .meets(Deed::AnswerAndStay(vec![Part::Bytes(said.into_bytes())]))
        .await;
    assert_eq!(reply.code().as_deref(), Some("backend_error"));

    scene.succeeds_again(&reply).await;
}

#[tokio::test]
async fn connections_are_used_again() {
    let scene = Scene::with(Manners::Stay, Duration::from_secs(20)).await;
    for _ in 0..5 {
        scene.service.verified().await;
    }
    assert_eq!(scene.hostile.connections(), 1);
}

#[tokio::test]
async fn a_backend_that_closes_idle_connections_at_the_worst_moment_is_asked_once_per_attempt() {
    const CALLS: usize = 1500;
    let hasty = Hasty::start();
    let setup = Setup {
        base_url: Some(format!("http://{}", hasty.address)),
        backend_timeout: Duration::from_secs(20),
        max_flows: 10_000,
        ..Setup::default()
    };
    let service = setup.start().await;
    let mut client = service.connect().await;
    let (mut answered, mut unknown) = (0, 0);

    for _ in 0..CALLS {
        let reply = client.ask(&Request::post("/v1/flows/start", START)).await;
        if reply.status == 200 {
            answered += 1;
            let handle = reply.string("/flowHandle");
            assert_eq!(reply.string("/flowID"), format!("of-{handle}"));
        } else {
            unknown += 1;
            assert_eq!(reply.code().as_deref(), Some("backend_unavailable"));
            assert_eq!(reply.string("/outcome"), "unknown", "{}", reply.text());
        }
    }

    let (most, asked) = hasty.most_asked();
    assert_eq!(most, 1, "an attempt was sent more than once");
    assert!(asked <= CALLS, "{asked} requests");
    assert!(answered > 0, "{answered} answered, {unknown} unknown");
}

#[tokio::test]
async fn answers_to_many_flows_at_once_are_not_mixed_up() {
    let hostile = Hostile::start(Manners::Stay).await;
    let setup = Setup {
        base_url: Some(hostile.url()),
        backend_timeout: Duration::from_secs(60),
        ..Setup::default()
    };
    let service = setup.start().await;
    let starts: Vec<_> = (0..200)
        .map(|_| service.send(Request::post("/v1/flows/start", START)))
        .collect();
    for start in starts {
        let reply = start.await.expect("a reply");
        let handle = reply.string("/flowHandle");
        assert_eq!(reply.string("/flowID"), format!("of-{handle}"));
    }
    assert_eq!(hostile.most_asked(), (1, 200));
}
