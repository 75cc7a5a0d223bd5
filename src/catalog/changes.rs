//! What one catalog has, and another had not.

use super::{Catalog, is_same};

/// The difference between two catalogs, for people: names with digests, in the order of names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Protocols that only the next one has: `order 014aa7…`.
    pub added: Vec<String>,
    /// Protocols whose text is another: `order 014aa7… to 9f86d0…`.
    pub changed: Vec<String>,
    /// Protocols that the next one has not: `order 014aa7…`.
    pub removed: Vec<String>,
}

impl Changes {
    pub(super) fn between(old: &Catalog, next: &Catalog) -> Self {
        let mut changes = Self::default();
        for protocol in next.iter() {
            let (name, digest) = (protocol.name(), protocol.digest());
            match old.get(name) {
                None => changes.added.push(format!("{name} {digest}")),
                Some(known) if is_same(known, protocol) => {}
                Some(known) => {
                    let before = known.digest();
                    changes.changed.push(format!("{name} {before} to {digest}"));
                }
            }
        }
        let is_gone = |name: &str| next.get(name).is_none();
        changes.removed = old
            .iter()
            .filter(|protocol| is_gone(protocol.name()))
            .map(|protocol| format!("{} {}", protocol.name(), protocol.digest()))
            .collect();
        changes
    }
}
