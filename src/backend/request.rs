//! One call to the backend, as the orchestrator asks for it.

use std::sync::Arc;

use http::HeaderMap;
use integrator_core::flow::message::Message;

use crate::trace_context::TraceContext;

/// A request that stands on its own: nothing of the caller's but what is named here reaches the
/// backend.
#[derive(Clone)]
pub struct BackendRequest {
    /// Where to, under the backend's base address, and what.
    pub message: Message,
    /// The headers of the caller's that go along.
    pub headers: HeaderMap,
    /// `X-Correlation-ID`.
    pub correlation_id: Arc<str>,
    /// `X-Flow-Handle`.
    pub flow_handle: String,
    /// `Idempotency-Key`: the attempt id.
    pub attempt: String,
    /// `traceparent` and `tracestate`.
    pub trace: TraceContext,
}
