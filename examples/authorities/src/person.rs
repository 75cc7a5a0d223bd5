//! The person in front of an authority, who is known by a key.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse as _;
use subtle::ConstantTimeEq as _;

use crate::answer::refused;

/// Whether a request shows this key, as `Authorization: Bearer KEY`; compared in constant time.
#[must_use]
pub fn shows(headers: &HeaderMap, key: &str) -> bool {
    let expected = format!("Bearer {key}");
    let shown = headers.get("authorization");
    shown.is_some_and(|shown| shown.as_bytes().ct_eq(expected.as_bytes()).into())
}

/// These routes for whoever shows this key, and for nobody else.
pub fn alone<S: Clone + Send + Sync + 'static>(routes: Router<S>, key: String) -> Router<S> {
    routes.layer(from_fn(move |request: Request, next: Next| {
        let is_person = shows(request.headers(), &key);
        async move {
            if is_person {
                return next.run(request).await;
            }
            let detail = "show the person's key as Authorization: Bearer KEY";
            refused(StatusCode::UNAUTHORIZED, "NOT_THE_PERSON", detail).into_response()
        }
    }))
}
