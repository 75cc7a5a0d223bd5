//! Every route, on one page, and nothing but HTTP: what is decided is decided in `authority`.
//!
//! Judging blocks (ECDSA, one commit), so it runs on the blocking threads. At most
//! [`MAX_WAITING`] calls run or wait there; the next one is told to come back.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
    routing::{get, post},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::Semaphore;
use tracing::{error, info};

use crate::{
    app_id::AppId,
    authority::{Answer, Authority, Call},
    clock::rfc3339,
    idempotency::IdempotencyKey,
    reason::Reason,
};

/// The largest body, in bytes. An attestation is 8 kB of base64.
pub const MAX_BODY: usize = 128 * 1024;
/// Calls that run or wait at one time.
pub const MAX_WAITING: usize = 256;
/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

#[derive(Clone, Debug)]
struct Api {
    authority: Arc<Authority>,
    waiting: Arc<Semaphore>,
    started_at: Timestamp,
}

/// The routes of one authority.
pub fn router(authority: Arc<Authority>) -> Router {
    let started_at = authority.clock().now();
    let mut routes = Router::new().route("/health", get(health));
    for call in Call::ALL {
        let handler = move |State(api): State<Api>, request: Request| async move {
            api.handle(call, request).await
        };
        routes = routes.route(call.path(), post(handler));
    }
    routes
        .method_not_allowed_fallback(|| async {
            respond(Answer::error(405, Reason::MethodNotAllowed, None))
        })
        .fallback(|| async { respond(Answer::error(404, Reason::NotFound, None)) })
        .with_state(Api {
            authority,
            waiting: Arc::new(Semaphore::new(MAX_WAITING)),
            started_at,
        })
}

impl Api {
    async fn handle(&self, call: Call, request: Request) -> Response {
        let (head, body) = request.into_parts();
        let correlation = correlation(&head.headers).to_owned();
        let answer = match self.answer(call, &head.headers, body).await {
            Ok(answer) => answer,
            Err((status, reason)) => Answer::error(status, reason, None),
        };
        info!(
            path = call.path(),
            status = answer.status(),
            reason = answer.reason().map_or("", Reason::code),
            replayed = answer.is_replayed(),
            correlation,
            "answered"
        );
        respond(answer)
    }

    async fn answer(
        &self,
        call: Call,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Answer, (u16, Reason)> {
        if !is_json(headers) {
            return Err((415, Reason::UnsupportedMediaType));
        }
        let key = idempotency_key(headers).map_err(|reason| (400, reason))?;
        let body = read(body).await?;
        let Ok(permit) = Arc::clone(&self.waiting).try_acquire_owned() else {
            return Err((503, Reason::Overloaded));
        };
        let authority = Arc::clone(&self.authority);
        tokio::task::spawn_blocking(move || {
            let answer = authority.answer(call, key, &body);
            drop(permit);
            answer
        })
        .await
        .map_err(|panic| {
            error!(%panic, "a call did not end");
            (500, Reason::Internal)
        })
    }
}

async fn health(State(api): State<Api>) -> Response {
    let options = api.authority.options();
    let uptime = api.authority.clock().now().duration_since(api.started_at);
    respond(Answer::new(
        200,
        &Health {
            status: "ok",
            version: env!("CARGO_PKG_VERSION"),
            trust_anchor: options.root.name(),
            challenge_policy: options.challenge_policy.as_str(),
            apps: options.acceptance.apps.iter().map(AppId::as_str).collect(),
            environments: options
                .acceptance
                .environments
                .iter()
                .map(|environment| environment.as_str())
                .collect(),
            certificates_at: options.certificates_at.map(rfc3339),
            key_count: api.authority.counts().keys,
            flow_count: api.authority.counts().flows,
            uptime_seconds: uptime.as_secs().max(0),
        },
    ))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Health<'a> {
    status: &'a str,
    version: &'a str,
    trust_anchor: &'a str,
    challenge_policy: &'a str,
    apps: Vec<&'a str>,
    environments: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificates_at: Option<String>,
    key_count: u64,
    flow_count: u64,
    uptime_seconds: i64,
}

/// Reads a whole body, within [`MAX_BODY`] and [`BODY_TIMEOUT`].
async fn read(body: Body) -> Result<Bytes, (u16, Reason)> {
    let read = Limited::new(body, MAX_BODY).collect();
    match tokio::time::timeout(BODY_TIMEOUT, read).await {
        Err(_) => Err((408, Reason::RequestTimeout)),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err((413, Reason::PayloadTooLarge)),
        Ok(Err(_)) => Err((400, Reason::UnreadableBody)),
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
    }
}

/// `application/json`, with any parameters.
fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Reason> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(only), None) => IdempotencyKey::parse(only.as_bytes()).map(Some),
        (Some(_), Some(_)) => Err(Reason::InvalidIdempotencyKey),
    }
}

/// The caller's correlation id, for the log, where it is short and visible ASCII.
fn correlation(headers: &HeaderMap) -> &str {
    headers
        .get(CORRELATION_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|text| text.len() <= 128)
        .unwrap_or_default()
}

fn respond(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let replayed = answer.is_replayed();
    let mut response = Response::new(Body::from(answer.into_body()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if replayed {
        headers.insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
