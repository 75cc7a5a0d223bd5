//! `payment-authorization` in front of the gateway.

use std::sync::mpsc;

use integrator_testbed::program::Program;
use integrator_testbed::proxy::{Action, Proxy};
use serde_json::{Value, json};

use crate::direct;
use crate::harness::{Integrator, Reply, authority};

const GOOD_CARD: &str = "4242424242424242";

/// The integrator before a gateway.
struct Shop {
    gateway: Program,
    integrator: Integrator,
}

impl Shop {
    fn open() -> Self {
        Self::with("")
    }

    fn with(more: &str) -> Self {
        let gateway = authority("gateway", &[]);
        let url = gateway.url();
        let integrator = Integrator::with("payment-authorization", &url, more);
        Shop {
            gateway,
            integrator,
        }
    }

    /// A flow over a payment of 10.00: its handle and the gateway's id.
    async fn initiated(&self) -> (String, String) {
        initiated(&self.integrator).await
    }

    /// The same, authorized.
    async fn authorized(&self) -> (String, String) {
        let (handle, payment) = self.initiated().await;
        let reply = self.step(&handle, "authorize", &card(GOOD_CARD)).await;
        assert_eq!(reply.text("/state"), "authorized");
        (handle, payment)
    }

    async fn step(&self, handle: &str, step: &str, body: &Value) -> Reply {
        self.integrator.step(handle, step, body).await
    }

    /// What the gateway says of a payment.
    async fn status(&self, payment: &str) -> Value {
        status(&self.gateway, payment).await
    }
}

async fn initiated(integrator: &Integrator) -> (String, String) {
    let body = json!({"amount": "10.00", "currency": "EUR"});
    let reply = integrator.start(&body).await;
    assert_eq!(reply.text("/state"), "initiated");
    (reply.handle(), reply.text("/flowID"))
}

async fn status(gateway: &Program, payment: &str) -> Value {
    let shown = direct::get(gateway, &format!("/payments/{payment}")).await;
    shown.get("status").cloned().unwrap_or_default()
}

fn card(number: &str) -> Value {
    json!({"card": number})
}

#[tokio::test]
async fn a_payment_is_authorized_and_captured() {
    let shop = Shop::open();
    let (handle, payment) = shop.authorized().await;

    let captured = shop.step(&handle, "capture", &json!({})).await;

    assert_eq!(captured.status, 200);
    assert_eq!(captured.text("/state"), "captured");
    assert_eq!(captured.member("/terminal"), true);
    assert_eq!(captured.member("/backend/capturedAmount"), "10.00");
    assert_eq!(
        captured.text("/authorizationID"),
        captured.text("/backend/authorizationID")
    );
    assert_eq!(shop.status(&payment).await, "captured");
}

#[tokio::test]
async fn the_card_goes_to_the_gateway_and_is_shown_nowhere() {
    let shop = Shop::open();
    let (handle, _) = shop.authorized().await;

    for place in ["status", "history", "steps/authorize/response"] {
        let shown = shop
            .integrator
            .get(&format!("/v1/flows/{handle}/{place}"))
            .await;

        assert_eq!(shown.status, 200, "{place}");
        let text = String::from_utf8_lossy(&shown.body);
        assert!(!text.contains(GOOD_CARD), "{place}: {text}");
    }
}

#[tokio::test]
async fn a_part_of_what_was_authorized_is_captured() {
    let shop = Shop::open();
    let (handle, _) = shop.authorized().await;

    let captured = shop
        .step(&handle, "capture", &json!({"amount": "4.00"}))
        .await;

    assert_eq!(captured.text("/state"), "captured");
    assert_eq!(captured.member("/backend/capturedAmount"), "4.00");
}

#[tokio::test]
async fn a_capture_that_is_asked_for_again_is_replayed() {
    let shop = Shop::open();
    let (handle, _) = shop.authorized().await;
    let first = shop.step(&handle, "capture", &json!({})).await;

    let again = shop.step(&handle, "capture", &json!({})).await;

    assert_eq!(
        again.headers.get("idempotent-replayed"),
        Some(&"true".parse().expect("text"))
    );
    assert_eq!(again.body, first.body);
}

#[tokio::test]
async fn a_declined_card_ends_the_flow() {
    let shop = Shop::open();
    let (handle, payment) = shop.initiated().await;

    let declined = shop
        .step(&handle, "authorize", &card("4000000000009995"))
        .await;

    assert_eq!(declined.status, 200);
    assert_eq!(declined.text("/state"), "declined");
    assert_eq!(declined.text("/backend/declineCode"), "INSUFFICIENT_FUNDS");
    assert_eq!(shop.status(&payment).await, "declined");
    let again = shop.step(&handle, "authorize", &card(GOOD_CARD)).await;
    assert_eq!(again.text("/code"), "terminal_state");
}

#[tokio::test]
async fn a_number_that_is_no_card_is_refused_and_the_right_one_may_follow() {
    let shop = Shop::open();
    let (handle, _) = shop.initiated().await;

    let refused = shop
        .step(&handle, "authorize", &card("4242424242424241"))
        .await;

    assert_eq!(refused.status, 502);
    assert_eq!(refused.text("/code"), "backend_error");
    assert_eq!(refused.member("/backendStatus"), 422);
    assert_eq!(refused.text("/backend/error"), "CARD_INVALID");
    assert_eq!(shop.integrator.state(&handle).await, "initiated");
    let authorized = shop.step(&handle, "authorize", &card(GOOD_CARD)).await;
    assert_eq!(authorized.text("/state"), "authorized");
}

#[tokio::test]
async fn a_start_that_the_gateway_refuses_leaves_no_flow() {
    let shop = Shop::open();
    let body = json!({"amount": "0.00", "currency": "EUR"});

    let refused = shop.integrator.start(&body).await;

    assert_eq!(refused.text("/code"), "backend_error");
    assert_eq!(refused.member("/backendStatus"), 400);
    assert_eq!(shop.integrator.get("/health").await.member("/flowCount"), 0);
}

#[tokio::test]
async fn more_than_was_authorized_is_not_captured() {
    let shop = Shop::open();
    let (handle, payment) = shop.authorized().await;

    let refused = shop
        .step(&handle, "capture", &json!({"amount": "10.01"}))
        .await;

    assert_eq!(refused.text("/code"), "backend_error");
    assert_eq!(refused.text("/backend/error"), "AMOUNT_TOO_LARGE");
    assert_eq!(shop.integrator.state(&handle).await, "authorized");
    assert_eq!(shop.status(&payment).await, "authorized");
    let captured = shop
        .step(&handle, "capture", &json!({"amount": "10.00"}))
        .await;
    assert_eq!(captured.text("/state"), "captured");
}

#[tokio::test]
async fn a_capture_before_the_authorization_does_not_reach_the_gateway() {
    let shop = Shop::open();
    let (handle, payment) = shop.initiated().await;

    let refused = shop.step(&handle, "capture", &json!({})).await;

    assert_eq!(refused.status, 409);
    assert_eq!(refused.text("/code"), "sequence_violation");
    assert_eq!(
        refused.member("/allowedSteps"),
        json!(["authorize", "void", "inquire-authorization"])
    );
    assert_eq!(shop.status(&payment).await, "initiated");
}

#[tokio::test]
async fn an_authorization_is_voided() {
    let shop = Shop::open();
    let (handle, payment) = shop.authorized().await;

    let voided = shop.step(&handle, "void", &json!({})).await;

    assert_eq!(voided.text("/state"), "voided");
    assert_eq!(shop.status(&payment).await, "voided");
}

#[tokio::test]
async fn a_captured_payment_is_not_voided_by_anybody() {
    let shop = Shop::open();
    let (handle, payment) = shop.authorized().await;
    shop.step(&handle, "capture", &json!({})).await;

    let by_flow = shop.step(&handle, "void", &json!({})).await;
    let path = format!("/payments/{payment}/void");
    let by_hand = direct::post(&shop.gateway, &path, &json!({})).await;

    assert_eq!(by_flow.text("/code"), "terminal_state");
    assert_eq!(by_hand.status, 409);
    assert_eq!(by_hand.text("/error"), "NOTHING_TO_VOID");
    assert_eq!(shop.status(&payment).await, "captured");
}

#[tokio::test]
async fn what_was_captured_by_hand_cannot_be_voided_and_the_flow_learns_it() {
    let shop = Shop::open();
    let (handle, payment) = shop.authorized().await;
    let path = format!("/payments/{payment}/capture");
    direct::post(&shop.gateway, &path, &json!({})).await;

    let void = shop.step(&handle, "void", &json!({})).await;

    assert_eq!(void.status, 200);
    assert_eq!(void.text("/state"), "captured");
    assert_eq!(void.text("/backend/error"), "NOTHING_TO_VOID");
}

#[tokio::test]
async fn what_was_voided_by_hand_cannot_be_captured_and_the_flow_learns_it() {
    let shop = Shop::open();
    let (handle, payment) = shop.authorized().await;
    let path = format!("/payments/{payment}/void");
    direct::post(&shop.gateway, &path, &json!({})).await;

    let capture = shop.step(&handle, "capture", &json!({})).await;

    assert_eq!(capture.text("/state"), "voided");
    assert_eq!(capture.text("/backend/error"), "NOT_AUTHORIZED");
}

#[tokio::test]
async fn a_gateway_that_stands_still_leaves_the_authorization_held_and_the_payment_can_be_voided() {
    let shop = Shop::with("timeout_ms = 1500");
    let (handle, payment) = shop.initiated().await;
    direct::pause(&shop.gateway);

    let unanswered = shop.step(&handle, "authorize", &card(GOOD_CARD)).await;
    let held = shop.step(&handle, "authorize", &card(GOOD_CARD)).await;
    direct::resume(&shop.gateway);
    let still_held = shop.step(&handle, "authorize", &card(GOOD_CARD)).await;

    assert_eq!(unanswered.status, 504);
    assert_eq!(unanswered.text("/code"), "backend_timeout");
    assert_eq!(unanswered.text("/outcome"), "unknown");
    assert_eq!(held.text("/code"), "outcome_unknown");
    assert_eq!(still_held.text("/code"), "outcome_unknown");
    // Whether a gateway that wakes up takes what a caller gave up on is its own affair.
    let known = shop
        .step(&handle, "inquire-authorization", &json!({}))
        .await;
    assert_eq!(known.member("/state"), shop.status(&payment).await);
    let voided = shop.step(&handle, "void", &json!({})).await;
    assert_eq!(voided.text("/state"), "voided");
}

#[tokio::test]
async fn a_capture_whose_answer_is_lost_is_held_and_was_made_once() {
    let gateway = authority("gateway", &[]);
    let proxy = Proxy::start(gateway.address);
    let url = proxy.url(&gateway.url());
    let integrator = Integrator::of("payment-authorization", &url);
    let (handle, payment) = initiated(&integrator).await;
    integrator
        .step(&handle, "authorize", &card(GOOD_CARD))
        .await;
    proxy.when_sent(b"/capture", Action::LoseReply);

    let lost = integrator.step(&handle, "capture", &json!({})).await;
    let held = integrator.step(&handle, "capture", &json!({})).await;

    assert_eq!(lost.text("/code"), "backend_unavailable");
    assert_eq!(lost.text("/outcome"), "unknown");
    assert_eq!(held.text("/code"), "outcome_unknown");
    assert_eq!(integrator.state(&handle).await, "authorized");
    assert_eq!(status(&gateway, &payment).await, "captured");
    let known = integrator
        .step(&handle, "inquire-capture", &json!({}))
        .await;
    assert_eq!(known.text("/state"), "captured");
}

#[tokio::test]
async fn a_gateway_that_dies_between_request_and_answer_leaves_the_capture_held() {
    let gateway = authority("gateway", &[]);
    let proxy = Proxy::start(gateway.address);
    let url = proxy.url(&gateway.url());
    let integrator = Integrator::of("payment-authorization", &url);
    let (handle, _) = initiated(&integrator).await;
    integrator
        .step(&handle, "authorize", &card(GOOD_CARD))
        .await;
    let (dead, died) = mpsc::channel();
    let death = Box::new(move || {
        drop(gateway);
        dead.send(()).expect("the test waits for it");
    });
    proxy.when_sent(b"/capture", Action::CallAfterReply(death));

    let unanswered = integrator.step(&handle, "capture", &json!({})).await;
    died.recv().expect("the gateway died");
    let held = integrator.step(&handle, "capture", &json!({})).await;

    assert_eq!(unanswered.text("/code"), "backend_unavailable");
    assert_eq!(unanswered.text("/outcome"), "unknown");
    assert_eq!(held.status, 409);
    assert_eq!(held.text("/code"), "outcome_unknown");
    assert_eq!(integrator.state(&handle).await, "authorized");
}

#[tokio::test]
async fn a_gateway_that_was_never_reached_holds_nothing() {
    let shop = Shop::open();
    let (handle, _) = shop.initiated().await;
    drop(shop.gateway);

    let first = shop
        .integrator
        .step(&handle, "authorize", &card(GOOD_CARD))
        .await;
    let second = shop
        .integrator
        .step(&handle, "authorize", &card(GOOD_CARD))
        .await;

    for unreached in [first, second] {
        assert_eq!(unreached.text("/code"), "backend_unavailable");
        assert_eq!(unreached.text("/outcome"), "not_sent");
    }
}
