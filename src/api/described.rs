//! The routes that describe the service: the document, and its page.

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response};
use bytes::Bytes;
use utoipa::openapi::OpenApi;

use super::page;
use super::problem::{self, Problem};
use super::route::Route;
use super::routes;
use crate::openapi as describing;
use crate::orchestrator::code::Code;
use crate::web_page::WebPage;

/// Made once: both follow from the build alone.
static DOCUMENT: LazyLock<Result<Bytes, serde_json::Error>> =
    LazyLock::new(|| openapi()?.to_pretty_json().map(Bytes::from));
static PAGE: LazyLock<Result<WebPage, String>> = LazyLock::new(rendered);

/// The OpenAPI document of every route, whichever listener has it.
///
/// # Errors
///
/// Where what the build holds of it is not readable.
pub fn openapi() -> Result<OpenApi, serde_json::Error> {
    let entries = routes().into_iter().map(Route::entry).collect();
    describing::document(entries, problem::facts)
}

/// `GET /openapi.json`
pub(super) async fn document() -> Result<Response<Body>, Problem> {
    let document = DOCUMENT.as_ref().map_err(|error| failed(&error))?;
    let mut response = Response::new(Body::from(document.clone()));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}

/// `GET /docs`
pub(super) async fn page() -> Result<Response<Body>, Problem> {
    let page = PAGE.as_ref().map_err(|error| failed(&error))?;
    page::reply(page)
}

fn rendered() -> Result<WebPage, String> {
    let document = openapi().map_err(|error| error.to_string())?;
    describing::page::rendered(&document, problem::facts).map_err(|error| error.to_string())
}

fn failed(error: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%error, "the OpenAPI document cannot be written");
    Problem::new(Code::Internal, "the OpenAPI document cannot be written")
}
