//! The one body of every refusal and failure: a problem (RFC 9457) with the error envelope inside.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use bytes::Bytes;
use integrator_core::flow::answer::WholeAnswer;

use super::json::ObjectWriter;
use super::observation::write_expiry;
use super::verbatim::write_backend;
use crate::openapi::CodeFacts;
use crate::orchestrator::code::Code;
use crate::orchestrator::failure::{FlowContext, Limited};

/// Marks every error that we author; a backend's bytes never carry it.
pub(super) const INTEGRATOR_ERROR: HeaderName = HeaderName::from_static("x-integrator-error");
/// How much of an answer that is not JSON a problem shows, in bytes.
const SHOWN_BYTES: usize = 8 * 1024;

/// A refusal or failure on its way out. It is written where the correlation id is known.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) code: Code,
    pub(super) detail: String,
    pub(super) flow: Option<Box<FlowContext>>,
    pub(super) protocol: Option<Arc<str>>,
    pub(super) step: Option<String>,
    pub(super) correlation_id: Option<Arc<str>>,
    pub(super) outcome: Option<&'static str>,
    pub(super) answer: Option<WholeAnswer>,
    /// Why the gate in front of the backend holds the request back.
    pub(super) limited: Option<Box<Limited>>,
    /// Why the service failed, for the log alone.
    pub(super) cause: Option<String>,
    pub(super) closes: bool,
    pub(super) replayed: bool,
}

impl Problem {
    pub(super) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            flow: None,
            protocol: None,
            step: None,
            correlation_id: None,
            outcome: None,
            answer: None,
            limited: None,
            cause: None,
            closes: false,
            replayed: false,
        }
    }

    /// The connection ends with this reply, because what follows on it cannot be read.
    pub(super) fn closing(mut self) -> Self {
        self.closes = true;
        self
    }

    fn body(&self, correlation_id: &str) -> Bytes {
        let code = self.code.as_str();
        let mut object = ObjectWriter::new();
        object
            .string("type", &format!("urn:appattest-integrator:problem:{code}"))
            .string("title", title(self.code))
            .number("status", u64::from(status(self.code).as_u16()))
            .string("detail", &self.detail)
            .string("code", code);
        if let Some(flow) = &self.flow {
            object.string("flowHandle", flow.handle.as_str());
        }
        if let Some(step) = &self.step {
            object.string("step", step);
        }
        if let Some(flow) = &self.flow {
            object.string("state", &flow.state);
            object.strings("allowedSteps", flow.allowed.iter().map(String::as_str));
        }
        object.boolean("retryable", is_retryable(self.code));
        if let Some(limited) = &self.limited {
            object.raw("admission", &admission(limited));
        }
        if let Some(outcome) = self.outcome {
            object.string("outcome", outcome);
        }
        if let Some(answer) = &self.answer {
            object.number("backendStatus", u64::from(answer.status));
            write_backend(&mut object, &answer.body, SHOWN_BYTES);
        }
        if let Some(flow) = &self.flow {
            write_expiry(&mut object, &flow.expires_at);
        }
        object.string("correlationID", correlation_id);
        let mut envelope = ObjectWriter::new();
        envelope
            .string("code", code)
            .string("message", &self.detail);
        object.raw("error", &envelope.finish());
        object.into_bytes()
    }

    /// The whole reply, for a request that is correlated by `correlation_id`.
    pub(super) fn write(&self, correlation_id: &str) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body(correlation_id)));
        *response.status_mut() = status(self.code);
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(
            INTEGRATOR_ERROR,
            HeaderValue::from_static(self.code.as_str()),
        );
        if asks_to_wait(self.code) {
            let seconds = self
                .limited
                .as_ref()
                .map(|limited| limited.retry_after_seconds());
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.unwrap_or(1)));
        }
        if self.closes {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if self.replayed {
            headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
        }
        response
    }
}

/// The numbers that a request was held back by; a latency that is not known yet is 0.
fn admission(limited: &Limited) -> Vec<u8> {
    let mut numbers = ObjectWriter::new();
    numbers
        .decimal("ewma_ms", limited.ewma_ms.unwrap_or_default())
        .decimal("target_ms", limited.target_ms)
        .decimal("rate_tps", limited.rate_tps)
        .number("retry_after_ms", limited.retry_after_ms());
    numbers.finish()
}

impl IntoResponse for Problem {
    /// An empty reply that carries the problem to the layer which writes it.
    fn into_response(self) -> axum::response::Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status(self.code);
        response.extensions_mut().insert(self);
        response
    }
}

/// How a code is written, for whoever describes the replies.
pub(super) fn facts(code: Code) -> CodeFacts {
    CodeFacts {
        status: status(code).as_u16(),
        title: title(code),
        retryable: is_retryable(code),
        waits: asks_to_wait(code),
    }
}

const fn status(code: Code) -> StatusCode {
    match code {
        Code::InvalidInput => StatusCode::BAD_REQUEST,
        Code::Forbidden => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        Code::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::SequenceViolation
        | Code::TerminalState
        | Code::StepInProgress
        | Code::OutcomeUnknown => StatusCode::CONFLICT,
        Code::AdmissionLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::Expired => StatusCode::GONE,
        Code::IdempotencyKeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        Code::BackendUnavailable | Code::BackendError | Code::BackendUnclassified => {
            StatusCode::BAD_GATEWAY
        }
        Code::CapacityExhausted | Code::StoreUnavailable | Code::ShuttingDown => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Code::BackendTimeout => StatusCode::GATEWAY_TIMEOUT,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

const fn title(code: Code) -> &'static str {
    match code {
        Code::InvalidInput => "Invalid input",
        Code::Forbidden => "Forbidden",
        Code::NotFound => "Not found",
        Code::MethodNotAllowed => "Method not allowed",
        Code::RequestTimeout => "Request timeout",
        Code::PayloadTooLarge => "Payload too large",
        Code::UnsupportedMediaType => "Unsupported media type",
        Code::SequenceViolation => "Sequence violation",
        Code::TerminalState => "Terminal state",
        Code::StepInProgress => "Step in progress",
        Code::OutcomeUnknown => "Outcome unknown",
        Code::Expired => "Expired",
        Code::AdmissionLimited => "Admission limited",
        Code::IdempotencyKeyReused => "Idempotency key reused",
        Code::BackendUnavailable => "Backend unavailable",
        Code::BackendError => "Backend error",
        Code::BackendUnclassified => "Backend unclassified",
        Code::CapacityExhausted => "Capacity exhausted",
        Code::StoreUnavailable => "Store unavailable",
        Code::ShuttingDown => "Shutting down",
        Code::BackendTimeout => "Backend timeout",
        Code::Internal => "Internal error",
    }
}

/// Whether the same request may succeed later without anything being changed in it.
const fn is_retryable(code: Code) -> bool {
    asks_to_wait(code)
        || matches!(
            code,
            Code::BackendUnavailable | Code::BackendTimeout | Code::BackendError
        )
}

const fn asks_to_wait(code: Code) -> bool {
    matches!(
        code,
        Code::AdmissionLimited
            | Code::CapacityExhausted
            | Code::StoreUnavailable
            | Code::ShuttingDown
            | Code::StepInProgress
    )
}
