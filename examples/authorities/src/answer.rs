//! Answers and refusals, all of them JSON.

use axum::Json;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A status and a JSON body.
pub type Answer = (StatusCode, Json<Value>);

/// An answer, or the refusal in its place.
pub type Outcome = Result<Answer, Answer>;

/// An answer of 200.
pub fn ok(body: Value) -> Answer {
    (StatusCode::OK, Json(body))
}

/// A refusal: a code for programs, a sentence for people.
pub fn refused(status: StatusCode, code: &str, detail: &str) -> Answer {
    (status, Json(json!({"error": code, "detail": detail})))
}

/// Nothing goes by that name here.
pub fn unknown(what: &str, id: &str) -> Answer {
    let detail = format!("there is no {what} {id}");
    refused(StatusCode::NOT_FOUND, "NOT_FOUND", &detail)
}

/// The request does not fit what a thing has come to, which is told: 409 with the thing as it is.
pub fn conflict(view: Value, code: &str) -> Answer {
    (
        StatusCode::CONFLICT,
        Json(joined(view, json!({"error": code}))),
    )
}

/// The members of both objects.
#[must_use]
pub fn joined(mut view: Value, more: Value) -> Value {
    if let (Value::Object(view), Value::Object(more)) = (&mut view, more) {
        view.extend(more);
    }
    view
}

/// A request body of this shape; an empty one stands for `{}`. Anything else is refused with 400.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Asked<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(axum::response::IntoResponse::into_response)?;
        let text: &[u8] = if body.is_empty() { b"{}" } else { &body };
        serde_json::from_slice(text).map(Asked).map_err(|error| {
            refused(StatusCode::BAD_REQUEST, "MALFORMED", &error.to_string()).into_response()
        })
    }
}
