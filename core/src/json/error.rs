//! Why a text is not JSON. Messages tell where, never what stood there.

/// Why a text is not JSON, and where.
///
/// The message never repeats any of the text, so that it may be logged and
/// sent to whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (at byte {offset})")]
pub struct JsonError {
    /// Offset in bytes from the start of the text.
    pub offset: usize,
    /// What is wrong there.
    pub kind: JsonErrorKind,
}

/// What is wrong with a text that is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonErrorKind {
    /// The text starts with a byte order mark.
    #[error("a byte order mark is not part of JSON text")]
    ByteOrderMark,
    /// A byte sequence is not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// The text ends inside a value, or is empty.
    #[error("the text ends before the value does")]
    UnexpectedEnd,
    /// A byte stands where the grammar has no place for it.
    #[error("unexpected character")]
    UnexpectedByte,
    /// A control character stands unescaped in a string.
    #[error("a control character in a string must be escaped")]
    ControlCharacter,
    /// A backslash in a string starts no escape that JSON knows.
    #[error("unknown escape in a string")]
    BadEscape,
    /// More containers are open at once than the caller allows.
    #[error("more than {max} containers are open at once")]
    TooDeep {
        /// The greatest number of containers that may be open at once.
        max: usize,
    },
    /// Something other than white space follows the value.
    #[error("text follows the value")]
    TrailingText,
}
