//! How large a definition and its parts may be.
//!
//! Generous for any protocol that a person would write, small enough that even
//! the worst file is judged in a moment.

/// Bytes of a definition's text.
pub const DEFINITION_BYTES_MAX: usize = 256 * 1024;
/// States of a protocol, `expired` and `error` included.
pub const STATES_MAX: usize = 64;
/// Steps of a protocol.
pub const STEPS_MAX: usize = 64;
/// Rules of a step.
pub const OUTCOMES_MAX: usize = 32;
/// Entries in each of `require`, `remember`, `attach`, `default` and `reply`.
pub const MEMBERS_MAX: usize = 64;
/// Entries in `when`, and in `expect`, of one rule.
pub const CONDITIONS_MAX: usize = 16;
/// Entries in `headers`.
pub const HEADERS_MAX: usize = 16;
/// Characters of a protocol's, step's or state's name.
pub const NAME_CHARS_MAX: usize = 40;
/// Bytes of a member's name.
pub const MEMBER_BYTES_MAX: usize = 128;
/// Characters of a title.
pub const TITLE_CHARS_MAX: usize = 200;
/// Bytes of a JSON pointer.
pub const POINTER_BYTES_MAX: usize = 512;
/// Bytes of a call's path.
pub const PATH_BYTES_MAX: usize = 512;
/// Bytes of a string, and characters of a number, that `when` compares with.
pub const COMPARED_BYTES_MAX: usize = 1024;
