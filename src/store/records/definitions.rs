//! Definitions that stored flows run, by digest. A flow keeps the definition that it started
//! with, whatever has been loaded since; so the store keeps each text once, and a process that
//! meets an unknown digest compiles the text that it finds there.

use std::fmt::Write as _;
use std::sync::Arc;

use dashmap::{DashMap, DashSet};
use integrator_core::protocol::{Compiled, Protocol, compile};
use sha2::{Digest, Sha256};

/// What this process knows of them.
#[derive(Default)]
pub(super) struct Definitions {
    known: DashMap<String, Arc<Protocol>>,
    kept: DashSet<String>,
}

impl Definitions {
    /// The definition with this digest, if this process has met it.
    pub(super) fn known(&self, digest: &str) -> Option<Arc<Protocol>> {
        self.known.get(digest).map(|protocol| protocol.clone())
    }

    /// Whether the store is known to hold the text with this digest.
    pub(super) fn is_kept(&self, digest: &str) -> bool {
        self.kept.contains(digest)
    }

    /// The definitions whose texts the store held when they were last looked for.
    pub(super) fn all_kept(&self) -> Vec<Arc<Protocol>> {
        let kept = self.known.iter();
        kept.filter(|known| self.is_kept(known.key()))
            .map(|known| known.value().clone())
            .collect()
    }

    /// Takes note that the store holds a definition's text.
    pub(super) fn keep(&self, protocol: &Arc<Protocol>) {
        let digest = protocol.digest().to_owned();
        self.known.insert(digest.clone(), protocol.clone());
        self.kept.insert(digest);
    }

    /// Compiles a text that the store holds, and remembers that it does.
    ///
    /// # Errors
    ///
    /// As [`Definitions::compile`].
    pub(super) fn learn(&self, digest: &str, text: &str) -> Result<Arc<Protocol>, String> {
        let protocol = self.compile(digest, text)?;
        self.keep(&protocol);
        Ok(protocol)
    }

    /// Compiles a text.
    ///
    /// # Errors
    ///
    /// Why it is not the definition that flows with this digest started with, or cannot be read.
    pub(super) fn compile(&self, digest: &str, text: &str) -> Result<Arc<Protocol>, String> {
        if let Some(known) = self.known(digest) {
            return Ok(known);
        }
        if hex(&Sha256::digest(text.as_bytes())) != digest {
            return Err(format!(
                "the definition that is stored as {digest} is damaged: its digest does not fit"
            ));
        }
        match compile("a stored definition", text, digest) {
            Ok(Compiled { protocol, .. }) => Ok(Arc::new(protocol)),
            Err(problems) => {
                let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
                Err(format!(
                    "its definition {digest} cannot be read by this version of the program: {}",
                    problems.join("; ")
                ))
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}
