//! `public-dialect`: an App Attest authority in the wire dialect of the public backend. Verdicts
//! are a `status` at HTTP 200, whatever they say; what cannot be read is 400 with `"error":true`.

use std::collections::HashMap;
use std::fs;
use std::process::ExitCode;

use appattest_backend::app_id::AppId;
use appattest_backend::entropy::{SystemEntropy, random};
use appattest_backend::environment::Environment;
use appattest_backend::validator::{Acceptance, TrustAnchorError, TrustRoot};
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use clap::Parser;
use integrator_authorities::answer::{Answer, Outcome, joined, ok};
use integrator_authorities::fresh::{self, now};
use integrator_authorities::listen::{self, Listen};
use integrator_authorities::public_dialect::{Dialect, Registration, Verification};
use integrator_authorities::state::{Shared, lock, shared};
use serde::de::DeserializeOwned;
use serde_json::json;

/// An App Attest authority in the wire dialect of the public appattest-backend. It verifies with
/// the reference backend's own code, takes keys of Apple's production environment, and forgets
/// everything when it ends.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(flatten)]
    listen: Listen,
    /// Accepted application (repeatable)
    #[arg(long = "app", value_name = "TEAMID.bundle.id", required = true)]
    apps: Vec<AppId>,
    /// PEM file of a test root, instead of Apple's
    #[arg(long, value_name = "FILE", value_parser = test_root)]
    trust_anchor: Option<TrustRoot>,
}

fn main() -> Result<ExitCode, TrustAnchorError> {
    let cli = Cli::parse();
    let root = cli.trust_anchor.map_or_else(TrustRoot::apple, Ok)?;
    let apps = cli.apps;
    let environments = vec![Environment::Production];
    let acceptance = Acceptance { apps, environments };
    let not_allowed = || async { error(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed") };
    let routes = Router::new()
        .route("/app-attest/register", post(register))
        .route("/app-attest/challenge", get(challenge))
        .route("/app-attest/verify", post(verify))
        .method_not_allowed_fallback(not_allowed)
        .fallback(|| async { error(StatusCode::NOT_FOUND, "Not Found") })
        .with_state(shared(Dialect::new(acceptance, root)));
    Ok(listen::run(cli.listen, routes))
}

fn test_root(file: &str) -> Result<TrustRoot, String> {
    let pem = fs::read(file).map_err(|error| error.to_string())?;
    TrustRoot::test(&pem).map_err(|error| error.to_string())
}

async fn register(State(dialect): Shared<Dialect>, body: Bytes) -> Outcome {
    let asked: Registration = read(&body)?;
    let verdict = lock(&dialect).register(&asked, fresh::id(), now());
    Ok(ok(match verdict {
        Ok(flow_id) => json!({"status": "accepted", "flowID": flow_id}),
        Err(reason) => json!({"status": "rejected", "reason": reason}),
    }))
}

async fn challenge(
    State(dialect): Shared<Dialect>,
    Query(query): Query<HashMap<String, String>>,
) -> Outcome {
    let flow_id = query.get("flowID").and_then(|text| text.parse().ok());
    let (Some(flow_id), Some(key)) = (flow_id, query.get("keyID")) else {
        return Err(error(StatusCode::BAD_REQUEST, "flowID and keyID required"));
    };
    let bytes = random(&SystemEntropy);
    let bytes = bytes.map_err(|_| error(StatusCode::INTERNAL_SERVER_ERROR, "no randomness"))?;
    let issued = lock(&dialect).challenge(flow_id, key, (fresh::id(), bytes), now());
    issued
        .map(ok)
        .map_err(|reason| error(StatusCode::BAD_REQUEST, reason))
}

async fn verify(State(dialect): Shared<Dialect>, body: Bytes) -> Outcome {
    let asked: Verification = read(&body)?;
    let verdict = lock(&dialect).verify(&asked, now());
    let told = match verdict {
        Ok(count) => json!({"status": "verified", "mode": "STRICT", "signCount": count}),
        Err(reason) => json!({"status": "rejected", "reason": reason}),
    };
    Ok(ok(match asked.verifyRunID {
        Some(run) => joined(told, json!({"verifyRunID": run})),
        None => told,
    }))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Answer> {
    serde_json::from_slice(body)
        .map_err(|problem| error(StatusCode::BAD_REQUEST, &problem.to_string()))
}

fn error(status: StatusCode, reason: &str) -> Answer {
    (status, Json(json!({"error": true, "reason": reason})))
}
