//! One answer for each idempotency key, as the integrator's contract asks of a backend: the same
//! key gets the recorded answer and no second effect; with another body it is refused.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::json;

/// Largest request and answer that is taken, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// What was asked and answered under a key.
#[derive(Clone)]
struct Recorded {
    path: String,
    asked: Bytes,
    status: StatusCode,
    answered: Bytes,
}

/// The recorded answers by key. Cheap to clone; kept until the process ends.
#[derive(Clone, Default)]
pub struct Answers {
    recorded: Arc<Mutex<HashMap<String, Recorded>>>,
    refusals: Refusals,
}

/// What becomes of answers of 4xx.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Refusals {
    #[default]
    Recorded,
    JudgedAnew,
}

/// The layer: `router.layer(axum::middleware::from_fn_with_state(Answers::default(), once))`.
///
/// Answers of 2xx and 4xx to POST requests with an `Idempotency-Key` are recorded and repeated,
/// but for 429, which says that nothing was done and that one may come back.
/// Requests run one after another on the one thread of [`crate::listen::serve`], but for those
/// that wait in their handler: handlers here never do.
pub async fn once(State(answers): State<Answers>, request: Request, next: Next) -> Response {
    let key = request.headers().get("idempotency-key");
    let key = key.and_then(|key| key.to_str().ok()).map(str::to_owned);
    let (Some(key), &Method::POST) = (key, request.method()) else {
        return next.run(request).await;
    };
    let path = request.uri().path().to_owned();
    let (parts, body) = request.into_parts();
    let Ok(asked) = to_bytes(body, MAX_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    if let Some(earlier) = answers.get(&key) {
        if earlier.path == path && earlier.asked == asked {
            return json_response(earlier.status, earlier.answered);
        }
        let reused = json!({"error": "IDEMPOTENCY_KEY_REUSED"});
        return (StatusCode::UNPROCESSABLE_ENTITY, axum::Json(reused)).into_response();
    }
    let request = Request::from_parts(parts, Body::from(asked.clone()));
    let (status, answered) = whole(next.run(request)).await;
    if status.is_success() || answers.records_refusal(status) {
        answers.put(key, path, asked, status, answered.clone());
    }
    json_response(status, answered)
}

async fn whole(response: impl Future<Output = Response>) -> (StatusCode, Bytes) {
    let response = response.await;
    let status = response.status();
    let body = to_bytes(response.into_body(), MAX_BYTES).await;
    (status, body.unwrap_or_default())
}

fn json_response(status: StatusCode, body: Bytes) -> Response {
    (status, [("content-type", "application/json")], body).into_response()
}

impl Answers {
    /// For an authority whose refusals change nothing: they are not recorded. The same request may
    /// be right later, and comes under the same key, since the integrator keeps an attempt's id
    /// until an answer to it is recorded.
    #[must_use]
    pub fn judging_refusals_anew() -> Self {
        Answers {
            refusals: Refusals::JudgedAnew,
            ..Answers::default()
        }
    }

    fn records_refusal(&self, status: StatusCode) -> bool {
        let nothing_done = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        self.refusals == Refusals::Recorded && !nothing_done
    }

    fn get(&self, key: &str) -> Option<Recorded> {
        let answers = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(key).cloned()
    }

    fn put(&self, key: String, path: String, asked: Bytes, status: StatusCode, answered: Bytes) {
        let recorded = Recorded {
            path,
            asked,
            status,
            answered,
        };
        let mut answers = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert(key, recorded);
    }
}
