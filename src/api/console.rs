//! The route of the console.

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Response};
use bytes::Bytes;

use super::problem::Problem;
use crate::console;
use crate::orchestrator::code::Code;

/// `GET /console`: the page is the same for everybody, and is served whatever state the instance
/// is in: what is wrong is what it is there to tell.
pub(super) async fn console() -> Result<Response<Body>, Problem> {
    let page = console::page();
    let policy = HeaderValue::from_str(&page.policy).map_err(|error| {
        tracing::error!(%error, "the console's policy is no header");
        Problem::new(Code::Internal, "the console cannot be shown")
    })?;
    let mut response = Response::new(Body::from(Bytes::from_static(page.html.as_bytes())));
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}
