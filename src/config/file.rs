//! The layer of the file: read, and either walked or, where it is not TOML, told line by line.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

use toml::de::DeTable;

use super::environment::Environment;
use super::settled::Settled;
use super::walk::Walk;
use crate::problems::Problem;
use crate::text_file::{self, TextFileError};

/// The file that is read when none is named and it is there.
const DEFAULT_FILE: &str = "config/integrator.toml";
/// At most so many bytes are read.
const MOST_BYTES: u64 = 1024 * 1024;

/// Lays the file over what is settled so far.
pub(super) fn apply(
    named: Option<&Path>,
    directory: &Path,
    environment: &Environment,
    settled: &mut Settled,
) {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    match text_file::read(&directory.join(path), MOST_BYTES) {
        Ok(text) => parse(&path.display().to_string(), &text, environment, settled),
        Err(TextFileError::Unreadable(error))
            if named.is_none() && error.kind() == ErrorKind::NotFound => {}
        Err(error) => {
            settled.file_understood = false;
            settled.problems.push(Problem::new(format!(
                "{}: the configuration {error}",
                path.display()
            )));
        }
    }
}

fn parse(path: &str, text: &str, environment: &Environment, settled: &mut Settled) {
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut walk = Walk::new(path, text, environment, settled);
    if errors.is_empty() {
        walk.file(document.get_ref());
    } else {
        // In the order of the file; what one mistake makes the parser say twice is told once.
        walk.not_toml(errors.iter().map(told).collect::<BTreeSet<_>>());
    }
}

/// Where an error of the TOML is, and what is wrong there. The message alone: the error's own text
/// repeats the line, which may hold a credential.
fn told(error: &toml::de::Error) -> (usize, String) {
    let offset = error.span().map_or(0, |span| span.start);
    (offset, error.message().to_owned())
}
