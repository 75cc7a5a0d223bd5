//! The definition that a command is about: a file of its own, or a protocol that is loaded.

use std::io;
use std::path::Path;
use std::sync::Arc;

use integrator_core::protocol::limits::DEFINITION_BYTES_MAX;
use integrator_core::protocol::{Compiled, Protocol, compile};

use crate::catalog::{Catalog, sha256};
use crate::problems::{Problem, Problems};
use crate::text_file::{self, TextFileError};

/// The protocol that an argument names: compiled from a file where it is a path, else found among
/// those that `load` brings.
pub(super) fn named(
    argument: &str,
    load: impl FnOnce() -> Result<Catalog, Problems>,
) -> Result<Arc<Protocol>, String> {
    if is_path(argument) {
        let Compiled { protocol, .. } =
            compiled(Path::new(argument)).map_err(|problems| problems.to_string())?;
        return Ok(Arc::new(protocol));
    }
    let catalog = load().map_err(|problems| super::super::refused(&problems))?;
    let found = catalog.get(argument).cloned();
    found.ok_or_else(|| {
        let known: Vec<&str> = catalog.iter().map(|protocol| protocol.name()).collect();
        let known = known.join(", ");
        format!(
            "no protocol {argument}; there are: {known}. A file is named by its path: ./{argument}.toml"
        )
    })
}

/// Compiles the definition in a file by itself, `-` being standard input.
pub(super) fn compiled(path: &Path) -> Result<Compiled, Problems> {
    let origin = path.display().to_string();
    let text = text(path, DEFINITION_BYTES_MAX)
        .map_err(|error| Problem::new(format!("{origin}: the definition {error}")))?;
    compile(&origin, &text, &sha256(&text)).map_err(|problems| {
        let told = problems.iter().map(ToString::to_string);
        told.map(Problem::new).collect()
    })
}

/// The text of a file, `-` being standard input.
pub(super) fn text(path: &Path, most: usize) -> Result<String, TextFileError> {
    let most = most as u64;
    if path.as_os_str() == "-" {
        text_file::read_from(io::stdin().lock(), most)
    } else {
        text_file::read(path, most)
    }
}

fn is_path(argument: &str) -> bool {
    argument == "-" || argument.contains('/') || argument.ends_with(".toml")
}
