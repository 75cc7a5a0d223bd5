//! HTTP in front of the orchestrator: every route and layer on one page.

pub mod body;
mod facts;
mod failure;
mod flows;
mod headers;
mod health;
mod json;
mod layers;
mod observation;
mod problem;
mod protocols;
mod query;
mod verbatim;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;

use self::problem::Problem;
use crate::clock::Clock;
use crate::entropy::EntropyError;
use crate::orchestrator::Orchestrator;
use crate::orchestrator::code::Code;
use crate::phase::Phases;
use crate::telemetry::Telemetry;

/// What the routes need. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    /// What moves flows.
    pub orchestrator: Arc<Orchestrator>,
    /// Time, for durations.
    pub clock: Arc<dyn Clock>,
    /// Where requests are told.
    pub telemetry: Arc<Telemetry>,
    /// Whether the instance serves, drains or refuses.
    pub phase: Arc<Phases>,
    /// What the instance tells of itself.
    pub about: Arc<About>,
}

/// What an instance tells of itself at `/health`.
#[derive(Clone, Debug)]
pub struct About {
    /// The default backend's address.
    pub backend_base_url: String,
    /// SHA-256 of the build, in hexadecimal, where it is known.
    pub build_sha256: Option<String>,
    /// When the process started, on the monotonic clock.
    pub started: Duration,
}

/// Which routes a listener has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// All of them: there is no second listener.
    Whole,
    /// Those of product backends, where operators have a listener of their own.
    Product,
    /// Those of operators.
    Operator,
}

/// The routes of a listener, with their layers.
pub fn router(api: Api, listener: Listener) -> Router {
    let routes = match listener {
        Listener::Whole => flow_routes().merge(operator_routes()),
        Listener::Product => flow_routes(),
        Listener::Operator => operator_routes(),
    };
    routes
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .fallback(layers::unknown_route)
        .method_not_allowed_fallback(layers::wrong_method)
        .layer(CatchPanicLayer::custom(layers::panicked))
        .layer(from_fn_with_state(api.clone(), layers::around))
        .with_state(api)
}

fn flow_routes() -> Router<Api> {
    Router::new()
        .route("/v1/flows/start", post(flows::start))
        .route("/v1/flows/{flowHandle}/{step}", post(flows::step))
        .route("/v1/callbacks/{protocol}/{step}", post(flows::callback))
        .route("/v1/flows/{flowHandle}/status", get(flows::status))
        .route("/v1/flows/{flowHandle}/history", get(flows::history))
        .route(
            "/v1/flows/{flowHandle}/steps/{step}/response",
            get(flows::response),
        )
}

fn operator_routes() -> Router<Api> {
    Router::new()
        .route("/v1/protocols", get(protocols::list))
        .route("/v1/protocols/{name}", get(protocols::show))
        .route("/health", get(health::health))
        .route("/metrics", get(health::metrics))
}

fn entropy_failed(error: &EntropyError) -> Problem {
    tracing::error!(%error, "no randomness");
    Problem::new(
        Code::Internal,
        "the system gave no random bytes, without which nothing is begun",
    )
}
