//! JSON pointers (RFC 6901).

use core::fmt;
use core::str::FromStr;

/// A JSON pointer: the way from a document's root to one value in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pointer {
    tokens: Vec<String>,
}

/// Why a text is no JSON pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PointerError {
    /// A pointer is empty or starts with a slash.
    #[error("a JSON pointer starts with \"/\"")]
    NoLeadingSlash,
    /// A tilde is followed by neither 0 nor 1.
    #[error("in a JSON pointer \"~\" is written \"~0\", and \"/\" inside a name \"~1\"")]
    BadTilde,
}

impl Pointer {
    /// Parses the text of a pointer; the empty text is the whole document.
    ///
    /// # Errors
    ///
    /// What RFC 6901 refuses: no slash in front, or a stray tilde.
    pub fn parse(text: &str) -> Result<Self, PointerError> {
        if text.is_empty() {
            return Ok(Self { tokens: Vec::new() });
        }
        let rest = text.strip_prefix('/').ok_or(PointerError::NoLeadingSlash)?;
        let tokens = rest.split('/').map(unescape).collect::<Result<_, _>>()?;
        Ok(Self { tokens })
    }

    /// The names and array indexes on the way, unescaped; none for the whole
    /// document.
    #[must_use]
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// Whether the value that `self` points to holds (or is) the one that
    /// `other` points to.
    #[must_use]
    pub fn is_prefix_of(&self, other: &Self) -> bool {
        other.tokens.starts_with(&self.tokens)
    }

    /// The pointer without its first token, as seen from the member that the
    /// first token names; the whole document stays as it is.
    #[must_use]
    pub fn below_first(&self) -> Self {
        Self {
            tokens: self.tokens.iter().skip(1).cloned().collect(),
        }
    }
}

impl FromStr for Pointer {
    type Err = PointerError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for token in &self.tokens {
            write!(f, "/{}", token.replace('~', "~0").replace('/', "~1"))?;
        }
        Ok(())
    }
}

/// The array index that a token spells: digits without a leading zero.
pub(super) fn array_index(token: &str) -> Option<usize> {
    let plain = token == "0" || !token.starts_with('0');
    let digits = token.bytes().all(|byte| byte.is_ascii_digit());
    (plain && digits).then(|| token.parse().ok()).flatten()
}

fn unescape(token: &str) -> Result<String, PointerError> {
    let mut parts = token.split('~');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (character, rest) = match (part.strip_prefix('0'), part.strip_prefix('1')) {
            (Some(rest), _) => ('~', rest),
            (_, Some(rest)) => ('/', rest),
            (None, None) => return Err(PointerError::BadTilde),
        };
        plain.push(character);
        plain.push_str(rest);
    }
    Ok(plain)
}
