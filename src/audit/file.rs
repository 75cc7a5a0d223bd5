//! The file while it is written to: ours alone, appended to, and followed when it is moved away.

use std::fs::{File, Metadata, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

/// An open file that no other process writes to.
pub(super) struct Appender {
    file: File,
    identity: (u64, u64),
}

impl Appender {
    /// Opens the file, makes it if it is not there, and locks it.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut options = File::options();
        let options = options.read(true).append(true).create(true).mode(0o600);
        let file = options.open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            let why = "it is no regular file";
            return Err(io::Error::new(ErrorKind::InvalidInput, why));
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let why = "another process writes to it; each instance needs a file of its own";
                return Err(io::Error::new(ErrorKind::ResourceBusy, why));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let identity = identity(&metadata);
        // A file whose name is lost in a power failure is lost whole.
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(Self { file, identity })
    }

    /// Whether `path` still leads to this file.
    pub(super) fn is_at(&self, path: &Path) -> io::Result<bool> {
        match path.metadata() {
            Ok(metadata) => Ok(identity(&metadata) == self.identity),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) fn is_empty(&self) -> io::Result<bool> {
        Ok(self.metadata()?.len() == 0)
    }

    /// Whether all that it holds, or its first bytes, are these.
    pub(super) fn begins(&self, with: &[u8]) -> io::Result<bool> {
        let mut bytes = vec![0; with.len()];
        let length = self.metadata()?.len().min(with.len() as u64);
        bytes.truncate(usize::try_from(length).unwrap_or(with.len()));
        self.file.read_exact_at(&mut bytes, 0)?;
        Ok(with.starts_with(&bytes))
    }

    fn metadata(&self) -> io::Result<Metadata> {
        self.file.metadata()
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Writes what it can of the bytes, and tells how many that were.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match (&self.file).write(bytes) {
            Ok(0) => Err(ErrorKind::WriteZero.into()),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(0),
            written => written,
        }
    }

    /// Waits until what was written survives a loss of power.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Whether some process writes to this file now.
pub fn is_in_use(file: &File) -> bool {
    match file.try_lock_shared() {
        // Not held any longer: a service that starts now must find the file free.
        Ok(()) => file.unlock().is_err(),
        Err(TryLockError::WouldBlock) => true,
        Err(TryLockError::Error(_)) => false,
    }
}
