//! From the text of a definition to a protocol, or to everything wrong with it.

use super::problem::Problem;
use super::table::Protocol;

/// A protocol, and what is odd about its definition.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The compiled and proved protocol.
    pub protocol: Protocol,
    /// What is allowed but probably not meant, in the order of the file.
    pub warnings: Vec<Problem>,
}

/// Compiles and proves a definition.
///
/// `file` is the name that messages use; `digest` is the hexadecimal SHA-256 of
/// `text`, computed by the caller because this package has no hash.
///
/// # Errors
///
/// Everything that is wrong with the definition, in the order of the file.
pub fn compile(file: &str, text: &str, digest: &str) -> Result<Compiled, Vec<Problem>> {
    todo!("{file}{text}{digest}")
}
