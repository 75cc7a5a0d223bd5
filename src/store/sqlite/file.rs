//! The file before SQLite opens it: claimed for this process, and looked at, so that what is not
//! ours is refused without a byte of it being changed.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::store::operations::{PrepareError, StoreError};

/// The number that stands in the file's header for the application that it belongs to: "APPI".
pub(super) const APPLICATION: i32 = 0x4150_5049;
/// What every database of SQLite begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Length of the header.
const HEADER: u64 = 100;
/// Where the header holds the application's number, and the schema's.
const APPLICATION_AT: usize = 68;
const SCHEMA_AT: usize = 60;
/// Handles of flows are capabilities: nobody but the process's own user reads them.
const OWNER_ONLY: u32 = 0o600;

/// A file that this process alone may open, as long as this lives.
pub(super) struct Claimed {
    /// Its path, free of symbolic links.
    pub(super) path: PathBuf,
    /// Which file stands there.
    pub(super) identity: Identity,
    /// What is allowed but doubtful.
    pub(super) warnings: Vec<String>,
    /// Held by another file beside it: closing a database's own file outside SQLite drops locks
    /// that SQLite holds on it.
    _lock: File,
}

/// Which file stands at a path.
#[derive(Clone)]
pub(super) struct Identity {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Identity {
    /// Fails where the file was moved, removed or replaced: what is written to it then is lost
    /// with the process.
    pub(super) fn is_still_there(&self) -> Result<(), StoreError> {
        let found = fs::metadata(&self.path);
        if found.is_ok_and(|found| (found.dev(), found.ino()) == (self.device, self.inode)) {
            return Ok(());
        }
        let path = self.path.display();
        Err(StoreError::unavailable(format!(
            "the SQLite file {path} was moved, removed or replaced while it was open: put it back with the files beside it, and restart the process"
        )))
    }
}

/// Claims the file for this process, makes it where there is none, and makes sure that it is ours
/// or empty. `newest` is the latest schema that this program reads.
pub(super) fn claim(path: &Path, newest: i32) -> Result<Claimed, PrepareError> {
    let path = resolved(path)?;
    let lock = lock(&path)?;
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    let mut file = options
        .mode(OWNER_ONLY)
        .open(&path)
        .map_err(|error| cannot("open", &path, &error))?;
    let metadata = file.metadata();
    let metadata = metadata.map_err(|error| cannot("look at", &path, &error))?;
    let mut header = Vec::new();
    let read = Read::by_ref(&mut file)
        .take(HEADER)
        .read_to_end(&mut header);
    read.map_err(|error| cannot("read", &path, &error))?;
    if header.is_empty() {
        has_no_log(&path)?;
        settle_name(&path).map_err(|error| cannot("make", &path, &error))?;
    } else {
        is_ours(&path, &header, newest)?;
    }
    Ok(Claimed {
        identity: Identity {
            path: path.clone(),
            device: metadata.dev(),
            inode: metadata.ino(),
        },
        warnings: warnings(&path, metadata.mode()),
        path,
        _lock: lock,
    })
}

/// The path without symbolic links, so that one file has one lock by whatever name it is opened.
fn resolved(path: &Path) -> Result<PathBuf, PrepareError> {
    match fs::canonicalize(path) {
        Ok(found) if found.is_file() => return Ok(found),
        Ok(_) => return Err(unsuitable(path, "is no file: name a file")),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(cannot("open", path, &error)),
    }
    if path.is_symlink() {
        let reason = "is a symbolic link to nothing: name the file itself";
        return Err(unsuitable(path, reason));
    }
    let Some(name) = path.file_name() else {
        return Err(unsuitable(path, "is no name of a file: name a file"));
    };
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    match fs::canonicalize(directory) {
        Ok(directory) => Ok(directory.join(name)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let directory = directory.display();
            let reason = format!("lies in {directory}, which does not exist: create the directory");
            Err(unsuitable(path, reason))
        }
        Err(error) => Err(cannot("reach", path, &error)),
    }
}

fn lock(path: &Path) -> Result<File, PrepareError> {
    let beside = beside(path, ".lock");
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    let file = options
        .mode(OWNER_ONLY)
        .open(&beside)
        .map_err(|error| cannot("open", &beside, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(unsuitable(
            path,
            "is in use by another process; a SQLite file belongs to one process",
        )),
        Err(TryLockError::Error(error)) => Err(cannot("lock", &beside, &error)),
    }
}

/// SQLite takes the log beside an empty file for a leftover and removes it; but it may be all
/// that is left of a file that was truncated.
fn has_no_log(path: &Path) -> Result<(), PrepareError> {
    let log = beside(path, "-wal");
    if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        let log = log.display();
        let reason = format!(
            "is empty or missing, but its write-ahead log {log} is not: put the file back, or move the log away"
        );
        return Err(unsuitable(path, reason));
    }
    Ok(())
}

/// Makes a new file's name survive a loss of power like what is written to the file.
fn settle_name(path: &Path) -> io::Result<()> {
    path.parent()
        .map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

fn is_ours(path: &Path, header: &[u8], newest: i32) -> Result<(), PrepareError> {
    let number = |at: usize| {
        let bytes = header.get(at..at + 4)?;
        Some(i32::from_be_bytes(bytes.try_into().ok()?))
    };
    let (Some(application), Some(schema)) = (number(APPLICATION_AT), number(SCHEMA_AT)) else {
        return Err(unsuitable(path, NO_DATABASE));
    };
    if !header.starts_with(MAGIC) {
        return Err(unsuitable(path, NO_DATABASE));
    }
    is_readable(path, application, schema, newest)
}

const NO_DATABASE: &str =
    "is no SQLite database and is left as it is: name another file, or move it away";

/// Whether a database with these numbers in its header is ours and not newer than this program.
pub(super) fn is_readable(
    path: &Path,
    application: i32,
    schema: i32,
    newest: i32,
) -> Result<(), PrepareError> {
    if application != APPLICATION {
        let reason = format!(
            "is a database of another application (id {application}) and is left as it is: name another file"
        );
        return Err(unsuitable(path, reason));
    }
    if schema > newest {
        let reason = format!(
            "has schema {schema}, and this version of the program knows schema {newest}: run the version that wrote it"
        );
        return Err(unsuitable(path, reason));
    }
    Ok(())
}

fn warnings(path: &Path, mode: u32) -> Vec<String> {
    let mut warnings = Vec::new();
    let others = mode & 0o077;
    if others != 0 {
        let (path, mode) = (path.display(), mode & 0o777);
        warnings.push(format!(
            "the SQLite file {path} is open to others than its owner (mode {mode:04o}), and holds handles that let whoever knows them run steps: chmod 600 it"
        ));
    }
    warnings.extend(super::place::warning(path));
    warnings
}

/// The path of a file beside another, named after it.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

pub(super) fn unsuitable(path: &Path, reason: impl AsRef<str>) -> PrepareError {
    let reason = reason.as_ref();
    PrepareError::Unsuitable(format!("the file {} {reason}", path.display()))
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> PrepareError {
    let path = path.display();
    let told = format!("cannot {what} {path} for the SQLite store: {error}");
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            PrepareError::Unsuitable(format!("{told}; let this process read and write it"))
        }
        ErrorKind::NotADirectory | ErrorKind::IsADirectory | ErrorKind::Unsupported => {
            PrepareError::Unsuitable(told)
        }
        _ => PrepareError::Unreachable(told),
    }
}
