//! The routes of the service itself.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response};
use bytes::Bytes;

use super::Api;
use super::json::ObjectWriter;
use super::problem::Problem;
use crate::orchestrator::code::Code;
use crate::phase::Phase;

/// `GET /health`
pub(super) async fn health(State(api): State<Api>) -> Result<Response<Body>, Problem> {
    let census = api.orchestrator.census().await?;
    let store = api.orchestrator.store();
    let uptime = api.clock.monotonic().saturating_sub(api.about.started);
    let mut object = ObjectWriter::new();
    object
        .string("status", "ok")
        .number("uptimeSeconds", uptime.as_secs())
        .number("flowCount", census.flows)
        .number("terminalFlowCount", census.terminal)
        .string("storeKind", store.kind)
        .string("storeDurability", store.durability)
        .string("backendBaseURL", &api.about.backend_base_url)
        .string("version", env!("CARGO_PKG_VERSION"));
    if let Some(digest) = &api.about.build_sha256 {
        object.string("buildSha256", digest);
    }
    Ok(with_type(object.into_bytes(), "application/json"))
}

/// `GET /livez`: whoever reads this knows that the process answers.
pub(super) async fn livez() -> Response<Body> {
    with_type(
        Bytes::from_static(br#"{"status":"live"}"#),
        "application/json",
    )
}

/// `GET /readyz`: protocols are loaded before the first socket is bound, so what is left to ask
/// is whether the store takes reads and writes, and whether the instance is stopping. Never asks the backend.
pub(super) async fn readyz(State(api): State<Api>) -> Result<Response<Body>, Problem> {
    if api.phase.get() != Phase::Serving {
        return Err(Problem::new(
            Code::ShuttingDown,
            "this instance is stopping",
        ));
    }
    api.orchestrator.store_ready().await?;
    Ok(with_type(
        Bytes::from_static(br#"{"status":"ready"}"#),
        "application/json",
    ))
}

/// `GET /metrics`
pub(super) async fn metrics(State(api): State<Api>) -> Result<Response<Body>, Problem> {
    // A scrape tells most when the store does not answer.
    let census = api.orchestrator.census().await.ok();
    let text = api.telemetry.metrics().render(
        census.as_ref(),
        &api.orchestrator.gates(),
        api.clock.wall(),
    );
    let text = text.map_err(|error| {
        tracing::error!(%error, "metrics cannot be written");
        Problem::new(Code::Internal, "the metrics cannot be written")
    })?;
    Ok(with_type(Bytes::from(text), prometheus::TEXT_FORMAT))
}

fn with_type(body: Bytes, content_type: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
