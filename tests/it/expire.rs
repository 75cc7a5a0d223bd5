//! `POST /v1/flows/{flowHandle}/expire`: an operator ends a flow.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot arrange what it needs fails"
)]

use std::time::Duration;

use appattest_integrator::store::{FlowStore, Loaded, Next, Replaced, Stored};
use insta::assert_snapshot;
use integrator_core::flow::ids::{Fingerprint, FlowHandle};
use integrator_core::flow::machine;
use integrator_core::protocol::read_body;

use crate::contract::samples::{replacement, terms};
use crate::harness::service::ASSERT;
use crate::harness::stores::Kind;
use crate::harness::{Answer, Reply, Request, Service, Setup};

const EXPIRED: &str = r#"integrator_flows_expired_total{protocol="app-attest"}"#;
const STALE: &str = "integrator_stale_commits_total";

impl Service {
    async fn expire(&self, handle: &str) -> Reply {
        self.step(handle, "expire", "").await
    }
}

#[tokio::test]
async fn an_open_flow_is_expired_at_once_and_shown_as_its_status_shows_it() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    service.clock.advance(Duration::from_secs(10));

    let reply = service.expire(&handle).await;

    reply.is_answer();
    assert_eq!(reply.string("/state"), "expired");
    assert_eq!(reply.member("/terminal"), Some(true.into()));
    assert_eq!(reply.string("/expiresAt"), "2026-01-17T12:04:00Z");
    let status = service.status(&handle).await;
    assert_eq!(status, reply);
    let refused = service.step(&handle, "assert", ASSERT).await;
    refused.is_problem(410, "expired");
}

#[tokio::test]
async fn it_is_a_transition_without_step_attempt_and_answer() {
    let service = Service::start().await;
    let handle = service.registered().await;
    service.clock.advance(Duration::from_secs(10));

    service.expire(&handle).await.is_answer();

    let history = service.history(&handle).await;
    let made = history.member("/transitions/1").unwrap();
    assert_snapshot!(made, @r#"{"at":"2026-01-17T12:00:10.000Z","from":"registered","to":"expired","version":3}"#);
    assert_eq!(history.member("/attempts"), Some(serde_json::json!([])));
}

#[tokio::test]
async fn it_is_counted_once_and_not_again_by_the_sweeper() {
    let service = Service::start().await;
    let handle = service.registered().await;

    service.expire(&handle).await.is_answer();
    service.clock.advance(Duration::from_secs(301));
    let swept = service.sweep().await;

    assert_eq!(swept.expired, 0);
    assert_eq!(service.metric(EXPIRED).await, 1.0);
}

#[tokio::test]
async fn an_expired_flow_stays_for_its_retention_after_its_deadline() {
    let service = Service::start().await;
    let handle = service.registered().await;
    service.expire(&handle).await.is_answer();

    service.clock.advance(Duration::from_secs(300 + 900 - 1));
    service.sweep().await;
    assert_eq!(service.state(&handle).await, "expired");

    service.clock.advance(Duration::from_secs(1));
    service.sweep().await;
    service.status(&handle).await.is_problem(404, "not_found");
}

#[tokio::test]
async fn an_answer_that_is_under_way_is_fenced() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let mut hold = service
        .backend
        .hold("/app-attest/verify", Answer::json(r#"{"verified":true}"#));
    let asking = service.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;

    service.expire(&handle).await.is_answer();
    let history = service.history(&handle).await;
    hold.release();
    let reply = asking.await.unwrap();

    reply.is_problem(410, "expired");
    assert_eq!(service.metric(STALE).await, 1.0);
    assert_eq!(service.metric(EXPIRED).await, 1.0);
    assert_eq!(service.history(&handle).await, history);
    assert_eq!(history.string("/attempts/0/code"), "expired");
    assert_eq!(history.string("/attempts/0/outcome"), "unknown");
}

#[tokio::test]
async fn a_flow_whose_start_is_under_way_can_be_expired() {
    let service = Service::start().await;
    let registered = Answer::json(r#"{"flowID":"flow-1"}"#);
    let mut hold = service.backend.hold("/app-attest/register", registered);
    let start = Request::post("/v1/flows/start", crate::harness::service::START);
    let asking = service.send(start.header("x-correlation-id", "order-1"));
    hold.arrived().await;
    let found = service.get("/v1/flows?correlationID=order-1").await;
    let handle = found.string("/flows/0/flowHandle");

    service.expire(&handle).await.is_answer();
    hold.release();

    asking.await.unwrap().is_problem(410, "expired");
    assert_eq!(service.metric(STALE).await, 1.0);
}

#[tokio::test]
async fn of_two_at_once_one_expires_the_flow_and_the_other_finds_it_expired() {
    let service = Service::start().await;
    let handle = service.registered().await;
    let path = format!("/v1/flows/{handle}/expire");

    let one = service.send(Request::post(&path, ""));
    let other = service.send(Request::post(&path, ""));
    let mut statuses = [one.await.unwrap().status, other.await.unwrap().status];
    statuses.sort_unstable();

    assert_eq!(statuses, [200, 410]);
    assert_eq!(service.metric(EXPIRED).await, 1.0);
}

/// Claims the flow for its next step, as another process does.
async fn claim(store: &dyn FlowStore, handle: &str) {
    let handle = FlowHandle::parse(handle).unwrap();
    let Loaded { stored, now } = store.load(&handle).await.unwrap();
    let stored = stored.unwrap();
    let body = read_body(b"").unwrap();
    let request = machine::Request {
        step: stored.protocol.step("client-data-hash").unwrap(),
        body: &body,
        fingerprint: Fingerprint([1; 32]),
    };
    let begun = machine::begin(&stored.flow, &stored.protocol, request, terms(7), &now);
    let machine::Begin::Call(begun) = begun else {
        panic!("the step can be run");
    };
    let next = Next::Record {
        stored: Stored::new(begun.flow, stored.protocol.clone()),
        answer: None,
        dropped: Vec::new(),
    };
    let replaced = store.replace(replacement(&stored, next)).await;
    assert_eq!(replaced, Ok(Replaced::Done));
}

#[tokio::test]
async fn a_flow_that_is_claimed_between_judgement_and_write_is_judged_again() {
    // Over the store that any thread may ask, since the claim is made from another one.
    let setup = Setup {
        store: Some(Kind::Memory),
        ..Setup::default()
    };
    let service = setup.start().await;
    let handle = service.registered().await;
    let (store, claimed) = (service.store.clone(), handle.clone());
    service.faults.before_next_replace(move || {
        let claiming = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            runtime.unwrap().block_on(claim(&*store, &claimed));
        });
        claiming.join().unwrap();
    });

    let reply = service.expire(&handle).await;

    reply.is_answer();
    assert_eq!(service.state(&handle).await, "expired");
    assert_eq!(service.metric(EXPIRED).await, 1.0);
    let history = service.history(&handle).await;
    assert_eq!(history.string("/attempts/0/attemptID"), "attempt-7");
    assert_eq!(history.string("/attempts/0/code"), "expired");
}

#[tokio::test]
async fn a_deadline_that_comes_between_judgement_and_write_is_the_flows_own_end() {
    let service = Service::start().await;
    let handle = service.registered().await;
    let clock = service.clock.clone();
    service
        .faults
        .before_next_replace(move || clock.advance(Duration::from_secs(300)));

    let reply = service.expire(&handle).await;

    reply.is_problem(410, "expired");
    assert_eq!(service.metric(EXPIRED).await, 0.0);
    service.sweep().await;
    assert_eq!(service.metric(EXPIRED).await, 1.0);
}

#[tokio::test]
async fn a_flow_that_has_ended_says_how() {
    let service = Service::start().await;
    let verified = service.verified().await;
    let overdue = service.registered().await;

    let reply = service.expire(&verified).await;
    reply.is_problem(409, "terminal_state");
    assert_eq!(
        reply.string("/detail"),
        "the flow has ended in verified, so there is nothing left to expire"
    );
    assert_eq!(reply.string("/state"), "verified");
    assert_eq!(reply.member("/step"), None);

    // Whether or not the sweeper came by.
    service.clock.advance(Duration::from_secs(300));
    for _ in 0..2 {
        let reply = service.expire(&overdue).await;
        reply.is_problem(410, "expired");
        assert_eq!(reply.string("/detail"), "the flow has expired already");
        service.sweep().await;
    }
    // A verified flow stays what it is, whatever its deadline.
    let reply = service.expire(&verified).await;
    reply.is_problem(409, "terminal_state");
}

#[tokio::test]
async fn the_body_comes_before_the_flow_and_its_members_mean_nothing() {
    let service = Service::start().await;
    let handle = service.registered().await;
    let nobody = "A".repeat(32);

    for handle in [&handle, &nobody] {
        for body in ["[]", "{", "nul", "{\"a\":1,\"a\":2}"] {
            let reply = service.step(handle, "expire", body).await;
            reply.is_problem(400, "invalid_input");
        }
        let path = format!("/v1/flows/{handle}/expire");
        let text = Request::post(&path, "{}").header("content-type", "text/plain");
        service
            .ask(text)
            .await
            .is_problem(415, "unsupported_media_type");
        let large = Request::post(&path, vec![b' '; 256 * 1024 + 1]);
        service
            .ask(large)
            .await
            .is_problem(413, "payload_too_large");
    }
    for handle in [&*nobody, "short", "%2e"] {
        let reply = service.step(handle, "expire", "").await;
        reply.is_problem(404, "not_found");
    }
    assert_eq!(service.state(&handle).await, "registered");
    let reply = service.step(&handle, "expire", r#"{"reason":"a story"}"#);
    reply.await.is_answer();
}

#[tokio::test]
async fn a_page_of_another_site_cannot_expire_a_flow() {
    let service = Service::start().await;
    let handle = service.registered().await;
    let path = format!("/v1/flows/{handle}/expire");
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.test"),
        ("origin", "null"),
    ] {
        let request = Request::post(&path, "").header(name, value);
        let reply = service.ask(request).await;
        reply.is_problem(403, "forbidden");
    }
    assert_eq!(service.state(&handle).await, "registered");

    let own = Request::post(&path, "").header("sec-fetch-site", "same-origin");
    service.ask(own).await.is_answer();
}

#[tokio::test]
async fn a_proxy_that_writes_another_host_keeps_no_operator_from_expiring_a_flow() {
    let service = Service::start().await;
    let handle = service.registered().await;

    let request = Request::post(format!("/v1/flows/{handle}/expire"), "")
        .header("sec-fetch-site", "same-origin")
        .header("origin", "https://console.example");
    let reply = service.ask(request).await;

    reply.is_answer();
}

#[tokio::test]
async fn a_page_of_this_address_may_expire_a_flow_in_a_browser_that_names_its_origin_alone() {
    let service = Service::start().await;
    let handle = service.registered().await;

    let request = Request::post(format!("/v1/flows/{handle}/expire"), "")
        .header("origin", "http://integrator.test");
    let reply = service.ask(request).await;

    reply.is_answer();
}

#[tokio::test]
async fn a_product_backend_may_hand_on_the_headers_of_a_browser_of_its_own_site() {
    let service = Service::start().await;
    let handle = service.registered().await;

    let request = Request::post(format!("/v1/flows/{handle}/client-data-hash"), "")
        .header("sec-fetch-site", "cross-site")
        .header("origin", "https://product.example");
    let reply = service.ask(request).await;

    reply.is_answer();
}

#[tokio::test]
async fn it_is_asked_by_post_alone() {
    let service = Service::start().await;
    let handle = service.registered().await;

    let reply = service.get(format!("/v1/flows/{handle}/expire")).await;

    reply.is_problem(405, "method_not_allowed");
    assert_eq!(reply.header("allow"), Some("POST"));
    assert_eq!(service.state(&handle).await, "registered");
}

#[tokio::test]
async fn a_write_that_was_not_acknowledged_is_looked_for() {
    let service = Service::start().await;
    let handle = service.registered().await;

    service.faults.lose_acknowledgements(1);
    service.expire(&handle).await.is_answer();
    assert_eq!(service.metric(EXPIRED).await, 1.0);

    let other = service.registered().await;
    service.faults.fail_replaces(1);
    let reply = service.expire(&other).await;
    reply.is_problem(503, "store_unavailable");
    assert_eq!(service.state(&other).await, "registered");
    service.expire(&other).await.is_answer();
    assert_eq!(service.metric(EXPIRED).await, 2.0);
}

#[tokio::test]
async fn another_process_expires_a_flow_whose_call_is_under_way_here() {
    let service = Service::start().await;
    let beside = service.beside(Setup::default()).await;
    let handle = service.hash_issued().await;
    let verified = Answer::json(r#"{"verified":true}"#);
    let mut hold = service.backend.hold("/app-attest/verify", verified);
    let asking = service.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;

    beside.expire(&handle).await.is_answer();
    hold.release();

    asking.await.unwrap().is_problem(410, "expired");
    assert_eq!(service.metric(STALE).await, 1.0);
}
