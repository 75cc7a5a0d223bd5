//! One call to the backend, as the orchestrator asks for it.

use std::sync::Arc;

use bytes::Bytes;

use crate::trace_context::TraceContext;

/// A request that stands on its own: nothing of the caller's but the body and what is named here
/// reaches the backend.
#[derive(Clone)]
pub struct BackendRequest {
    /// The path under the backend's base address, as the definition writes it.
    pub path: Arc<str>,
    /// The JSON body.
    pub body: Bytes,
    /// `X-Correlation-ID`.
    pub correlation_id: Arc<str>,
    /// `X-Flow-Handle`.
    pub flow_handle: String,
    /// `Idempotency-Key`: the attempt id.
    pub attempt: String,
    /// `traceparent` and `tracestate`.
    pub trace: TraceContext,
}
