//! The highest layer: flags of the command line.

use std::path::PathBuf;

use super::raw::Raw;
use super::settled::Settled;
use super::source::Source;
use super::value::Value;
use super::{protocols, registry, server};

/// What the command line says of settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--listen ADDR`, as it was written: `server.listen`.
    pub listen: Option<String>,
    /// `--protocols DIR`: `protocols.dir`.
    pub protocols: Option<PathBuf>,
}

/// Lays the flags over what is settled so far.
pub(super) fn apply(flags: &Flags, settled: &mut Settled) {
    if let (Some(listen), Some(setting)) = (&flags.listen, registry::find(server::LISTEN)) {
        settled.take(
            server::LISTEN,
            Source::Flag("--listen"),
            setting.read(Raw::Text(listen)),
        );
    }
    if let Some(dir) = &flags.protocols {
        settled.take(
            protocols::DIR,
            Source::Flag("--protocols"),
            Ok(Value::Path(dir.clone())),
        );
    }
}
