//! What SQLite says when it does not do what it was asked, in words for whoever is on call.

use std::path::Path;

use rusqlite::{Error, ErrorCode};

use crate::store::operations::{PrepareError, StoreError};

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        Self::Unavailable {
            cause: cause(&error),
        }
    }
}

/// What happened, SQLite's own words, and what to do.
pub(super) fn cause(error: &Error) -> String {
    let code = error.sqlite_error_code();
    let (happened, remedy) = match code {
        Some(ErrorCode::DiskFull) => (
            "there is no room for the SQLite file to grow",
            "free space on its file system, or raise the quota",
        ),
        Some(ErrorCode::SystemIoFailure) => (
            "the SQLite file could not be read or written",
            "look at the disk, its limits and the kernel's log",
        ),
        Some(ErrorCode::ReadOnly) => (
            "the SQLite file takes no writes",
            "make the file, its directory and its file system writable for this process",
        ),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => (
            "the SQLite file is damaged",
            "stop the process, keep the file and what lies beside it, and restore a backup",
        ),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
            "another program holds the SQLite file locked",
            "end whatever opened it beside this process",
        ),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => (
            "the SQLite file, or one beside it, cannot be opened",
            "let this process read and write the file and its directory",
        ),
        Some(ErrorCode::OutOfMemory) => (
            "there is no memory for SQLite to work in",
            "give the process more",
        ),
        _ => return format!("SQLite refused an operation: {error}"),
    };
    format!("{happened} ({}): {remedy}", words(error))
}

/// SQLite's own words with the code that says most.
fn words(error: &Error) -> String {
    let extended = error.sqlite_error().map_or(0, |error| error.extended_code);
    format!("SQLite says \"{error}\", code {extended}")
}

/// Why a file that was being opened does not serve. Trouble that may pass by itself is told from
/// what somebody has to change.
pub(super) fn unfit(path: &Path, error: &Error) -> PrepareError {
    let told = format!("{}: {}", path.display(), cause(error));
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory,
        ) => PrepareError::Unreachable(told),
        _ => PrepareError::Unsuitable(told),
    }
}
