//! Identifiers of a flow. They are drawn outside: the core has no randomness.

use std::fmt;
use std::sync::Arc;

/// Characters in a flow handle: 24 random bytes in base64url without padding (RFC 4648 section 5).
pub const HANDLE_LENGTH: usize = 32;

/// An integrator-scoped, opaque and unguessable name of one flow.
///
/// A handle is a capability: whoever knows it may run steps. Its `Debug` form is therefore
/// redacted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowHandle(Arc<str>);

impl FlowHandle {
    /// The handle spelled by `text`, or `None` where the text cannot be one (another length, or a
    /// character outside base64url).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let base64url = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (text.len() == HANDLE_LENGTH && text.bytes().all(base64url)).then(|| Self(text.into()))
    }

    /// The handle as it stands in URLs and JSON: it needs no escaping in either.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for FlowHandle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FlowHandle(redacted)")
    }
}

/// The random id of one claim. It alone fences the claim's answer: retries share an attempt id
/// and counters can be turned back, this never recurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClaimId(pub u128);

/// The backend's idempotency key: it lives from the first claim of a request until an answer is
/// recorded, so that retries of one request carry one id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AttemptId(Arc<str>);

impl AttemptId {
    /// An attempt id with this text, which must be visible ASCII (it travels in a header).
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The id as it is sent in `Idempotency-Key` and shown in the history.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// SHA-256 of a request's body bytes. Two requests to one step of one flow are the same when
/// their fingerprints are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

/// What the service draws before each claim; the machine decides what of it is used.
#[derive(Clone, Debug)]
pub struct Draw {
    /// The id of the claim that may be made.
    pub claim: ClaimId,
    /// The attempt id to use where no earlier one is to be carried again.
    pub attempt: AttemptId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_32_characters_of_base64url_and_nothing_else() {
        assert!(FlowHandle::parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-_").is_some());
        assert!(FlowHandle::parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-").is_none());
        assert!(FlowHandle::parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-_A").is_none());
        assert!(FlowHandle::parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+/").is_none());
        assert!(FlowHandle::parse("éAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").is_none());
    }

    #[test]
    fn a_handle_never_shows_itself_in_debug_output() {
        let handle = FlowHandle::parse("SECRETSECRETSECRETSECRETSECRET42").unwrap();
        assert!(!format!("{handle:?}").contains("SECRET"));
    }
}
