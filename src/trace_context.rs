//! W3C Trace Context (Recommendation of 2021-11-23): taken in, checked, and passed on.

use crate::entropy::{self, Entropy, EntropyError};

/// The longest `tracestate` that is passed on, in bytes (the standard asks for at least 512).
const MAX_STATE_BYTES: usize = 4096;

/// A valid `traceparent`, with the `tracestate` that came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    parent: String,
    state: Option<String>,
}

impl TraceContext {
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
        match parent {
            Some(parent) if is_valid(parent) => Ok(Self {
                parent: parent.to_owned(),
                state: state.filter(|state| is_passable(state)).map(str::to_owned),
            }),
            Some(_) | None => Self::generate(entropy),
        }
    }

    fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let trace = u128::from_be_bytes(entropy::array(entropy)?).max(1);
        let span = u64::from_be_bytes(entropy::array(entropy)?).max(1);
        Ok(Self {
            parent: format!("00-{trace:032x}-{span:016x}-00"),
            state: None,
        })
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
