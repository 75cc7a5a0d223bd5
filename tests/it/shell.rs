//! Requests as they should not be written, on raw sockets: every one is answered or closed, and
//! none reaches the backend by mistake.

use std::time::Duration;

use tokio::time::{advance, pause, resume};

use crate::harness::backend::VERIFIED;
use crate::harness::service::{ASSERT, START};
use crate::harness::{Answer, Client, Reply, Request, Service};

/// What a connection is told that sends these bytes; `None` where it is closed without a word.
async fn told(service: &Service, bytes: impl AsRef<[u8]>) -> (Option<Reply>, Client) {
    let mut client = service.connect().await;
    client.send(bytes.as_ref()).await;
    let reply = client.reply(true).await;
    (reply, client)
}

fn get_with(headers: &str) -> String {
    format!("GET /livez HTTP/1.1\r\nhost: a\r\n{headers}\r\n")
}

#[tokio::test]
async fn a_head_within_its_bounds_is_read() {
    let service = Service::start().await;
    let many: String = (1..64).map(|number| format!("x-{number}: a\r\n")).collect();
    let large = format!("x: {}\r\n", "a".repeat(15 * 1024));
    for headers in [many, large] {
        let (reply, _) = told(&service, get_with(&headers)).await;
        assert_eq!(reply.expect("a reply").status, 200);
    }
}

#[tokio::test]
async fn a_head_beyond_its_bounds_is_431_without_a_problem_and_closed() {
    let service = Service::start().await;
    let many: String = (1..65).map(|number| format!("x-{number}: a\r\n")).collect();
    let large = format!("x: {}\r\n", "a".repeat(17 * 1024));
    for headers in [many, large] {
        let (reply, mut client) = told(&service, get_with(&headers)).await;
        let reply = reply.expect("a reply");
        assert_eq!((reply.status, reply.text()), (431, ""));
        assert!(client.is_closed().await);
    }
}

#[tokio::test]
async fn a_request_needs_exactly_one_host() {
    let service = Service::start().await;
    for request in [
        "GET /livez HTTP/1.1\r\n\r\n",
        "GET /livez HTTP/1.0\r\n\r\n",
        "GET /livez HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n",
        "GET /livez HTTP/1.1\r\nhost: a\r\nHost: b\r\n\r\n",
    ] {
        let (reply, mut client) = told(&service, request).await;
        let reply = reply.expect("a reply");
        assert_eq!(reply.status, 400, "{request}");
        assert_eq!(reply.code().as_deref(), Some("invalid_input"));
        assert!(client.is_closed().await, "{request}");
    }
}

#[tokio::test]
async fn requests_that_can_be_read_in_two_ways_are_refused_and_closed() {
    let service = Service::start().await;
    let start = |headers: &str, body: &str| {
        format!("POST /v1/flows/start HTTP/1.1\r\nhost: a\r\n{headers}\r\n{body}")
    };
    let length = START.len();
    for request in [
        start(
            &format!("content-length: {length}\r\ncontent-length: 3\r\n"),
            START,
        ),
        start(&format!("content-length: {length}, 3\r\n"), START),
        start(&format!("content-length: +{length}\r\n"), START),
        start("content-length: -1\r\n", START),
        start("transfer-encoding: gzip\r\n", START),
        start("transfer-encoding: chunked, gzip\r\n", START),
        start(&format!("content-length : {length}\r\n"), START),
        start(
            &format!("x: a\r\n folded\r\ncontent-length: {length}\r\n"),
            START,
        ),
        start("x: a\0\r\n", ""),
        "POST /v1/flows/start HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
            .to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "GET  /livez HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(),
        "hello\r\n\r\n".to_owned(),
    ] {
        let (reply, mut client) = told(&service, &request).await;
        let status = reply.map(|reply| reply.status);
        assert!(
            matches!(status, None | Some(400)),
            "{status:?} to {request}"
        );
        assert!(client.is_closed().await, "{request}");
    }
    assert_eq!(service.backend.calls(), 0);
}

#[tokio::test]
async fn chunks_win_over_a_length_and_end_the_connection() {
    let service = Service::start().await;
    let smuggled = "GET /livez HTTP/1.1\r\nhost: a\r\n\r\n";
    let size = START.len();
    let request = format!(
        "POST /v1/flows/start HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\
         transfer-encoding: chunked\r\n\r\n{size:x}\r\n{START}\r\n0\r\n\r\n{smuggled}"
    );

    let (reply, mut client) = told(&service, request).await;

    let status = reply.map(|reply| reply.status);
    assert!(matches!(status, Some(200 | 400)), "{status:?}");
    assert!(
        client.is_closed().await,
        "what follows is not read as a request"
    );
    for seen in service.backend.seen() {
        assert_eq!(seen.text(), START);
        assert_eq!(seen.header("transfer-encoding"), None);
    }
}

#[tokio::test]
async fn requests_that_do_not_wait_for_each_other_are_answered_in_order() {
    let service = Service::start().await;
    let handle = service.registered().await;
    let step = |name: &str, body: &str| Request::post(format!("/v1/flows/{handle}/{name}"), body);
    let mut all = step("client-data-hash", "").bytes();
    all.extend(step("assert", ASSERT).bytes());
    all.extend(Request::get(format!("/v1/flows/{handle}/status")).bytes());
    let mut client = service.connect().await;

    client.send(&all).await;

    for state in ["hash_issued", "verified", "verified"] {
        let reply = client.reply(true).await.expect("a reply");
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.string("/state"), state);
    }
}

#[tokio::test]
async fn who_asks_before_sending_a_body_is_told_to_go_on() {
    let service = Service::start().await;
    let request = Request::post("/v1/flows/start", START)
        .header("expect", "100-continue")
        .bytes();
    let (head, body) = request.split_at(request.len() - START.len());
    let mut client = service.connect().await;

    client.send(head).await;
    let interim = client.reply(false).await.expect("an interim reply");
    client.send(body).await;

    assert_eq!(interim.status, 100);
    assert_eq!(client.reply(true).await.expect("a reply").status, 200);
}

#[tokio::test]
async fn who_asks_before_sending_a_body_to_nowhere_is_refused_at_once() {
    let service = Service::start().await;
    let request = Request::post("/v1/nowhere", START)
        .header("expect", "100-continue")
        .bytes();
    let (head, _) = request.split_at(request.len() - START.len());
    let (reply, _) = told(&service, head).await;
    assert_eq!(reply.expect("a reply").code().as_deref(), Some("not_found"));
}

#[tokio::test]
async fn a_head_that_does_not_arrive_within_10_s_closes_the_connection() {
    let service = Service::start().await;
    for begun in ["", "GET /livez HTTP/1.1\r\nhost: a\r\n"] {
        let mut client = service.connect().await;
        client.send(&Request::get("/livez").bytes()).await;
        client.reply(true).await.expect("a reply");
        client.send(begun.as_bytes()).await;
        settled().await;

        pause();
        advance(Duration::from_secs(11)).await;

        assert!(client.is_closed().await, "{begun:?}");
        resume();
    }
}

/// Lets the service read what was sent.
async fn settled() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_begins_nothing() {
    let service = Service::start().await;
    let request = Request::post("/v1/flows/start", START).bytes();
    let mut client = service.connect().await;

    client.send(&request[..request.len() - 1]).await;
    drop(client);
    settled().await;

    assert_eq!(service.backend.calls(), 0);
    assert_eq!(service.metric("integrator_store_flows").await, 0.0);
}

#[tokio::test]
async fn chunks_beyond_the_bound_of_a_body_are_payload_too_large() {
    let service = Service::start().await;
    let chunk = format!("8000\r\n{}\r\n", " ".repeat(0x8000));
    let head = "POST /v1/flows/start HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    let (reply, _) = told(&service, format!("{head}{}0\r\n\r\n", chunk.repeat(9))).await;
    assert_eq!(
        reply.expect("a reply").code().as_deref(),
        Some("payload_too_large")
    );
    assert_eq!(service.backend.calls(), 0);
}

#[tokio::test]
async fn a_caller_who_leaves_during_the_call_finds_its_answer_later() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let mut hold = service
        .backend
        .hold("/app-attest/verify", Answer::json(VERIFIED));
    let request = Request::post(format!("/v1/flows/{handle}/assert"), ASSERT);
    let mut leaver = service.connect().await;
    leaver.send(&request.bytes()).await;
    hold.arrived().await;

    drop(leaver);
    hold.release();

    let reply = service.ask(request).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.string("/state"), "verified");
    assert_eq!(service.backend.calls(), 3);
}

#[tokio::test]
async fn what_callers_write_into_paths_methods_and_headers_makes_no_series() {
    let service = Service::start().await;
    let mut client = service.connect().await;
    client.ask(&Request::new("X0", "/nowhere/0")).await;
    client.ask(&Request::post("/v1/flows/x0/y0", "{}")).await;
    let series = |reply: Reply| {
        reply
            .text()
            .lines()
            .filter(|line| !line.starts_with('#'))
            .count()
    };
    let before = series(service.get("/metrics").await);

    for number in 1..100 {
        let lies = "\"} 1 integrator_fake{a=\"";
        let request = Request::new(&format!("X{number}"), format!("/nowhere/{number}%0d%0a"));
        client.ask(&request.header("x-correlation-id", lies)).await;
        client
            .ask(&Request::post(
                format!("/v1/flows/x{number}/y{number}"),
                "{}",
            ))
            .await;
        client
            .ask(&Request::post(
                format!("/v1/flows/start?protocol=p{number}"),
                "{}",
            ))
            .await;
    }

    let after = series(service.get("/metrics").await);
    // The scrape's own route, and starts, which nobody had asked for before.
    assert!(after <= before + 2 * 18, "{before} and then {after} series");
    let text = service.get("/metrics").await;
    assert!(!text.text().contains("integrator_fake"), "{}", text.text());
}
