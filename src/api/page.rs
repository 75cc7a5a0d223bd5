//! Pages as replies.

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Response};
use bytes::Bytes;

use super::problem::Problem;
use crate::orchestrator::code::Code;
use crate::web_page::WebPage;

/// The page under its policy, which nobody is to keep or to guess at.
pub(super) fn reply(page: &'static WebPage) -> Result<Response<Body>, Problem> {
    let policy = HeaderValue::from_str(&page.policy).map_err(|error| {
        tracing::error!(%error, "a page's policy is no header");
        Problem::new(Code::Internal, "the page cannot be shown")
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
