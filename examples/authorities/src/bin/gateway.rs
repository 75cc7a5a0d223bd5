//! A payment gateway: it authorizes by test card numbers, captures, voids, and tells what came of
//! it by signed events.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use axum::{Json, Router};
use clap::Parser;
use integrator_authorities::answer::{Answer, Asked, conflict, ok, refused, unknown};
use integrator_authorities::deliveries::{self, Deliveries, Target};
use integrator_authorities::idempotency::{Answers, once};
use integrator_authorities::money::Amount;
use integrator_authorities::{fresh, listen};
use serde::Deserialize;
use serde_json::{Value, json};

/// A payment gateway for trying protocols: test cards, no money. Authorizations and declines of
/// payments that carry a reference are posted to --webhook-url, signed. Payments are kept in memory.
#[derive(Parser)]
#[command(name = "gateway", version)]
struct Flags {
    #[command(flatten)]
    listen: listen::Listen,
    #[command(flatten)]
    target: Target,
}

/// What a payment has come to.
enum Status {
    Initiated,
    Authorized {
        authorization_id: String,
    },
    Declined {
        code: &'static str,
    },
    Captured {
        authorization_id: String,
        amount: Amount,
    },
    Voided,
}

struct Payment {
    amount: Amount,
    currency: String,
    reference: Option<String>,
    status: Status,
}

#[derive(Clone)]
struct Gateway {
    payments: Arc<Mutex<HashMap<String, Payment>>>,
    events: Option<Deliveries>,
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    let events = match Deliveries::to(flags.target) {
        Ok(events) => events,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    listen::run(flags.listen, routes(events))
}

fn routes(events: Option<Deliveries>) -> Router {
    let gateway = Gateway {
        payments: Arc::default(),
        events: events.clone(),
    };
    let payments = Router::new()
        .route("/payments", post(initiate))
        .route("/payments/{id}", get(show))
        .route("/payments/{id}/authorize", post(authorize))
        .route("/payments/{id}/capture", post(capture))
        .route("/payments/{id}/void", post(void))
        .with_state(gateway)
        .layer(from_fn_with_state(Answers::judging_refusals_anew(), once));
    match events {
        Some(events) => payments.merge(deliveries::routes(events)),
        None => payments,
    }
}

#[derive(Deserialize)]
struct Initiation {
    amount: Amount,
    currency: String,
    /// What the payment is for, in the words of whoever asks.
    reference: Option<String>,
}

async fn initiate(State(gateway): State<Gateway>, Asked(asked): Asked<Initiation>) -> Answer {
    let is_currency = asked.currency.len() == 3;
    if !is_currency || !asked.currency.bytes().all(|b| b.is_ascii_uppercase()) {
        let detail = "a currency is three capital letters, such as EUR";
        return refused(StatusCode::UNPROCESSABLE_ENTITY, "CURRENCY_UNKNOWN", detail);
    }
    let id = fresh::name("pay");
    let payment = Payment {
        amount: asked.amount,
        currency: asked.currency,
        reference: asked.reference,
        status: Status::Initiated,
    };
    let view = payment.view(&id);
    gateway.payments().insert(id, payment);
    (StatusCode::CREATED, Json(view))
}

async fn show(State(gateway): State<Gateway>, Path(id): Path<String>) -> Answer {
    match gateway.payments().get(&id) {
        Some(payment) => ok(payment.view(&id)),
        None => unknown("payment", &id),
    }
}

#[derive(Deserialize)]
struct Card {
    card: String,
}

async fn authorize(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    Asked(Card { card }): Asked<Card>,
) -> Answer {
    let mut payments = gateway.payments();
    let Some(payment) = payments.get_mut(&id) else {
        return unknown("payment", &id);
    };
    if !matches!(payment.status, Status::Initiated) {
        return payment.conflict(&id, "NOT_INITIATED");
    }
    if !is_card_number(&card) {
        let detail = "this is no card number";
        return refused(StatusCode::UNPROCESSABLE_ENTITY, "CARD_INVALID", detail);
    }
    payment.status = judged(&card);
    let view = payment.view(&id);
    if let (Some(events), Some(_)) = (&gateway.events, &payment.reference) {
        let is_authorized = matches!(payment.status, Status::Authorized { .. });
        let kind = if is_authorized {
            "payment.authorized"
        } else {
            "payment.failed"
        };
        events.send(kind, &view);
    }
    ok(view)
}

/// The issuer's word on a card.
fn judged(card: &str) -> Status {
    let code = match card {
        "4242424242424242" | "5555555555554444" => {
            let authorization_id = fresh::name("auth");
            return Status::Authorized { authorization_id };
        }
        "4000000000009995" => "INSUFFICIENT_FUNDS",
        "4000000000000069" => "EXPIRED_CARD",
        "4000000000009979" => "STOLEN_CARD",
        _ => "DO_NOT_HONOUR",
    };
    Status::Declined { code }
}

/// 12 to 19 digits, the last of which is the check digit of Luhn's formula.
fn is_card_number(card: &str) -> bool {
    let digits: Option<Vec<u32>> = card.chars().map(|c| c.to_digit(10)).collect();
    let Some(digits) = digits.filter(|digits| (12..=19).contains(&digits.len())) else {
        return false;
    };
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let weighed = digits.iter().rev().enumerate();
    let sum: u32 = weighed
        .map(|(at, digit)| if at % 2 == 1 { doubled(*digit) } else { *digit })
        .sum();
    sum.is_multiple_of(10)
}

#[derive(Deserialize)]
struct Capture {
    /// All that was authorized, unless said.
    amount: Option<Amount>,
}

async fn capture(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    Asked(asked): Asked<Capture>,
) -> Answer {
    let mut payments = gateway.payments();
    let Some(payment) = payments.get_mut(&id) else {
        return unknown("payment", &id);
    };
    let Status::Authorized { authorization_id } = &payment.status else {
        return payment.conflict(&id, "NOT_AUTHORIZED");
    };
    let amount = asked.amount.unwrap_or(payment.amount);
    if amount > payment.amount {
        let detail = format!("{amount} is more than the {} authorized", payment.amount);
        return refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            "AMOUNT_TOO_LARGE",
            &detail,
        );
    }
    let authorization_id = authorization_id.clone();
    payment.status = Status::Captured {
        authorization_id,
        amount,
    };
    ok(payment.view(&id))
}

async fn void(State(gateway): State<Gateway>, Path(id): Path<String>) -> Answer {
    let mut payments = gateway.payments();
    let Some(payment) = payments.get_mut(&id) else {
        return unknown("payment", &id);
    };
    match payment.status {
        Status::Initiated | Status::Authorized { .. } | Status::Voided => {
            payment.status = Status::Voided;
            ok(payment.view(&id))
        }
        Status::Declined { .. } | Status::Captured { .. } => {
            payment.conflict(&id, "NOTHING_TO_VOID")
        }
    }
}

impl Gateway {
    fn payments(&self) -> MutexGuard<'_, HashMap<String, Payment>> {
        self.payments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Payment {
    fn view(&self, id: &str) -> Value {
        let mut view = json!({
            "paymentID": id,
            "amount": self.amount,
            "currency": self.currency,
        });
        let told = match &self.status {
            Status::Initiated => json!({"status": "initiated"}),
            Status::Authorized { authorization_id } => {
                json!({"status": "authorized", "authorizationID": authorization_id})
            }
            Status::Declined { code } => json!({"status": "declined", "declineCode": code}),
            Status::Captured {
                authorization_id,
                amount,
            } => json!({
                "status": "captured",
                "authorizationID": authorization_id,
                "capturedAmount": amount,
            }),
            Status::Voided => json!({"status": "voided"}),
        };
        let reference = self
            .reference
            .iter()
            .map(|text| ("reference".to_owned(), json!(text)));
        if let (Value::Object(view), Value::Object(told)) = (&mut view, told) {
            view.extend(told.into_iter().chain(reference));
        }
        view
    }

    fn conflict(&self, id: &str, code: &str) -> Answer {
        conflict(self.view(id), code)
    }
}
