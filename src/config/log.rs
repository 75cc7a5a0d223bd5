//! `[log]`: how much is told, and in which form.

use std::path::{Path, PathBuf};

use tracing::level_filters::LevelFilter;

use super::setting::{Feature, Kind, Setting};
use super::settled::Settled;
use super::store;
use crate::problems::Problem;

const LEVEL: &str = "log.level";
const FORMAT: &str = "log.format";
const ARTIFACTS: &str = "log.artifacts";
const AUDIT: &str = "log.audit";

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        LEVEL,
        Kind::Word(&["off", "error", "warn", "info", "debug", "trace"]),
        "The least important line that is written.",
    )
    .default("info"),
    setting(
        FORMAT,
        Kind::Word(&["json", "text"]),
        "One JSON object a line, or text for a person.",
    )
    .default("json"),
    setting(
        ARTIFACTS,
        Kind::Boolean,
        "Whether length and SHA-256 of each artifact are told; the artifacts never are.",
    )
    .default("false")
    .legacy("APP_ATTEST_DEBUG_LOG_ARTIFACTS"),
    setting(
        AUDIT,
        Kind::Path,
        "File that transitions and operators' deeds are recorded in, chained by hashes.",
    ),
];

const fn setting(path: &'static str, kind: Kind, meaning: &'static str) -> Setting {
    Setting::new(path, kind, Feature::Logs, meaning)
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// Text for a person.
    Text,
}

/// Logs, which go to standard output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The least important line that is written.
    pub level: LevelFilter,
    /// The form of a line.
    pub format: Format,
    /// Whether length and digest of each artifact are told.
    pub artifacts: bool,
    /// The file of the audit stream; without it there is none.
    pub audit: Option<PathBuf>,
}

impl Log {
    pub(super) fn assemble(settled: &Settled, directory: &Path) -> Result<Log, Problem> {
        let format = if settled.text(FORMAT)? == "text" {
            Format::Text
        } else {
            Format::Json
        };
        let level = settled.text(LEVEL)?;
        let level = level
            .parse()
            .map_err(|_| Problem::of(LEVEL, format!("{level} is no level of the log")))?;
        Ok(Log {
            level,
            format,
            artifacts: settled.boolean(ARTIFACTS)?,
            audit: settled.path(AUDIT).ok().map(|path| directory.join(path)),
        })
    }
}

/// The audit stream in a file that is the store's.
pub(super) fn contradictions(settled: &Settled, directory: &Path) -> Vec<Problem> {
    let (Ok(audit), Some(store)) = (settled.path(AUDIT), store::file(settled)) else {
        return Vec::new();
    };
    if place_of(&directory.join(audit)) != place_of(&directory.join(store)) {
        return Vec::new();
    }
    let text = format!(
        "{} is the file of the store; the audit stream needs one of its own",
        audit.display()
    );
    vec![Problem::at(AUDIT, settled.place(AUDIT), text)]
}

/// Where a file is or would be, however its path is written.
fn place_of(path: &Path) -> PathBuf {
    let whole = path.canonicalize().ok();
    let in_folder = || Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?));
    whole.or_else(in_folder).unwrap_or_else(|| path.to_owned())
}
