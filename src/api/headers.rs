//! Request headers that mean something to us.

use std::borrow::Cow;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName};

use super::problem::Problem;
use crate::entropy::{Entropy, EntropyError};
use crate::orchestrator::code::Code;
use crate::trace_context::TraceContext;

/// Names one flow's doings across services.
pub(super) const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Digits of the largest version there can be.
const VERSION_DIGITS: usize = 20;
const MAX_CORRELATION_ID: usize = 128;
const MAX_IDEMPOTENCY_KEY: usize = 255;

/// The caller's correlation id; `None` where none was sent.
pub(super) fn correlation_id(headers: &HeaderMap) -> Result<Option<Arc<str>>, Problem> {
    let Some(text) = single(headers, &CORRELATION_ID)? else {
        return Ok(None);
    };
    if is_correlation_id(&text) {
        return Ok(Some(text.as_ref().into()));
    }
    let detail = "header X-Correlation-ID must be 1 to 128 visible ASCII characters";
    Err(Problem::new(Code::InvalidInput, detail))
}

/// The caller's idempotency key, without the quotes that it may stand in (RFC 8941 strings).
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<Arc<str>>, Problem> {
    let Some(text) = single(headers, &IDEMPOTENCY_KEY)? else {
        return Ok(None);
    };
    let key = if text.starts_with('"') {
        unquoted(&text)
    } else {
        Some(text)
    };
    match key.filter(|key| is_visible(key, MAX_IDEMPOTENCY_KEY)) {
        Some(key) => Ok(Some(key.as_ref().into())),
        None => {
            let detail = "header Idempotency-Key must be 1 to 255 visible ASCII characters, bare \
                          or as one quoted string";
            Err(Problem::new(Code::InvalidInput, detail))
        }
    }
}

/// The version of the last event that a reader of a stream has had.
pub(super) fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(text) = single(headers, &LAST_EVENT_ID)? else {
        return Ok(None);
    };
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || !(1..=VERSION_DIGITS).contains(&text.len()) {
        let detail = "header Last-Event-ID must be the id of an event of this stream: a number of \
                      at most 20 digits";
        return Err(Problem::new(Code::InvalidInput, detail));
    }
    // What is beyond all versions is beyond the latest.
    Ok(Some(text.parse().unwrap_or(u64::MAX)))
}

/// The caller's trace, if it sent a valid one.
pub(super) fn sent_trace(headers: &HeaderMap) -> Option<TraceContext> {
    let (parent, state) = trace_headers(headers);
    TraceContext::sent(parent, state.as_deref())
}

/// The caller's trace, or a new one.
pub(super) fn trace(
    headers: &HeaderMap,
    entropy: &dyn Entropy,
) -> Result<TraceContext, EntropyError> {
    let (parent, state) = trace_headers(headers);
    TraceContext::adopt(parent, state.as_deref(), entropy)
}

fn trace_headers(headers: &HeaderMap) -> (Option<&str>, Option<String>) {
    let mut parents = headers.get_all("traceparent").iter();
    let parent = parents.next().filter(|_| parents.next().is_none());
    let states: Vec<&str> = headers
        .get_all("tracestate")
        .iter()
        .filter_map(|state| state.to_str().ok())
        .collect();
    let state = (!states.is_empty()).then(|| states.join(","));
    (parent.and_then(|parent| parent.to_str().ok()), state)
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<Cow<'a, str>>, Problem> {
    let mut values = headers.get_all(name).iter();
    let value = values.next();
    if values.next().is_some() {
        let detail = format!("header {name} was sent more than once");
        return Err(Problem::new(Code::InvalidInput, detail));
    }
    Ok(value.map(|value| String::from_utf8_lossy(value.as_bytes())))
}

/// Whether a text may be a correlation id.
pub(super) fn is_correlation_id(text: &str) -> bool {
    is_visible(text, MAX_CORRELATION_ID)
}

fn is_visible(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn unquoted(text: &str) -> Option<Cow<'_, str>> {
    let inside = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut key = String::with_capacity(inside.len());
    let mut characters = inside.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return None,
            '\\' => key.push(
                characters
                    .next()
                    .filter(|next| matches!(next, '"' | '\\'))?,
            ),
            plain => key.push(plain),
        }
    }
    Some(Cow::Owned(key))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn key(text: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(IDEMPOTENCY_KEY, HeaderValue::from_str(text).unwrap());
        idempotency_key(&headers)
            .ok()
            .flatten()
            .map(|key| key.to_string())
    }

    #[test]
    fn a_quoted_key_and_a_bare_one_are_the_same() {
        assert_eq!(key("\"abc\""), key("abc"));
        assert_eq!(key(r#""a\"b\\c""#).unwrap(), r#"a"b\c"#);
    }

    #[test]
    fn a_key_is_1_to_255_visible_characters() {
        assert!(key(&"k".repeat(255)).is_some());
        assert!(key(&format!("\"{}\"", "k".repeat(255))).is_some());
        for bad in [
            "\"\"",
            "\"",
            "a b",
            "\"a\"b\"",
            "\"a",
            "\"a\\n\"",
            &"k".repeat(256),
        ] {
            assert!(key(bad).is_none(), "{bad}");
        }
    }
}
