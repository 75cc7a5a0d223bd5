//! The routes that describe the service: the document, and its page.

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Response};
use bytes::Bytes;
use utoipa::openapi::OpenApi;

use super::problem::{self, Problem};
use super::route::Route;
use super::routes;
use crate::openapi::{self as describing, page};
use crate::orchestrator::code::Code;

/// Made once: both follow from the build alone.
static DOCUMENT: LazyLock<Result<Bytes, serde_json::Error>> =
    LazyLock::new(|| openapi()?.to_pretty_json().map(Bytes::from));
static PAGE: LazyLock<Result<(Bytes, HeaderValue), String>> = LazyLock::new(rendered);

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
    Ok(with_type(document, "application/json"))
}

/// `GET /docs`
pub(super) async fn page() -> Result<Response<Body>, Problem> {
    let (page, policy) = PAGE.as_ref().map_err(|error| failed(&error))?;
    let mut response = with_type(page, "text/html; charset=utf-8");
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy.clone());
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn rendered() -> Result<(Bytes, HeaderValue), String> {
    let document = openapi().map_err(|error| error.to_string())?;
    let page = page::rendered(&document, problem::facts).map_err(|error| error.to_string())?;
    let policy = HeaderValue::try_from(page.policy).map_err(|error| error.to_string())?;
    Ok((Bytes::from(page.html), policy))
}

fn failed(error: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%error, "the OpenAPI document cannot be written");
    Problem::new(Code::Internal, "the OpenAPI document cannot be written")
}

fn with_type(body: &Bytes, content_type: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(body.clone()));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
