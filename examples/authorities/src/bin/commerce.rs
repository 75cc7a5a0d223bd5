//! A commerce engine: it keeps orders, and believes of payment only what the gateway has signed.

use std::collections::HashMap;
use std::process::ExitCode;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use clap::Parser;
use integrator_authorities::answer::{Answer, Asked, Outcome, conflict, ok, refused, unknown};
use integrator_authorities::idempotency::{Answers, once};
use integrator_authorities::money::Amount;
use integrator_authorities::order::{Order, OrderState};
use integrator_authorities::state::{Shared, lock, shared};
use integrator_authorities::{fresh, listen};
use serde::Deserialize;
use serde_json::json;
use standardwebhooks::Webhook;

/// A commerce engine for trying protocols. Orders are kept in memory.
#[derive(Parser)]
#[command(name = "commerce", version)]
struct Flags {
    #[command(flatten)]
    listen: listen::Listen,
    /// The secret that the gateway signs its events with: whsec_BASE64
    #[arg(long, env = "COMMERCE_WEBHOOK_SECRET", hide_env_values = true)]
    webhook_secret: String,
    /// Seconds from its creation in which an order can be paid
    #[arg(long, value_name = "SECONDS", default_value_t = 24 * 60 * 60)]
    pay_within: u32,
    /// Seconds from its confirmation in which an order is to be fulfilled
    #[arg(long, value_name = "SECONDS", default_value_t = 30 * 24 * 60 * 60)]
    fulfil_within: u32,
}

struct Engine {
    verifier: Webhook,
    flags: Flags,
    orders: HashMap<String, Order>,
    /// Events that were taken, by their id, with the state that each led to.
    taken: HashMap<String, OrderState>,
    events_received: u64,
}

/// What a caller may ask of an order. An event of the gateway alone does more.
const STEPS: [(&str, OrderState); 4] = [
    ("checkout", OrderState::PendingPayment),
    ("confirm", OrderState::Confirmed),
    ("fulfil", OrderState::Fulfilled),
    ("cancel", OrderState::Cancelled),
];

fn main() -> ExitCode {
    let flags = Flags::parse();
    let Ok(verifier) = Webhook::new(&flags.webhook_secret) else {
        eprintln!("--webhook-secret: write whsec_ and base64");
        return ExitCode::FAILURE;
    };
    let listen = flags.listen;
    let orders = Router::new()
        .route("/orders", post(create))
        .route("/orders/{id}", get(show))
        .route("/orders/{id}/{step}", post(step))
        .layer(from_fn_with_state(Answers::judging_refusals_anew(), once));
    // An event is known by its own id: whoever carries it has no say in what it is.
    let events = Router::new().route("/payment-events", get(tally));
    let events = events.route("/orders/{id}/payment-events", post(take));
    let engine = Engine {
        verifier,
        flags,
        orders: HashMap::new(),
        taken: HashMap::new(),
        events_received: 0,
    };
    listen::run(listen, orders.merge(events).with_state(shared(engine)))
}

#[derive(Deserialize)]
struct Draft {
    amount: Amount,
    currency: String,
}

async fn create(State(engine): Shared<Engine>, Asked(draft): Asked<Draft>) -> Answer {
    let mut engine = lock(&engine);
    let id = fresh::name("ord");
    let deadline = fresh::later(fresh::now(), engine.flags.pay_within);
    let order = Order::draft(draft.amount, draft.currency, deadline);
    let view = order.view(&id);
    engine.orders.insert(id, order);
    (StatusCode::CREATED, Json(view))
}

async fn show(State(engine): Shared<Engine>, Path(id): Path<String>) -> Outcome {
    Ok(ok(lock(&engine).order(&id)?.view(&id)))
}

async fn step(State(engine): Shared<Engine>, Path((id, step)): Path<(String, String)>) -> Outcome {
    let mut engine = lock(&engine);
    let fulfil_within = engine.flags.fulfil_within;
    let to = STEPS.iter().find(|(name, _)| *name == step);
    let (_, to) = to.ok_or_else(|| unknown("step", &step))?;
    let order = engine.order(&id)?;
    order
        .change(*to, &step)
        .map_err(|code| conflict(order.view(&id), code))?;
    if *to == OrderState::Confirmed {
        order.deadline = fresh::later(fresh::now(), fulfil_within);
    }
    Ok(ok(order.view(&id)))
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    data: Payment,
}

#[derive(Deserialize)]
struct Payment {
    reference: String,
    amount: Amount,
    currency: String,
}

/// An event of the gateway: first whether it is one, then what it says.
async fn take(all: Shared<Engine>, at: Path<String>, headers: HeaderMap, body: Bytes) -> Outcome {
    let mut engine = lock(&all);
    engine.events_received += 1;
    if let Err(error) = engine.verifier.verify(&body, &headers) {
        let detail = format!("no event of the gateway: {error}");
        let status = StatusCode::UNAUTHORIZED;
        return Err(refused(status, "SIGNATURE_REFUSED", &detail));
    }
    let event: Event = serde_json::from_slice(&body).map_err(|error| {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        refused(status, "EVENT_UNREADABLE", &error.to_string())
    })?;
    // The header is signed and stands in it, or the event would have been refused.
    let id = headers.get("webhook-id").map(HeaderValue::as_bytes);
    let id = String::from_utf8_lossy(id.unwrap_or_default());
    engine.take(&at, &id, &event)
}

async fn tally(State(engine): Shared<Engine>) -> Answer {
    let engine = lock(&engine);
    ok(json!({"received": engine.events_received, "taken": engine.taken.len()}))
}

impl Engine {
    fn order(&mut self, id: &str) -> Result<&mut Order, Answer> {
        self.orders.get_mut(id).ok_or_else(|| unknown("order", id))
    }

    fn take(&mut self, id: &str, event_id: &str, event: &Event) -> Outcome {
        let led_to = self.taken.get(event_id).copied();
        let order = self.order(id)?;
        if event.data.reference != id {
            return Err(conflict(order.view(id), "EVENT_OF_ANOTHER"));
        }
        match led_to {
            // Told again, an event changes nothing.
            Some(led_to) if led_to == order.state() => return Ok(ok(order.view(id))),
            // It says nothing of a later attempt to pay.
            Some(_) => return Err(conflict(order.view(id), "EVENT_OUTDATED")),
            None => {}
        }
        let to = match event.kind.as_str() {
            "payment.authorized" => OrderState::PaymentAuthorized,
            "payment.failed" => OrderState::PaymentFailed,
            _ => return Err(conflict(order.view(id), "EVENT_UNKNOWN")),
        };
        if !order.costs(event.data.amount, &event.data.currency) {
            return Err(conflict(order.view(id), "AMOUNT_IS_ANOTHER"));
        }
        let changed = order.change(to, event_id);
        changed.map_err(|code| conflict(order.view(id), code))?;
        let view = order.view(id);
        self.taken.insert(event_id.to_owned(), to);
        Ok(ok(view))
    }
}
