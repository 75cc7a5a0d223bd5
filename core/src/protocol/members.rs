//! What a request may hold.
//!
//! In two parts, because checks of the flow's state stand between them:
//! [`read_body`] says whether there is a readable object at all,
//! [`check_members`] whether its members are those that the step takes.

use core::fmt;

use super::step::Step;
use crate::json::{Kind, Resolved, Value, names_unique};

/// The greatest number of containers open at once in a request body.
pub const REQUEST_DEPTH_MAX: usize = 64;
/// The greatest length of a remembered member's value, in bytes of JSON text.
pub const REMEMBERED_BYTES_MAX: usize = 1024;

/// A request's body, as far as its step reads it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Body<'a> {
    /// One JSON object without doubled names.
    Members {
        /// The body as it was sent; empty if it was empty.
        bytes: &'a [u8],
        /// The object that it is.
        object: Value<'a>,
    },
    /// Bytes that nobody reads: the body of a `raw` step.
    Unread(&'a [u8]),
}

/// Why a request cannot be taken, and what to do about it.
///
/// The text is ours and the definition's; nothing of the request is repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct InvalidInput {
    detail: String,
}

/// Reads a request body; an empty one is the empty object.
///
/// # Errors
///
/// A body that is not JSON, is no object, nests too deep, or holds one name
/// twice at the top level (compared after unescaping).
pub fn read_body(bytes: &[u8]) -> Result<Body<'_>, InvalidInput> {
    let object = match bytes {
        [] => Value::EMPTY_OBJECT,
        text => Value::parse(text, REQUEST_DEPTH_MAX)
            .map_err(|error| InvalidInput::new(format!("the body is not JSON: {error}")))?,
    };
    if object.kind() != Kind::Object {
        return Err(InvalidInput::new("the body must be a JSON object"));
    }
    if !names_unique(&object) {
        return Err(InvalidInput::new(
            "the body names one member twice: send every top-level member once",
        ));
    }
    Ok(Body::Members { bytes, object })
}

/// Checks that a request holds what the step requires, nothing that the flow
/// attaches, and nothing to be remembered that is too long.
///
/// # Errors
///
/// The first member that is not as it must be, by the definition's name.
pub fn check_members(step: &Step, body: &Body<'_>) -> Result<(), InvalidInput> {
    for name in step.require() {
        let value = body.member(name);
        if !value.is_some_and(|value| value.is_nonempty_string()) {
            return Err(InvalidInput::new(format!(
                "member '{name}' is required by step '{}': send it as a non-empty string",
                step.name()
            )));
        }
    }
    for (name, _) in step.attach() {
        if body.member(name).is_some() {
            return Err(InvalidInput::new(format!(
                "member '{name}' is attached by the flow in step '{}': leave it out",
                step.name()
            )));
        }
    }
    for (name, value) in body.remembered(step) {
        if value.raw().len() > REMEMBERED_BYTES_MAX {
            return Err(InvalidInput::new(format!(
                "member '{name}' is remembered by the flow: send at most {REMEMBERED_BYTES_MAX} bytes of JSON text"
            )));
        }
    }
    Ok(())
}

impl<'a> Body<'a> {
    /// The body as it was sent, white space and all; empty if it was empty.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        match self {
            Self::Members { bytes, .. } | Self::Unread(bytes) => bytes,
        }
    }

    /// The object that it is; an unread body has no members.
    #[must_use]
    pub const fn object(&self) -> Value<'a> {
        match self {
            Self::Members { object, .. } => *object,
            Self::Unread(_) => Value::EMPTY_OBJECT,
        }
    }

    /// The member of that name.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<Value<'a>> {
        match self.object().member(name) {
            Resolved::Found(value) => Some(value),
            // Doubled names were refused when the body was read.
            Resolved::Absent | Resolved::Doubled => None,
        }
    }

    /// The members that the step remembers, as far as they were sent; `null`
    /// is not remembered.
    pub fn remembered<'s>(&self, step: &'s Step) -> impl Iterator<Item = (&'s str, Value<'a>)> {
        let body = *self;
        let names = step.remember().iter();
        let sent = names.filter_map(move |name| Some((name.as_str(), body.member(name)?)));
        sent.filter(|(_, value)| value.kind() != Kind::Null)
    }
}

impl InvalidInput {
    pub(crate) fn new(detail: impl Into<String>) -> Self {
        Self {
            detail: detail.into(),
        }
    }

    /// The message for whoever sent the request.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "body of {} bytes", self.bytes().len())
    }
}
