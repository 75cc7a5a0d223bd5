//! Requests at the same time: one call, whatever is asked.

use tokio::task::JoinSet;

use crate::harness::protocols::EXAMPLE;
use crate::harness::service::{ASSERT, START};
use crate::harness::{Answer, Request, Service, Setup};

const MANY: usize = 50;

#[tokio::test]
async fn many_same_requests_at_once_make_one_call_and_get_one_reply() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let answer = Answer::json(r#"{"verified":true}"#);
    let mut hold = service.backend.hold("/app-attest/verify", answer);
    let first = service.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;
    let path = format!("/v1/flows/{handle}/assert");
    let mut others = Vec::new();
    for _ in 1..MANY {
        let mut client = service.connect().await;
        client.send(&Request::post(&path, ASSERT).bytes()).await;
        others.push(client);
    }
    // They are all in the service once it has answered a request that came after them.
    service.status(&handle).await.is_answer();

    hold.release();
    let first = first.await.unwrap();

    first.is_answer();
    for mut client in others {
        assert_eq!(client.reply(true).await.unwrap(), first);
    }
    assert_eq!(service.backend.calls(), 3);
}

#[tokio::test]
async fn many_different_requests_at_once_make_one_call_and_the_others_are_refused() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let mut hold = service
        .backend
        .hold("/app-attest/verify", Answer::json(r#"{"verified":true}"#));
    let body = |number: usize| format!(r#"{{"assertionObject_base64":"{number}"}}"#);
    let mut asking = JoinSet::new();
    for number in 0..MANY {
        asking.spawn(service.send_step(&handle, "assert", body(number)));
    }
    hold.arrived().await;

    for _ in 1..MANY {
        let refused = asking.join_next().await.unwrap().unwrap().unwrap();
        refused.is_problem(409, "step_in_progress");
    }
    hold.release();

    let taken = asking.join_next().await.unwrap().unwrap().unwrap();
    taken.is_answer();
    assert_eq!(service.backend.calls(), 3);
}

#[tokio::test]
async fn whoever_joins_a_call_that_fails_is_told_the_failure() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let mut hold = service
        .backend
        .hold("/app-attest/verify", Answer::status(500, "[]"));
    let first = service.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;
    let mut second = service.connect().await;
    let path = format!("/v1/flows/{handle}/assert");
    second.send(&Request::post(path, ASSERT).bytes()).await;
    service.status(&handle).await.is_answer();

    hold.release();

    let first = first.await.unwrap();
    first.is_problem(502, "backend_error");
    assert_eq!(second.reply(true).await.unwrap(), first);
    assert_eq!(service.backend.calls(), 3);
}

#[tokio::test]
async fn a_same_request_joins_a_repeatable_step_too() {
    let service = Setup::protocol(EXAMPLE).start().await;
    service
        .backend
        .always("/begin", Answer::json(r#"{"id":"1"}"#));
    let handle = service.started("").await;
    let mut hold = service.backend.hold("/poll", Answer::status(202, "{}"));
    let first = service.send_step(&handle, "poll", "");
    hold.arrived().await;
    let mut second = service.connect().await;
    let path = format!("/v1/flows/{handle}/poll");
    second.send(&Request::post(path, "").bytes()).await;
    service.status(&handle).await.is_answer();

    hold.release();

    let first = first.await.unwrap();
    first.is_answer();
    assert_eq!(second.reply(true).await.unwrap(), first);
    assert_eq!(service.backend.calls(), 2);
}

#[tokio::test]
async fn a_caller_who_leaves_cancels_nothing() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let mut hold = service
        .backend
        .hold("/app-attest/verify", Answer::json(r#"{"verified":true}"#));
    let mut client = service.connect().await;
    let path = format!("/v1/flows/{handle}/assert");
    client.send(&Request::post(path, ASSERT).bytes()).await;
    hold.arrived().await;

    drop(client);
    // The service has had its chance to notice once another connection was served.
    service.status(&handle).await.is_answer();
    hold.release();
    service.shared.steps.close();
    service.shared.steps.wait().await;

    assert_eq!(service.state(&handle).await, "verified");
}

#[tokio::test]
async fn starts_without_a_key_do_not_join() {
    let service = Service::start().await;
    let mut hold = service
        .backend
        .hold("/app-attest/register", Answer::status(500, ""));
    let first = service.send(Request::post("/v1/flows/start", START));
    hold.arrived().await;

    let second = service.post("/v1/flows/start", START).await;
    hold.release();

    second.is_answer();
    first.await.unwrap().is_problem(502, "backend_error");
    assert_eq!(service.backend.calls(), 2);
}
