//! Ids of traces and spans, from the one source of randomness.

use std::fmt;
use std::sync::Arc;

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::IdGenerator;

use crate::entropy::{Entropy, array};

/// Draws ids. Where the source fails the id is invalid, and the span is not sent.
pub(super) struct DrawnIds(pub(super) Arc<dyn Entropy>);

impl IdGenerator for DrawnIds {
    fn new_trace_id(&self) -> TraceId {
        array(&*self.0).map_or(TraceId::INVALID, TraceId::from_bytes)
    }

    fn new_span_id(&self) -> SpanId {
        array(&*self.0).map_or(SpanId::INVALID, SpanId::from_bytes)
    }
}

impl fmt::Debug for DrawnIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DrawnIds")
    }
}
