//! Packages for Python, and programs that come in such packages: installed under the target folder
//! from a list that names the digest of each file, without what they depend on but does not stand
//! there, and without building anything.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::placed::placed;

/// The folder, in `kept`, of the packages that `requirements` lists: what a Python needs in its
/// `PYTHONPATH`. `kept` is where cargo lets tests keep files (`env!("CARGO_TARGET_TMPDIR")`);
/// `name` tells people what the folder is for.
///
/// # Panics
///
/// Where pip cannot install them, with its own words.
#[must_use]
pub fn packages(kept: impl AsRef<Path>, name: &str, requirements: impl AsRef<Path>) -> PathBuf {
    let requirements = requirements.as_ref();
    let made_from = [read(requirements), said_by_python().into_bytes()].concat();
    placed(kept.as_ref(), name, &made_from, |unfinished| {
        install(unfinished, requirements);
    })
}

/// A Python that sees these packages and nothing else that is installed for the user.
#[must_use]
pub fn python(packages: &Path) -> Command {
    let mut python = Command::new("python3");
    python.arg("-s").env("PYTHONPATH", packages);
    python
}

fn install(folder: &Path, requirements: &Path) {
    let fixed = "--no-deps --only-binary :all: --require-hashes --no-compile --quiet";
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "--disable-pip-version-check", "install"])
        .args(fixed.split(' '))
        .args([OsStr::new("--target"), folder.as_os_str()])
        .args([OsStr::new("--requirement"), requirements.as_os_str()])
        .env("PIP_ROOT_USER_ACTION", "ignore");
    let output = pip.output().expect("python3 starts");
    assert!(
        output.status.success(),
        "{} is not installed: pip says\n{}",
        requirements.display(),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Which Python this is: packages with machine code in them fit one version and one machine.
fn said_by_python() -> String {
    let asked = "import platform, sys; print(sys.version_info[:2], platform.machine())";
    let output = Command::new("python3").args(["-c", asked]).output();
    let Output { stdout, status, .. } = output.expect("python3 starts");
    assert!(status.success(), "python3 says which it is");
    String::from_utf8(stdout).expect("a version is text")
}

fn read(file: &Path) -> Vec<u8> {
    fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
