//! The protocols of this process: the one that is compiled in, and those of a folder.
//!
//! A file that defines a compiled-in protocol replaces it. Everything that is wrong in any file is
//! told at once. A catalog never changes; [`Catalogs`] holds the one that is in use, and another
//! takes its place whole.

mod changes;
mod current;
mod load;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use integrator_core::protocol::Protocol;

pub use self::changes::Changes;
pub use self::current::{Catalogs, Reload, ReloadOutcome, Standing};
use self::load::Loading;
pub(crate) use self::load::sha256;
use crate::problems::Problems;

/// The protocols by name; one of them is the default. There is always at least one.
#[derive(Clone, Debug)]
pub struct Catalog {
    entries: BTreeMap<String, Entry>,
    default: Arc<Protocol>,
    warnings: Vec<String>,
}

/// A protocol and where it was defined.
#[derive(Clone, Debug)]
struct Entry {
    protocol: Arc<Protocol>,
    origin: String,
}

impl Catalog {
    /// Compiles the compiled-in protocol and every `*.toml` of `dir`, in the order of their names
    /// (those that begin with a dot are none of ours). `default` names the protocol that a start
    /// runs when it names none.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with any of them, and a `default` that none of them defines.
    pub fn load(dir: Option<&Path>, default: &str) -> Result<Catalog, Problems> {
        Loading::of(dir).finish(default)
    }

    /// The protocol of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<Protocol>> {
        self.entries.get(name).map(|entry| &entry.protocol)
    }

    /// The protocol that a start runs when it names none.
    pub fn default(&self) -> &Arc<Protocol> {
        &self.default
    }

    /// Every protocol, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Protocol>> {
        self.entries.values().map(|entry| &entry.protocol)
    }

    /// The file that defines a protocol, as it was found.
    pub fn origin(&self, name: &str) -> Option<&str> {
        self.entries.get(name).map(|entry| entry.origin.as_str())
    }

    /// What is allowed but doubtful in the definitions.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The same catalog, which shares with `other` what both define in the same words, so that
    /// reading unchanged files again and again holds no second copy of them.
    fn sharing_with(mut self, other: &Catalog) -> Catalog {
        for (name, entry) in &mut self.entries {
            if let Some(known) = other
                .get(name)
                .filter(|known| is_same(known, &entry.protocol))
            {
                entry.protocol = Arc::clone(known);
            }
        }
        if let Some(default) = self.get(self.default.name()) {
            self.default = Arc::clone(default);
        }
        self
    }
}

/// Whether both are compiled from the same text.
fn is_same(one: &Protocol, other: &Protocol) -> bool {
    one.digest() == other.digest()
}
