//! Where PostgreSQL's programs are. Debian keeps those of the server out of the search path.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Debian's place: one folder for each major version.
const VERSIONS: &str = "/usr/lib/postgresql";

/// The folder of the server's programs.
pub(super) struct Programs(PathBuf);

impl Programs {
    /// Those in the search path, or the newest of Debian's.
    pub(super) fn find() -> Self {
        let found = in_search_path().or_else(newest_of_debian);
        Self(found.unwrap_or_else(|| {
            panic!(
                "initdb and postgres are neither in PATH nor in {VERSIONS}/*/bin: \
                 install the package postgresql"
            )
        }))
    }

    /// A program of the same version; a client may also be elsewhere.
    pub(super) fn command(&self, program: &str) -> Command {
        let beside = self.0.join(program);
        let mut command = if beside.is_file() {
            Command::new(beside)
        } else {
            Command::new(program)
        };
        // Whoever runs the tests may have a server of their own in mind.
        for (name, _) in env::vars_os().filter(|(name, _)| is_of_postgres(name)) {
            command.env_remove(name);
        }
        command
    }
}

/// A link in the search path leads to the folder that has all of them.
fn in_search_path() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .filter_map(|folder| fs::canonicalize(folder.join("initdb")).ok())
        .filter_map(|initdb| initdb.parent().map(Path::to_owned))
        .find(|folder| is_whole(folder))
}

fn newest_of_debian() -> Option<PathBuf> {
    let versions = fs::read_dir(VERSIONS).ok()?.flatten();
    let (_, folder) = versions
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, folder)| is_whole(folder))
        .max()?;
    Some(folder)
}

fn is_whole(folder: &Path) -> bool {
    ["initdb", "postgres"]
        .iter()
        .all(|program| folder.join(program).is_file())
}

fn is_of_postgres(name: &OsStr) -> bool {
    name.to_string_lossy().starts_with("PG")
}
