//! Folders that several processes may want at once: each is named by the digest of what it is made
//! from, made elsewhere, and put in its place whole.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// The folder `name` in `kept`, for what `made_from` says; `fill` makes it where it is not there.
pub(crate) fn placed(
    kept: &Path,
    name: &str,
    made_from: &[u8],
    fill: impl FnOnce(&Path),
) -> PathBuf {
    let folder = kept.join(format!("{name}-{}", digest(made_from)));
    if folder.is_dir() {
        return folder;
    }
    fs::create_dir_all(kept).expect("the target folder can be written");
    let unfinished = tempfile::tempdir_in(kept).expect("a folder");
    fill(unfinished.path());
    if let Err(error) = fs::rename(unfinished.path(), &folder) {
        // Another process was faster, from the same.
        assert!(folder.is_dir(), "{}: {error}", folder.display());
    }
    folder
}

/// In 16 hexadecimal digits.
fn digest(made_from: &[u8]) -> String {
    let bytes = Sha256::digest(made_from);
    let bytes = bytes.iter().take(8);
    bytes.map(|byte| format!("{byte:02x}")).collect()
}
