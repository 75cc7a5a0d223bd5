//! `order` in front of the commerce engine, with events from the gateway.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot arrange what it needs fails"
)]

use integrator_testbed::program::Program;
use serde_json::{Value, json};

use crate::direct;
use crate::harness::{Integrator, Reply, authority};

const SECRET: &str = "whsec_dGhlIGdhdGV3YXkgYW5kIHRoZSBlbmdpbmUga25vdyBpdA==";
const ANOTHER_SECRET: &str = "whsec_c29tZWJvZHkgZWxzZSBtYWRlIHRoaXMgb25lIHVwIGhlcmU=";
const CALLBACK: &str = "/v1/callbacks/order/payment-event";
const GOOD_CARD: &str = "4242424242424242";
const EMPTY_CARD: &str = "4000000000009995";

/// Three processes that know of each other what a deployment tells them: the engine, the
/// integrator before it, and the gateway that calls the integrator back.
struct Shop {
    engine: Program,
    integrator: Integrator,
    gateway: Program,
}

impl Shop {
    fn open() -> Self {
        Self::with(&[], &["--webhook-secret", SECRET])
    }

    fn with(engine: &[&str], gateway: &[&str]) -> Self {
        let engine = authority(
            "commerce",
            &[&["--webhook-secret", SECRET], engine].concat(),
        );
        let integrator = Integrator::of("order", &engine.url());
        let callback = format!("{}{CALLBACK}", integrator.url());
        let target = ["--webhook-url", callback.as_str()];
        let gateway = authority("gateway", &[&target, gateway].concat());
        Shop {
            engine,
            integrator,
            gateway,
        }
    }

    /// An order of 10.00: its flow's handle and the engine's id.
    async fn draft(&self) -> (String, String) {
        let body = json!({"amount": "10.00", "currency": "EUR"});
        let reply = self.integrator.start(&body).await;
        assert_eq!(reply.text("/state"), "draft");
        (reply.handle(), reply.text("/flowID"))
    }

    /// The same, checked out.
    async fn pending(&self) -> (String, String) {
        let (handle, order) = self.draft().await;
        let reply = self.step(&handle, "checkout").await;
        assert_eq!(reply.text("/state"), "pending_payment");
        (handle, order)
    }

    async fn step(&self, handle: &str, step: &str) -> Reply {
        self.integrator.step(handle, step, &json!({})).await
    }

    /// The customer pays at the gateway; returns the delivery of its event, the `nth`.
    async fn pay(&self, order: &str, card: &str, nth: usize) -> Delivery {
        self.pay_amount(order, "10.00", card, nth).await
    }

    async fn pay_amount(&self, order: &str, amount: &str, card: &str, nth: usize) -> Delivery {
        let payment = json!({"amount": amount, "currency": "EUR", "reference": order});
        let payment = direct::post(&self.gateway, "/payments", &payment).await;
        let path = format!("/payments/{}/authorize", payment.text("/paymentID"));
        direct::post(&self.gateway, &path, &json!({"card": card})).await;
        let path = format!("/deliveries?after={}", nth - 1);
        let delivered = direct::get(&self.gateway, &path).await;
        Delivery::of(delivered.pointer("/deliveries/0"))
    }

    /// Sends what the gateway has sent once more, as somebody who has seen it could.
    async fn send(&self, delivery: &Delivery) -> Reply {
        let headers = delivery.headers();
        self.integrator
            .send(CALLBACK, &headers, delivery.body.clone())
            .await
    }

    /// The state of an order at the engine.
    async fn at_engine(&self, order: &str) -> Value {
        let order = direct::get(&self.engine, &format!("/orders/{order}")).await;
        order.get("state").cloned().unwrap_or_default()
    }

    /// How many events the engine has received, and how many of them it took.
    async fn events(&self) -> (Value, Value) {
        let tally = direct::get(&self.engine, "/payment-events").await;
        let of = |name| tally.get(name).cloned().unwrap_or_default();
        (of("received"), of("taken"))
    }
}

/// A delivery as the gateway has logged it.
#[derive(Clone)]
struct Delivery {
    event_id: String,
    status: Value,
    body: String,
    headers: Vec<(String, String)>,
}

impl Delivery {
    fn of(logged: Option<&Value>) -> Self {
        let logged = logged.expect("a delivery");
        let text = |name| logged.get(name).and_then(Value::as_str).map(str::to_owned);
        let headers = logged.get("headers").and_then(Value::as_object);
        let headers = headers.expect("headers").iter();
        Delivery {
            event_id: text("eventID").expect("an id"),
            status: logged.get("status").cloned().unwrap_or_default(),
            body: text("body").expect("a body"),
            headers: headers
                .map(|(name, value)| (name.clone(), value.as_str().expect("text").to_owned()))
                .collect(),
        }
    }

    fn headers(&self) -> Vec<(&str, &str)> {
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| (name.as_str(), value.as_str()));
        headers
            .chain([("content-type", "application/json")])
            .collect()
    }
}

#[tokio::test]
async fn an_order_is_paid_by_an_event_confirmed_and_fulfilled() {
    let shop = Shop::open();
    let (handle, order) = shop.pending().await;

    let delivery = shop.pay(&order, GOOD_CARD, 1).await;

    assert_eq!(delivery.status, 200);
    assert_eq!(shop.integrator.state(&handle).await, "payment_authorized");
    assert_eq!(shop.at_engine(&order).await, "payment_authorized");
    let confirmed = shop.step(&handle, "confirm").await;
    assert_eq!(confirmed.text("/state"), "confirmed");
    assert_eq!(
        confirmed.text("/expiresAt"),
        confirmed.text("/backend/expiresAt")
    );
    let fulfilled = shop.step(&handle, "fulfil").await;
    assert_eq!(fulfilled.text("/state"), "fulfilled");
    assert_eq!(fulfilled.member("/terminal"), true);
}

#[tokio::test]
async fn an_order_that_nobody_has_paid_is_not_confirmed() {
    let shop = Shop::open();
    let (handle, order) = shop.pending().await;

    let by_flow = shop.step(&handle, "confirm").await;
    let path = format!("/orders/{order}/confirm");
    let by_hand = direct::post(&shop.engine, &path, &json!({})).await;

    assert_eq!(by_flow.text("/code"), "sequence_violation");
    assert_eq!(by_hand.status, 409);
    assert_eq!(by_hand.text("/error"), "TRANSITION_REFUSED");
}

#[tokio::test]
async fn an_event_of_another_secret_is_refused_by_the_engine_and_changes_nothing() {
    let shop = Shop::with(&[], &["--webhook-secret", ANOTHER_SECRET]);
    let (handle, order) = shop.pending().await;

    let delivery = shop.pay(&order, GOOD_CARD, 1).await;

    assert_eq!(delivery.status, 502);
    let told = shop.send(&delivery).await;
    assert_eq!(told.text("/code"), "backend_error");
    assert_eq!(told.member("/backendStatus"), 401);
    assert_eq!(told.text("/backend/error"), "SIGNATURE_REFUSED");
    assert_eq!(shop.integrator.state(&handle).await, "pending_payment");
    assert_eq!(shop.at_engine(&order).await, "pending_payment");
}

#[tokio::test]
async fn an_event_without_its_signature_is_refused_by_the_engine() {
    let shop = Shop::open();
    let (handle, order) = shop.pending().await;
    let body = json!({"type": "payment.authorized", "data": {"reference": order, "amount": "10.00", "currency": "EUR"}});

    let told = shop.integrator.post(CALLBACK, &body).await;

    assert_eq!(told.member("/backendStatus"), 401);
    assert!(told.text("/backend/detail").contains("missing header"));
    assert_eq!(shop.integrator.state(&handle).await, "pending_payment");
}

#[tokio::test]
async fn a_delivery_with_a_stale_timestamp_is_refused_by_the_engine() {
    let skewed = ["--webhook-secret", SECRET, "--clock-skew", "-600"];
    let shop = Shop::with(&[], &skewed);
    let (handle, order) = shop.pending().await;

    let delivery = shop.pay(&order, GOOD_CARD, 1).await;

    assert_eq!(delivery.status, 502);
    let told = shop.send(&delivery).await;
    assert_eq!(told.member("/backendStatus"), 401);
    assert!(told.text("/backend/detail").contains("too old"));
    assert_eq!(shop.integrator.state(&handle).await, "pending_payment");
}

#[tokio::test]
async fn a_forgery_with_the_same_body_does_not_keep_the_true_event_out() {
    let shop = Shop::open();
    let (handle, order) = shop.draft().await;
    // It comes too early for the flow, so that it is known and not taken.
    let early = shop.pay(&order, GOOD_CARD, 1).await;
    shop.step(&handle, "checkout").await;
    let mut forged = early.clone();
    for (name, value) in &mut forged.headers {
        if name == "webhook-signature" {
            *value = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned();
        }
    }

    let refused = shop.send(&forged).await;
    let taken = shop.send(&early).await;

    assert_eq!(refused.text("/backend/error"), "SIGNATURE_REFUSED");
    assert_eq!(taken.text("/state"), "payment_authorized");
}

#[tokio::test]
async fn an_event_that_is_delivered_again_is_replayed_and_does_not_reach_the_engine() {
    let shop = Shop::open();
    let (handle, order) = shop.pending().await;
    let delivery = shop.pay(&order, GOOD_CARD, 1).await;

    let path = format!("/events/{}/deliver", delivery.event_id);
    let again = direct::post(&shop.gateway, &path, &json!({})).await;
    let told = shop.send(&delivery).await;

    assert_eq!(again.member("/status"), 200);
    assert_eq!(
        told.headers.get("idempotent-replayed"),
        Some(&"true".parse().expect("text"))
    );
    assert_eq!(shop.integrator.state(&handle).await, "payment_authorized");
    assert_eq!(shop.events().await, (json!(1), json!(1)));
}

#[tokio::test]
async fn an_event_that_found_the_engine_standing_still_is_taken_once_when_it_comes_again() {
    let shop = Shop::open();
    let (handle, order) = shop.pending().await;
    direct::pause(&shop.engine);

    let unanswered = shop.pay(&order, GOOD_CARD, 1).await;
    direct::resume(&shop.engine);
    let path = format!("/events/{}/deliver", unanswered.event_id);
    let again = direct::post(&shop.gateway, &path, &json!({})).await;

    assert_eq!(unanswered.status, 504);
    assert_eq!(again.member("/status"), 200);
    assert_eq!(shop.integrator.state(&handle).await, "payment_authorized");
    let at_engine = direct::get(&shop.engine, &format!("/orders/{order}")).await;
    assert_eq!(
        at_engine.pointer("/changes/1/by"),
        Some(&json!(unanswered.event_id))
    );
    assert_eq!(at_engine.pointer("/changes/2"), None);
}

#[tokio::test]
async fn the_engine_takes_an_event_once_whoever_brings_it() {
    let shop = Shop::open();
    let (_, order) = shop.pending().await;
    let delivery = shop.pay(&order, GOOD_CARD, 1).await;

    let headers = delivery.headers();
    let path = format!("/orders/{order}/payment-events");
    let again = direct::post_as(&shop.engine, &path, &headers, &delivery.body).await;

    assert_eq!(again.status, 200);
    assert_eq!(again.text("/state"), "payment_authorized");
    assert_eq!(again.member("/changes/2"), Value::Null);
    assert_eq!(shop.events().await, (json!(2), json!(1)));
}

#[tokio::test]
async fn an_event_of_one_order_moves_no_other_whose_handle_somebody_knows() {
    let shop = Shop::open();
    let (_, paid) = shop.pending().await;
    let delivery = shop.pay(&paid, GOOD_CARD, 1).await;
    let (other, unpaid) = shop.pending().await;

    let path = format!("/v1/flows/{other}/payment-event");
    let headers = delivery.headers();
    let taken = shop
        .integrator
        .send(&path, &headers, delivery.body.clone())
        .await;

    assert_eq!(taken.text("/code"), "backend_error");
    assert_eq!(taken.text("/backend/error"), "EVENT_OF_ANOTHER");
    assert_eq!(shop.integrator.state(&other).await, "pending_payment");
    assert_eq!(shop.at_engine(&unpaid).await, "pending_payment");
}

#[tokio::test]
async fn an_event_for_an_order_that_no_flow_has_is_not_found_and_does_not_reach_the_engine() {
    let shop = Shop::open();
    shop.pending().await;

    let delivery = shop.pay("ord_of_nobody", GOOD_CARD, 1).await;

    assert_eq!(delivery.status, 404);
    assert_eq!(shop.send(&delivery).await.text("/code"), "not_found");
    assert_eq!(shop.events().await, (json!(0), json!(0)));
}

#[tokio::test]
async fn an_event_before_the_checkout_does_not_reach_the_engine() {
    let shop = Shop::open();
    let (handle, order) = shop.draft().await;

    let delivery = shop.pay(&order, GOOD_CARD, 1).await;

    assert_eq!(delivery.status, 409);
    assert_eq!(shop.integrator.state(&handle).await, "draft");
    assert_eq!(shop.events().await, (json!(0), json!(0)));
}

#[tokio::test]
async fn a_body_with_one_more_space_is_no_longer_what_was_signed() {
    let shop = Shop::open();
    let (handle, order) = shop.draft().await;
    // It comes too early for the flow, so that it is known and not taken.
    let early = shop.pay(&order, GOOD_CARD, 1).await;
    shop.step(&handle, "checkout").await;
    let mut altered = early.clone();
    altered.body = early.body.replacen(':', ": ", 1);

    let refused = shop.send(&altered).await;
    let taken = shop.send(&early).await;

    assert_eq!(refused.member("/backendStatus"), 401);
    assert_eq!(refused.text("/backend/error"), "SIGNATURE_REFUSED");
    assert_eq!(taken.text("/state"), "payment_authorized");
    assert_eq!(shop.events().await, (json!(2), json!(1)));
}

#[tokio::test]
async fn an_authorization_of_another_amount_is_refused_by_the_engine() {
    let shop = Shop::open();
    let (handle, order) = shop.pending().await;

    let delivery = shop.pay_amount(&order, "1.00", GOOD_CARD, 1).await;

    assert_eq!(delivery.status, 502);
    assert_eq!(
        shop.send(&delivery).await.text("/backend/error"),
        "AMOUNT_IS_ANOTHER"
    );
    assert_eq!(shop.integrator.state(&handle).await, "pending_payment");
    assert_eq!(shop.at_engine(&order).await, "pending_payment");
}

#[tokio::test]
async fn a_payment_that_failed_may_be_tried_again() {
    let shop = Shop::open();
    let (handle, order) = shop.pending().await;
    let failed = shop.pay(&order, EMPTY_CARD, 1).await;
    assert_eq!(shop.integrator.state(&handle).await, "payment_failed");
    shop.step(&handle, "checkout").await;

    // The first event says nothing of the second attempt, and the engine knows.
    let outdated = shop.send(&failed).await;
    let paid = shop.pay(&order, GOOD_CARD, 2).await;

    assert_eq!(failed.status, 200);
    assert_eq!(outdated.text("/backend/error"), "EVENT_OUTDATED");
    assert_eq!(paid.status, 200);
    assert_eq!(shop.integrator.state(&handle).await, "payment_authorized");
    assert_eq!(shop.at_engine(&order).await, "payment_authorized");
}

#[tokio::test]
async fn a_confirmed_order_does_not_go_back() {
    let shop = Shop::open();
    let (handle, order) = shop.pending().await;
    shop.pay(&order, GOOD_CARD, 1).await;
    shop.step(&handle, "confirm").await;

    for step in ["checkout", "cancel"] {
        let by_flow = shop.step(&handle, step).await;
        let path = format!("/orders/{order}/{step}");
        let by_hand = direct::post(&shop.engine, &path, &json!({})).await;

        assert_eq!(by_flow.text("/code"), "sequence_violation", "{step}");
        assert_eq!(by_flow.member("/allowedSteps"), json!(["fulfil"]));
        assert_eq!(by_hand.text("/error"), "TRANSITION_REFUSED", "{step}");
    }
    assert_eq!(shop.integrator.state(&handle).await, "confirmed");
    assert_eq!(shop.at_engine(&order).await, "confirmed");
}

#[tokio::test]
async fn an_order_is_cancelled_and_its_payment_comes_too_late() {
    let shop = Shop::open();
    let (handle, order) = shop.pending().await;
    let cancelled = shop.step(&handle, "cancel").await;

    let late = shop.pay(&order, GOOD_CARD, 1).await;

    assert_eq!(cancelled.text("/state"), "cancelled");
    assert_eq!(late.status, 409);
    assert_eq!(shop.send(&late).await.text("/code"), "terminal_state");
    assert_eq!(shop.at_engine(&order).await, "cancelled");
    assert_eq!(shop.events().await, (json!(0), json!(0)));
}

#[tokio::test]
async fn an_order_cancelled_by_hand_is_not_paid() {
    let shop = Shop::open();
    let (handle, order) = shop.pending().await;
    let path = format!("/orders/{order}/cancel");
    direct::post(&shop.engine, &path, &json!({})).await;

    let delivery = shop.pay(&order, GOOD_CARD, 1).await;

    assert_eq!(delivery.status, 502);
    assert_eq!(
        shop.send(&delivery).await.text("/backend/error"),
        "TRANSITION_REFUSED"
    );
    assert_eq!(shop.integrator.state(&handle).await, "pending_payment");
}

#[tokio::test]
async fn an_order_can_be_paid_as_long_as_the_engine_says() {
    let shop = Shop::with(&["--pay-within", "0"], &["--webhook-secret", SECRET]);
    let (handle, order) = shop.draft().await;

    let by_flow = shop.step(&handle, "checkout").await;
    let path = format!("/orders/{order}/checkout");
    let by_hand = direct::post(&shop.engine, &path, &json!({})).await;

    assert_eq!(by_flow.status, 410);
    assert_eq!(by_flow.text("/code"), "expired");
    assert_eq!(by_hand.text("/error"), "ORDER_OVERDUE");
}
