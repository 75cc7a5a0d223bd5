//! `[protocols]`: where definitions are, and which one a start runs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::setting::{Feature, Kind, Setting};
use super::settled::Settled;
use crate::problems::Problem;

pub(super) const DIR: &str = "protocols.dir";
const DEFAULT: &str = "protocols.default";
/// The protocol that is always there.
const APP_ATTEST: &str = "app-attest";

pub(super) const SETTINGS: &[Setting] = &[
    Setting::new(
        DIR,
        Kind::Path,
        Feature::Flows,
        "Folder of protocol definitions (`*.toml`); unless set, it may be missing.",
    )
    .default("config/protocols"),
    Setting::new(
        DEFAULT,
        Kind::Name,
        Feature::Flows,
        "The protocol that a start runs when it names none.",
    )
    .default(APP_ATTEST),
];

/// Protocol definitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocols {
    /// The folder of definitions.
    pub dir: PathBuf,
    /// Whether some layer names the folder. One that none names may be missing: the compiled-in
    /// definitions are all there is then.
    pub dir_is_named: bool,
    /// The protocol that a start runs when it names none.
    pub default: String,
}

impl Protocols {
    pub(super) fn assemble(settled: &Settled, directory: &Path) -> Result<Protocols, Problem> {
        Ok(Protocols {
            dir: directory.join(settled.path(DIR)?),
            dir_is_named: settled.is_said(DIR),
            default: settled.text(DEFAULT)?.to_owned(),
        })
    }

    /// The folder as it is now, unless it is missing and may be.
    pub(super) fn folder(&self) -> Option<&Path> {
        let missing = |error: io::Error| error.kind() == io::ErrorKind::NotFound;
        let is_there = self.dir_is_named || !fs::read_dir(&self.dir).is_err_and(missing);
        is_there.then_some(self.dir.as_path())
    }
}

/// The folder, if there is one: a folder that some layer names must be there.
fn dir(settled: &Settled, directory: &Path) -> Result<Option<PathBuf>, Problem> {
    let named = settled.path(DIR)?;
    let dir = directory.join(named);
    match fs::read_dir(&dir) {
        Ok(_) => Ok(Some(dir)),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !settled.is_said(DIR) => Ok(None),
        Err(error) => {
            let text = format!(
                "the folder {} cannot be read: {error}; name a folder of definitions",
                named.display()
            );
            Err(Problem::at(DIR, settled.place(DIR), text))
        }
    }
}

/// The folder and the default protocol, as far as the layers could be read. A default that is no
/// name is told as such, and hides nothing that is wrong with the definitions.
pub(super) fn where_known<'a>(
    settled: &'a Settled,
    directory: &Path,
) -> Option<(Option<PathBuf>, &'a str)> {
    let dir = dir(settled, directory)
        .ok()
        .filter(|_| settled.file_understood)?;
    Some((dir, settled.text(DEFAULT).unwrap_or(APP_ATTEST)))
}

/// A folder that was named and is not there.
pub(super) fn contradictions(settled: &Settled, directory: &Path) -> Vec<Problem> {
    if settled.is_broken(DIR) {
        Vec::new()
    } else {
        dir(settled, directory).err().into_iter().collect()
    }
}
