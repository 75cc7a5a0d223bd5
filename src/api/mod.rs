//! HTTP in front of the orchestrator: every route and layer on one page.

pub mod body;
mod console;
mod cross_site;
mod described;
mod events;
mod facts;
mod failure;
mod flows;
mod headers;
mod health;
mod json;
mod layers;
mod observation;
mod page;
mod problem;
mod protocols;
mod query;
mod route;
mod search;
mod verbatim;

use std::sync::Arc;
use std::time::Duration;

use axum::middleware::from_fn_with_state;
use axum::routing::any;
use axum::{Extension, Router};
use tower_http::catch_panic::CatchPanicLayer;

pub use self::described::openapi;
use self::problem::Problem;
use self::route::Route;
use crate::clock::Clock;
use crate::entropy::EntropyError;
use crate::openapi::Side;
use crate::openapi::operations::{operator, reads, service, steps};
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
    let mut router = Router::new();
    for route in routes().into_iter().filter(|route| route.is_on(listener)) {
        router = router.route(route.path, route.handler);
    }
    if listener == Listener::Product {
        router = router.route(EXPIRE, any(layers::unknown_route));
    }
    router
        .fallback(layers::unknown_route)
        .method_not_allowed_fallback(layers::wrong_method)
        .layer(CatchPanicLayer::custom(layers::panicked))
        .layer(from_fn_with_state(api.clone(), layers::around))
        .layer(Extension(listener))
        .with_state(api)
}

/// It would be taken for a step, were it not named where it is not served.
const EXPIRE: &str = "/v1/flows/{flowHandle}/expire";

/// Every route: the service has these and no other, and the document describes the same. The
/// console and the command line read flows where operators are.
#[rustfmt::skip]
fn routes() -> Vec<Route> {
    use Side::{Both, Operator, Product};
    vec![
        Route::post(Product, "/v1/flows/start", flows::start, steps::start),
        Route::post(Product, "/v1/flows/{flowHandle}/{step}", flows::step, steps::step),
        Route::post(Product, "/v1/callbacks/{protocol}/{step}", flows::callback, steps::callback),
        Route::get(Both, "/v1/flows/{flowHandle}/status", flows::status, reads::status),
        Route::get(Both, "/v1/flows/{flowHandle}/history", flows::history, reads::history),
        Route::get(Both, "/v1/flows/{flowHandle}/events", events::events, reads::events),
        Route::get(Both, RESPONSE, flows::response, reads::response),
        Route::get(Operator, "/v1/flows", search::search, operator::search),
        Route::post(Operator, EXPIRE, flows::expire, operator::expire),
        Route::get(Operator, "/v1/protocols", protocols::list, service::protocols),
        Route::get(Operator, "/v1/protocols/{name}", protocols::show, service::protocol),
        Route::get(Operator, "/health", health::health, service::health),
        Route::get(Operator, "/metrics", health::metrics, service::metrics),
        Route::get(Operator, "/openapi.json", described::document, service::document),
        Route::get(Operator, "/docs", described::page, service::page),
        Route::get(Operator, "/console", console::console, service::console),
        Route::get(Both, "/livez", health::livez, service::live),
        Route::get(Both, "/readyz", health::readyz, service::ready),
    ]
}

const RESPONSE: &str = "/v1/flows/{flowHandle}/steps/{step}/response";

fn entropy_failed(error: &EntropyError) -> Problem {
    tracing::error!(%error, "no randomness");
    Problem::new(
        Code::Internal,
        "the system gave no random bytes, without which nothing is begun",
    )
}
