//! Steps that are reached by the backend's id of the flow.

use std::time::Duration;

use super::{begun, service};
use crate::harness::{Answer, Reply, Request, Service};

const PAID: &str = r#"{"data": {"id":"order-1"}, "paid":true}"#;

impl Service {
    async fn notice(&self, body: &str) -> Reply {
        self.post("/v1/callbacks/example/notice", body).await
    }

    /// Another flow, a little later, under the id that the backend gives.
    async fn another(&self, id: &str) -> String {
        self.clock.advance(Duration::from_secs(1));
        self.backend.once("/begin", begun(id, "p"));
        self.started("{}").await
    }

    fn pays(&self) {
        self.backend
            .always("/notices", Answer::json(r#"{"paid":true}"#));
    }
}

#[tokio::test]
async fn a_callback_runs_its_step_on_the_flow_that_has_the_id() {
    let service = service("order-1", "p").await;
    service.pays();
    let other = service.another("order-0").await;
    let handle = service.started("{}").await;

    let request = Request::post("/v1/callbacks/example/notice", PAID)
        .header("content-type", "application/octet-stream")
        .header("webhook-signature", "v1,abc");
    let reply = service.ask(request).await;

    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.string("/flowHandle"), handle);
    assert_eq!(reply.string("/state"), "done");
    let seen = service.backend.last();
    assert_eq!(seen.text(), PAID);
    assert_eq!(seen.header("webhook-signature"), Some("v1,abc"));
    assert_eq!(seen.header("x-flow-handle"), Some(handle.as_str()));
    assert_eq!(service.state(&other).await, "begun");
}

#[tokio::test]
async fn a_callback_for_no_flow_is_not_found_and_costs_no_call() {
    let service = service("order-1", "p").await;
    service.started("{}").await;
    let calls = service.backend.calls();
    for (path, body) in [
        (
            "/v1/callbacks/example/notice",
            r#"{"data":{"id":"order-2"}}"#,
        ),
        ("/v1/callbacks/example/look", PAID),
        ("/v1/callbacks/example/start", PAID),
        ("/v1/callbacks/example/nothing", PAID),
        ("/v1/callbacks/app-attest/notice", PAID),
        ("/v1/callbacks/nobody/notice", PAID),
    ] {
        let reply = service.post(path, body).await;

        assert_eq!(reply.code().as_deref(), Some("not_found"), "{path}");
    }
    assert_eq!(service.backend.calls(), calls);
}

#[tokio::test]
async fn a_body_without_one_id_is_invalid() {
    let service = service("order-1", "p").await;
    service.started("{}").await;
    for body in [
        "",
        "{",
        "{}",
        "[]",
        r#"{"data":{"id":1}}"#,
        r#"{"data":{"id":""}}"#,
        r#"{"data":{"id":"order-1","id":"order-1"}}"#,
    ] {
        let reply = service.notice(body).await;

        assert_eq!(reply.code().as_deref(), Some("invalid_input"), "{body}");
    }
}

#[tokio::test]
async fn an_event_that_is_delivered_again_is_replayed() {
    let service = service("order-1", "p").await;
    service.pays();
    service.started("{}").await;
    let first = service.notice(PAID).await;
    let calls = service.backend.calls();

    let again = service.notice(PAID).await;

    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!((again.status, again.body), (200, first.body));
    assert_eq!(service.backend.calls(), calls);
}

#[tokio::test]
async fn another_event_for_an_ended_flow_is_answered_as_any_step() {
    let service = service("order-1", "p").await;
    service.pays();
    let handle = service.started("{}").await;
    service.notice(PAID).await;

    let late = service
        .notice(r#"{"data":{"id":"order-1"},"paid":false}"#)
        .await;

    assert_eq!(late.code().as_deref(), Some("terminal_state"));
    assert_eq!(late.string("/flowHandle"), handle);
}

#[tokio::test]
async fn of_flows_with_one_id_the_latest_that_has_not_ended_is_taken() {
    let service = service("order-1", "p").await;
    service.pays();
    let oldest = service.another("order-1").await;
    let open = service.another("order-1").await;
    let ended = service.another("order-1").await;
    let paid = service.step(&ended, "notice", "elsewhere").await;
    assert_eq!(paid.status, 200, "{}", paid.text());

    let first = service.notice(PAID).await;
    let second = service.notice(r#"{"data":{"id":"order-1"}}"#).await;

    assert_eq!(first.string("/flowHandle"), open);
    assert_eq!(second.string("/flowHandle"), oldest);
}

#[tokio::test]
async fn a_flow_that_the_same_event_ended_comes_before_a_newer_one() {
    let service = service("order-1", "p").await;
    service.pays();
    let ended = service.started("{}").await;
    service.notice(PAID).await;
    let newer = service.another("order-1").await;
    let calls = service.backend.calls();

    let again = service.notice(PAID).await;

    assert_eq!(again.string("/flowHandle"), ended);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(service.backend.calls(), calls);
    assert_eq!(service.state(&newer).await, "begun");
}

#[tokio::test]
async fn where_all_have_ended_the_latest_answers() {
    let service = service("order-1", "p").await;
    service.pays();
    for _ in 0..3 {
        let handle = service.another("order-1").await;
        service.step(&handle, "notice", "elsewhere").await;
    }
    let latest = service.another("order-1").await;
    service.clock.advance(Duration::from_secs(600));

    let reply = service.notice(PAID).await;

    assert_eq!(reply.code().as_deref(), Some("expired"));
    assert_eq!(reply.string("/flowHandle"), latest);
}

#[tokio::test]
async fn ids_are_compared_as_they_are_meant_and_in_their_protocol_alone() {
    let service = service("\u{fc}/1", "p").await;
    service.backend.always("/tell", Answer::json("{}"));
    let handle = service.started("{}").await;

    let reply = service
        .post("/v1/callbacks/example/tell", r#"{"id":"\u00fc\/1"}"#)
        .await;

    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.string("/flowHandle"), handle);
}

#[tokio::test]
async fn rejected_callbacks_are_counted_by_protocol_and_step() {
    let service = service("order-1", "p").await;

    service.notice(PAID).await;

    let rejected =
        "integrator_rejections_total{code=\"not_found\",protocol=\"example\",step=\"notice\"}";
    assert!((service.metric(rejected).await - 1.0).abs() < f64::EPSILON);
}
