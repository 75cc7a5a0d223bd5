//! What stands around the body of a request: its headers, of which a definition may name some to go
//! along, and its trace.

use std::sync::Arc;

use http::header::{CONNECTION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName};
use integrator_core::protocol::{Sends, Step};

use crate::trace_context::TraceContext;

/// The headers and the trace of a request. Cheap to clone; it shows no header's value.
#[derive(Clone)]
pub struct Envelope {
    headers: Arc<HeaderMap>,
    trace: TraceContext,
}

impl Envelope {
    /// The envelope of a request with these headers.
    #[must_use]
    pub fn new(headers: HeaderMap, trace: TraceContext) -> Self {
        Self {
            headers: Arc::new(headers),
            trace,
        }
    }

    /// The caller's trace, or the one that was made for it.
    #[must_use]
    pub const fn trace(&self) -> &TraceContext {
        &self.trace
    }

    /// Whether the body is said to be JSON: `application/json` with any parameters, or nothing.
    #[must_use]
    pub fn allows_json(&self) -> bool {
        let mut types = self.headers.get_all(CONTENT_TYPE).iter();
        let Some(first) = types.next() else {
            return true;
        };
        let essence = first.to_str().ok().and_then(|text| text.split(';').next());
        let is_json = |essence: &str| essence.trim().eq_ignore_ascii_case("application/json");
        types.next().is_none() && essence.is_some_and(is_json)
    }

    /// The headers that go along to the backend of this step: those that its definition names, and
    /// what the caller says of bytes that nobody here reads.
    #[must_use]
    pub fn going_along(&self, step: &Step) -> HeaderMap {
        let unread = (step.sends() == Sends::Raw).then_some("content-type");
        let names = step.headers().iter().map(String::as_str);
        self.named(names.chain(unread))
    }

    /// Every value of the headers of these names, in the order that they arrived in; none of those
    /// that are for this connection alone (RFC 9110, section 7.6.1).
    fn named<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> HeaderMap {
        let mut named = HeaderMap::new();
        for name in names {
            let Ok(name) = HeaderName::try_from(name) else {
                continue;
            };
            if self.is_for_this_connection(&name) {
                continue;
            }
            for value in self.headers.get_all(&name) {
                named.append(name.clone(), value.clone());
            }
        }
        named
    }

    fn is_for_this_connection(&self, name: &HeaderName) -> bool {
        let listed = self.headers.get_all(CONNECTION).iter();
        let listed = listed.filter_map(|value| value.to_str().ok());
        let mut options = listed.flat_map(|value| value.split(','));
        options.any(|option| option.trim().eq_ignore_ascii_case(name.as_str()))
    }
}
