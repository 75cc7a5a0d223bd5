//! One small scanner for JSON text.
//!
//! The integrator looks at a few members of documents that belong to others
//! and forwards their bytes as they came. So nothing here builds a value tree,
//! decodes what nobody asked for, or writes a document anew: a [`Value`] is a
//! checked slice of the original text, and every look goes through it.
//!
//! What counts as JSON: UTF-8 without a byte order mark, the grammar of
//! RFC 8259, lone surrogate escapes allowed, numbers of any size and spelling,
//! doubled names allowed (whoever looks at one is told), and no more than a
//! given number of containers open at once. The scanner keeps its own stack,
//! so that depth costs bytes of heap and never the thread's stack.

mod decimal;
mod error;
mod pointer;
mod scan;
mod splice;
#[cfg(test)]
mod tests;
mod text;
mod value;
mod walk;

pub use decimal::Decimal;
pub use error::{JsonError, JsonErrorKind};
pub use pointer::{Pointer, PointerError};
pub use splice::splice;
pub use text::write_string;
pub use value::{Kind, Member, Members, Resolved, Value, names_unique};
