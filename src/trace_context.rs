//! W3C Trace Context (Recommendation of 2021-11-23): taken in, checked, and passed on; as it came
//! where no traces are sent, and naming our own spans where they are.

use std::future::Future;

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::entropy::{self, Entropy, EntropyError};

tokio::task_local! {
    /// The trace that the work of this task belongs to.
    static OF_TASK: String;
}

/// The longest `tracestate` that is passed on, in bytes (the standard asks for at least 512).
const MAX_STATE_BYTES: usize = 4096;

/// A valid `traceparent`, with the `tracestate` that came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    parent: String,
    state: Option<String>,
}

impl TraceContext {
    /// The caller's context, if it sent a valid one.
    #[must_use]
    pub fn sent(parent: Option<&str>, state: Option<&str>) -> Option<Self> {
        parent.filter(|parent| is_valid(parent)).map(|parent| Self {
            parent: parent.to_owned(),
            state: state.filter(|state| is_passable(state)).map(str::to_owned),
        })
    }

    /// The caller's context; where it is missing or invalid, a new one that nobody sampled.
    ///
    /// # Errors
    ///
    /// [`EntropyError`] where a new one is needed and cannot be drawn.
    pub fn adopt(
        parent: Option<&str>,
        state: Option<&str>,
        entropy: &dyn Entropy,
    ) -> Result<Self, EntropyError> {
        Self::sent(parent, state).map_or_else(|| Self::generate(entropy), Ok)
    }

    fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let trace = u128::from_be_bytes(entropy::array(entropy)?).max(1);
        let span = u64::from_be_bytes(entropy::array(entropy)?).max(1);
        Ok(Self {
            parent: format!("00-{trace:032x}-{span:016x}-00"),
            state: None,
        })
    }

    /// Makes a span that was just opened a part of this trace: a child of the caller's span.
    pub fn continue_in(&self, span: &Span) {
        if span.is_disabled() {
            return;
        }
        let remote = self.as_remote();
        // A span that takes no parent any more, or that nobody sends, stands for itself.
        let _stands_alone = span.set_parent(Context::new().with_remote_span_context(remote));
    }

    fn as_remote(&self) -> SpanContext {
        let fields: Vec<&str> = self.parent.split('-').collect();
        let field = |at: usize| fields.get(at).copied().unwrap_or_default();
        let flags = u8::from_str_radix(field(3), 16).unwrap_or_default();
        SpanContext::new(
            TraceId::from_hex(field(1)).unwrap_or(TraceId::INVALID),
            SpanId::from_hex(field(2)).unwrap_or(SpanId::INVALID),
            // Of later versions of the standard this one flag alone is known.
            TraceFlags::new(flags) & TraceFlags::SAMPLED,
            true,
            // What goes on to the backend is the text; this is what spans show of it.
            self.state()
                .and_then(|state| state.parse().ok())
                .unwrap_or_default(),
        )
    }

    /// The context of whatever happens inside `span`: the same trace with that span as the parent,
    /// or this context unchanged where the span is not one that is sent.
    #[must_use]
    pub fn within(&self, span: &Span) -> Self {
        match sent_span(span) {
            Some(own) => Self {
                parent: format!(
                    "00-{}-{}-{:02x}",
                    own.trace_id(),
                    own.span_id(),
                    own.trace_flags()
                ),
                state: self.state.clone(),
            },
            None => self.clone(),
        }
    }

    /// The trace's id, in 32 hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> &str {
        self.parent.split('-').nth(1).unwrap_or_default()
    }

    /// Does work as a part of this trace, so that whoever tells of it can name the trace.
    pub async fn scope<F: Future>(&self, work: F) -> F::Output {
        OF_TASK.scope(self.id().to_owned(), work).await
    }

    /// `traceparent`.
    #[must_use]
    pub fn parent(&self) -> &str {
        &self.parent
    }

    /// `tracestate`.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }
}

/// The id of the trace that the work of this task belongs to.
#[must_use]
pub fn id_of_task() -> Option<String> {
    let known = OF_TASK.try_with(Clone::clone).ok();
    known.or_else(|| id_of_span(&Span::current()))
}

/// The id of the trace that `span` is part of, where traces are sent.
#[must_use]
pub fn id_of_span(span: &Span) -> Option<String> {
    sent_span(span).map(|own| own.trace_id().to_string())
}

fn sent_span(span: &Span) -> Option<SpanContext> {
    if span.is_disabled() {
        return None;
    }
    let context = span.context();
    let own = context.span().span_context().clone();
    own.is_valid().then_some(own)
}

fn is_passable(state: &str) -> bool {
    !state.is_empty() && state.len() <= MAX_STATE_BYTES
}

/// Section 3.2 of the recommendation: version 00 has exactly four fields, later ones may have
/// more; ids of only zeros are invalid, and so is version ff.
fn is_valid(parent: &str) -> bool {
    let mut fields = parent.split('-');
    let (Some(version), Some(trace), Some(span), Some(flags)) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return false;
    };
    let no_more = fields.next().is_none();
    is_hex(version, 2)
        && version != "ff"
        && (version != "00" || no_more)
        && is_hex(trace, 32)
        && is_hex(span, 16)
        && is_hex(flags, 2)
        && [trace, span]
            .iter()
            .all(|id| id.bytes().any(|digit| digit != b'0'))
}

fn is_hex(text: &str, length: usize) -> bool {
    let lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == length && text.bytes().all(lower_hex)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    const VALID: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_valid_context_is_passed_on_unchanged() {
        let context = TraceContext::adopt(Some(VALID), Some("vendor=1"), &SystemEntropy).unwrap();
        assert_eq!(context.parent(), VALID);
        assert_eq!(context.state(), Some("vendor=1"));
    }

    #[test]
    fn an_invalid_context_is_replaced_and_its_state_dropped() {
        let zero = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
        let longer = format!("{VALID}-extra");
        let upper = VALID.to_uppercase();
        for invalid in [
            zero,
            &longer,
            &upper,
            "",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            let context =
                TraceContext::adopt(Some(invalid), Some("vendor=1"), &SystemEntropy).unwrap();
            assert!(is_valid(context.parent()), "{invalid}");
            assert_ne!(context.parent(), invalid);
            assert_eq!(context.state(), None);
        }
    }

    #[test]
    fn a_later_version_may_carry_more_fields() {
        let later = VALID.replacen("00", "cc", 1) + "-what-the-future-will-be-like";
        let context = TraceContext::adopt(Some(&later), None, &SystemEntropy).unwrap();
        assert_eq!(context.parent(), later);
    }
}
