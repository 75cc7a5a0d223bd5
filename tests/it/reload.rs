//! Other definitions in the place of those in use, while flows are under way.

use crate::harness::log::Log;
use crate::harness::protocols::EXAMPLE;
use crate::harness::service::START;
use crate::harness::{Answer, Request, Service, Setup};

const BEGUN: &str = r#"{"id":"b"}"#;
const SAME_START: &str = r#"{"note":"n"}"#;

async fn service() -> Service {
    let service = Setup {
        log_artifacts: true,
        default: "app-attest",
        ..Setup::protocol(EXAMPLE)
    };
    let service = service.start().await;
    service.backend.always("/begin", Answer::json(BEGUN));
    service
}

fn start() -> Request {
    Request::post("/v1/flows/start?protocol=example", SAME_START)
}

#[tokio::test]
async fn a_start_under_way_keeps_the_definition_that_it_began_with() {
    let service = service().await;
    let mut hold = service.backend.hold("/begin", Answer::json(BEGUN));
    let under_way = service.send(start());
    hold.arrived().await;

    let other = r#"when = { "/id" = "another" }"#;
    service.reload(&[EXAMPLE.replace(r#"expect = ["/id"]"#, other)]);
    hold.release();
    let old = under_way.await.expect("a reply");
    let new = service.ask(start()).await;

    old.is_answer();
    new.is_problem(502, "backend_unclassified");
}

#[tokio::test]
async fn a_step_that_another_definition_has_not_is_still_the_old_flows() {
    let service = service().await;
    let handle = service.ask(start()).await.string("/flowHandle");
    service
        .backend
        .always("/pay", Answer::json(r#"{"ok":true}"#));

    service.reload(&[EXAMPLE.replace("[steps.pay]", "[steps.settle]")]);

    let new = service.ask(start()).await.string("/flowHandle");
    service
        .step(&new, "pay", "")
        .await
        .is_problem(404, "not_found");
    let paid = service.step(&handle, "pay", "").await;
    paid.is_answer();
    assert_eq!(paid.string("/state"), "done");
}

#[tokio::test]
async fn a_keyed_start_is_told_again_after_its_protocol_was_removed_and_a_new_one_is_not_begun() {
    let service = service().await;
    let keyed = |key: &str| start().header("idempotency-key", key);
    let first = service.ask(keyed("k")).await;
    first.is_answer();

    service.reload(&[]);

    let again = service.ask(keyed("k")).await;
    assert_eq!(again.status, 200);
    assert_eq!(again.body, first.body);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    for new in [keyed("l"), start()] {
        service.ask(new).await.is_problem(404, "not_found");
    }
    assert_eq!(service.backend.calls(), 1);
}

#[tokio::test]
async fn a_key_of_another_protocol_tells_nothing_of_one_that_was_removed() {
    let service = service().await;
    let attest = Request::post("/v1/flows/start", START).header("idempotency-key", "k");
    service.ask(attest).await.is_answer();
    service.reload(&[]);

    let other = service.ask(start().header("idempotency-key", "k")).await;

    other.is_problem(404, "not_found");
}

#[tokio::test]
async fn refusals_of_a_flow_are_counted_and_logged_by_the_definition_that_it_keeps() {
    let service = service().await;
    let handle = service.ask(start()).await.string("/flowHandle");
    service.backend.always("/pay", Answer::status(500, "{}"));

    service.reload(&[]);
    let log = Log::start();
    let refused = service.step(&handle, "pay", r#"{"card":"4711"}"#).await;

    refused.is_problem(502, "backend_error");
    let counted =
        r#"integrator_rejections_total{code="backend_error",protocol="example",step="pay"}"#;
    assert_eq!(service.metric(counted).await, 1.0);
    let lines = log.lines();
    let told = lines
        .iter()
        .any(|line| line.contains("artifacts=") && line.contains("card"));
    assert!(told, "{lines:#?}");
}

#[tokio::test]
async fn what_is_read_again_in_the_same_words_is_not_held_twice() {
    let service = service().await;
    let before = service.shared.catalogs.current();

    service.reload(&[EXAMPLE.to_owned()]);

    let after = service.shared.catalogs.current();
    for name in ["app-attest", "example"] {
        let (before, after) = (before.get(name), after.get(name));
        let same = before
            .zip(after)
            .map(|(one, other)| std::sync::Arc::ptr_eq(one, other));
        assert_eq!(same, Some(true), "{name}");
    }
    assert!(std::sync::Arc::ptr_eq(before.default(), after.default()));
}

/// Orders that the backend says are paid.
const NOTICED: &str = r#"
protocol  = "noticed"
title     = "Noticed"
backend   = "default"
ttl       = "10m"
initial   = "created"
terminal  = ["paid"]

[steps.start]
from     = ["created"]
call     = "POST /begin"
outcomes = [{ to = "open" }]
flow_id  = "response:/id"

[steps.notice]
from     = ["open"]
call     = "POST /notices"
callback = { match = "/order" }
outcomes = [{ to = "paid" }]
"#;

/// A service with orders, and the handle of one that was begun.
async fn noticed(text: &str) -> (Service, String) {
    let setup = Setup {
        default: "app-attest",
        ..Setup::protocol(text)
    };
    let service = setup.start().await;
    service.backend.always("/begin", Answer::json(BEGUN));
    service.backend.always("/notices", Answer::json("{}"));
    let start = Request::post("/v1/flows/start?protocol=noticed", "{}");
    let handle = service.ask(start).await.string("/flowHandle");
    (service, handle)
}

const NOTICE: &str = "/v1/callbacks/noticed/notice";

#[tokio::test]
async fn a_callback_finds_a_flow_by_the_definition_that_the_flow_keeps() {
    let moved = NOTICED.replace("\"/order\"", "\"/data/order\"");
    let without = NOTICED.replace("callback =", "# ");
    for next in [vec![], vec![moved], vec![without]] {
        let (service, handle) = noticed(NOTICED).await;
        // What was in use before the last one counts too.
        service.reload(&next);
        service.reload(&[]);
        service.reload(&next);

        let called = service.post(NOTICE, r#"{"order":"b"}"#).await;

        called.is_answer();
        assert_eq!(called.string("/flowHandle"), handle, "{next:?}");
        assert_eq!(called.string("/state"), "paid");
    }
}

#[tokio::test]
async fn what_a_callback_may_send_is_what_the_flows_own_definition_takes() {
    let raw = NOTICED.replace("callback =", "body = \"raw\"\ncallback =");
    let event = Request::post(NOTICE, r#"{"order":"b"}"#).header("content-type", "text/plain");
    for (own, next, status) in [(&*raw, NOTICED, 200), (NOTICED, &*raw, 415)] {
        let (service, handle) = noticed(own).await;
        service.reload(&[next.to_owned()]);

        let called = service.ask(event.clone()).await;

        assert_eq!(called.status, status, "{}", called.text());
        let state = if status == 200 { "paid" } else { "open" };
        assert_eq!(service.state(&handle).await, state);
    }
}

#[tokio::test]
async fn a_step_that_became_a_callback_is_none_for_flows_that_began_before() {
    let (service, handle) = noticed(&NOTICED.replace("callback =", "# ")).await;
    service.reload(&[NOTICED.to_owned()]);

    let called = service.post(NOTICE, r#"{"order":"b"}"#).await;

    called.is_problem(404, "not_found");
    let step = service.step(&handle, "notice", "{}").await;
    assert_eq!(step.string("/state"), "paid");
}
