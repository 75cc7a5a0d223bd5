//! The route of the console.

use axum::body::Body;
use axum::http::Response;

use super::page;
use super::problem::Problem;
use crate::console;

/// `GET /console`: the page is the same for everybody, and is served whatever state the instance
/// is in: what is wrong is what it is there to tell.
pub(super) async fn console() -> Result<Response<Body>, Problem> {
    page::reply(console::page())
}
