//! Reading definitions from disk: all of them, and everything that is wrong with them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use integrator_core::protocol::limits::DEFINITION_BYTES_MAX;
use integrator_core::protocol::{Compiled, Protocol, compile};
use sha2::{Digest as _, Sha256};

use super::{Catalog, Entry};
use crate::problems::{Problem, Problems};
use crate::text_file;

/// A folder holds at most so many definitions.
const MOST_FILES: usize = 256;
/// What messages call the definition that is compiled in.
const COMPILED_IN: &str = "app-attest.toml (compiled in)";
const APP_ATTEST: &str = include_str!("../../config/protocols/app-attest.toml");

/// What has been read so far.
#[derive(Default)]
pub(super) struct Loading {
    entries: BTreeMap<String, Entry>,
    warnings: Vec<String>,
    problems: Problems,
}

impl Loading {
    /// Reads what is compiled in, and what the folder defines beside it or in its place.
    pub(super) fn of(dir: Option<&Path>) -> Self {
        let mut loading = Self::default();
        loading.define(COMPILED_IN, APP_ATTEST);
        let compiled_in = std::mem::take(&mut loading.entries);
        if let Some(dir) = dir {
            loading.folder(dir);
        }
        for (name, entry) in compiled_in {
            loading.entries.entry(name).or_insert(entry);
        }
        loading
    }

    fn folder(&mut self, dir: &Path) {
        let files = match definitions(dir) {
            Ok(files) => files,
            Err(error) => {
                return self.problem(format!(
                    "{}: the folder cannot be read: {error}",
                    dir.display()
                ));
            }
        };
        if files.len() > MOST_FILES {
            let text = format!(
                "{}: {} definitions; allowed: at most {MOST_FILES}",
                dir.display(),
                files.len()
            );
            return self.problem(text);
        }
        for file in files {
            let origin = file.display().to_string();
            match text_file::read(&file, DEFINITION_BYTES_MAX as u64) {
                Ok(text) => self.define(&origin, &text),
                Err(error) => self.problem(format!("{origin}: the definition {error}")),
            }
        }
    }

    fn define(&mut self, origin: &str, text: &str) {
        match compile(origin, text, &sha256(text)) {
            Ok(Compiled { protocol, warnings }) => {
                self.warnings
                    .extend(warnings.iter().map(ToString::to_string));
                self.add(origin, protocol);
            }
            Err(problems) => {
                self.problems.extend(
                    problems
                        .iter()
                        .map(|problem| Problem::new(problem.to_string())),
                );
            }
        }
    }

    fn add(&mut self, origin: &str, protocol: Protocol) {
        let name = protocol.name().to_owned();
        if let Some(other) = self.entries.get(&name) {
            let text = format!(
                "{origin}: protocol {name} is defined in {} too; keep one of them",
                other.origin
            );
            return self.problem(text);
        }
        let entry = Entry {
            protocol: Arc::new(protocol),
            origin: origin.to_owned(),
        };
        self.entries.insert(name, entry);
    }

    fn problem(&mut self, text: String) {
        self.problems.push(Problem::new(text));
    }

    /// The catalog, if nothing is wrong.
    pub(super) fn finish(mut self, default: &str) -> Result<Catalog, Problems> {
        let found = self
            .entries
            .get(default)
            .map(|entry| Arc::clone(&entry.protocol));
        let Some(default) = found else {
            // A definition that could not be read may well be the one that is missed.
            if self.problems.is_empty() {
                let known: Vec<&str> = self.entries.keys().map(String::as_str).collect();
                let text = format!("no protocol {default}; loaded: {}", known.join(", "));
                self.problems.push(Problem::of("protocols.default", text));
            }
            return Err(self.problems);
        };
        let catalog = Catalog {
            entries: self.entries,
            default,
            warnings: self.warnings,
        };
        self.problems.or(catalog)
    }
}

/// The definition files of a folder, by name.
fn definitions(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden
            && path
                .extension()
                .is_some_and(|extension| extension == "toml")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The digest of a definition's text, in lower-case hexadecimal.
pub(crate) fn sha256(text: &str) -> String {
    let mut digits = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}
