//! The authority of the tutorial: changes an address after a code that was sent there comes back.
//! What it would send by mail it says on standard output.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use axum::{Json, Router};
use clap::Parser;
use integrator_authorities::answer::{Answer, Asked, ok, refused};
use integrator_authorities::fresh;
use integrator_authorities::idempotency::{Answers, once};
use integrator_authorities::listen::{Listen, serve};
use serde::Deserialize;
use serde_json::json;

/// Wrong codes that a change survives.
const TRIES: u32 = 3;

/// Changes e-mail addresses: sends a code to the new one and waits for it to come back
#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    listen: Listen,
}

/// A change that waits for its code.
struct Change {
    code: String,
    tries: u32,
}

/// The changes by their ids. Cheap to clone.
#[derive(Clone, Default)]
struct Changes(Arc<Mutex<HashMap<String, Change>>>);

/// What a change is asked with.
#[derive(Deserialize)]
struct Wish {
    address: String,
}

/// What came back from the mailbox.
#[derive(Deserialize)]
struct Proof {
    code: String,
}

fn main() -> io::Result<()> {
    let routes = Router::new()
        .route("/changes", post(begin))
        .route("/changes/{id}/confirm", post(confirm))
        .layer(from_fn_with_state(Answers::default(), once))
        .with_state(Changes::default());
    serve(Flags::parse().listen, routes)
}

async fn begin(State(changes): State<Changes>, Asked(wish): Asked<Wish>) -> Answer {
    if !wish.address.contains('@') {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return refused(status, "NO_ADDRESS", "an address has an @");
    }
    let (id, code) = (fresh::name("change"), fresh::code());
    println!(
        "{}",
        json!({"message": "mail", "to": wish.address, "code": code})
    );
    let change = Change { code, tries: TRIES };
    changes.all().insert(id.clone(), change);
    (StatusCode::CREATED, Json(json!({"changeID": id})))
}

async fn confirm(
    State(changes): State<Changes>,
    Path(id): Path<String>,
    Asked(proof): Asked<Proof>,
) -> Answer {
    let over = || refused(StatusCode::GONE, "OVER", "no such change waits for a code");
    let mut all = changes.all();
    let Some(change) = all.get_mut(&id) else {
        return over();
    };
    if proof.code == change.code {
        all.remove(&id);
        return ok(json!({"confirmed": true}));
    }
    change.tries = change.tries.saturating_sub(1);
    let left = change.tries;
    if left == 0 {
        all.remove(&id);
        return over();
    }
    ok(json!({"confirmed": false, "triesLeft": left}))
}

impl Changes {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Change>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
