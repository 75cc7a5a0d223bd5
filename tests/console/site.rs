//! The service's own process, a backend that does as it is told, and a browser in front of both.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot arrange what it needs fails"
)]

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use integrator_testbed::chromium::chromium;
use integrator_testbed::node::Project;
use integrator_testbed::program::Program;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const INTEGRATOR: &str = env!("CARGO_BIN_EXE_appattest-integrator");
const KEPT: &str = env!("CARGO_TARGET_TMPDIR");
/// A service with a backend, and nobody else.
pub(crate) struct Site {
    /// How many flows were stored before the service was started.
    flows: u32,
    backend: Program,
    service: Program,
    /// Another instance, and what leads to both in turn.
    others: Option<(Program, Program)>,
    folder: TempDir,
    /// One browser at a time: two on a small machine make each other late.
    _alone: MutexGuard<'static, ()>,
}

impl Site {
    /// A service as it is configured unless something is said.
    pub(crate) fn start() -> Self {
        Self::with("")
    }

    /// A service with more lines in its configuration.
    pub(crate) fn with(more: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::within(folder, 0, more)
    }

    /// A service over a file that `fill` makes, in which there are so many flows.
    pub(crate) fn holding(flows: u32, fill: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("flows.db");
        fill(&file);
        let store = format!("[store]\nkind = \"sqlite\"\npath = {file:?}");
        Self::within(folder, flows, &store)
    }

    fn within(folder: TempDir, flows: u32, more: &str) -> Self {
        static BROWSER: Mutex<()> = Mutex::new(());
        let alone = BROWSER.lock().unwrap_or_else(PoisonError::into_inner);
        let backend = Program::start(project().command("backend.mjs"));
        let service = integrator(folder.path(), &backend.url(), more);
        Self {
            flows,
            backend,
            service,
            others: None,
            folder,
            _alone: alone,
        }
    }

    /// With another instance, behind one address that leads to both in turn.
    pub(crate) fn behind_a_balancer(mut self) -> Self {
        let other = integrator(self.folder.path(), &self.backend.url(), "");
        let mut balancer = project().command("balancer.mjs");
        balancer.args([self.service.url(), other.url()]);
        self.others = Some((other, Program::start(balancer)));
        self
    }

    /// Plays a scene of a file in `browser/`.
    pub(crate) fn play(&self, file: &str, scene: &str) {
        self.play_with(file, scene, |wish| panic!("nobody is there for '{wish}'"));
    }

    /// The same; `wishes` does what the scene asks for that a browser cannot do.
    pub(crate) fn play_with(&self, file: &str, scene: &str, mut wishes: impl FnMut(&str)) {
        let mut child = self.scene(file, scene).spawn().expect("Node starts");
        let mut stdin = child.stdin.take().expect("its input is piped");
        let stdout = BufReader::new(child.stdout.take().expect("its output is piped"));
        let mut told = String::new();
        for line in stdout.lines() {
            let line = line.expect("its output is text");
            match line.strip_prefix('@') {
                Some(wish) => {
                    wishes(wish);
                    writeln!(stdin, "done").expect("the scene waits");
                }
                None => told.extend([line.as_str(), "\n"]),
            }
        }
        ended(child, &told);
    }

    /// Sends the service a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.service.pid()).expect("a process id");
        let pid = Pid::from_raw(id).expect("a process id");
        kill_process(pid, signal).expect("the service runs");
    }

    fn url(&self) -> String {
        let balancer = self.others.as_ref().map(|(_, balancer)| balancer);
        balancer.unwrap_or(&self.service).url()
    }

    fn scene(&self, file: &str, scene: &str) -> Command {
        let mut command = project().command("play.mjs");
        command
            .args([file, scene])
            .env("CONSOLE_SERVICE", self.url())
            .env("CONSOLE_FLOWS", self.flows.to_string())
            .env("CONSOLE_BACKEND", self.backend.url())
            .env("CONSOLE_FOLDER", self.folder.path())
            .env("CONSOLE_SHOTS", shots())
            .env("CONSOLE_CHROMIUM", chromium())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

fn ended(mut child: Child, told: &str) {
    let mut errors = String::new();
    let mut stderr = child.stderr.take().expect("its errors are piped");
    stderr
        .read_to_string(&mut errors)
        .expect("its errors are text");
    let status = child.wait().expect("the scene ends");
    assert!(status.success(), "{told}{errors}");
}

fn integrator(folder: &Path, backend: &str, more: &str) -> Program {
    let config = folder.join("integrator.toml");
    let text = format!("[backends.default]\nbase_url = {backend:?}\ntimeout_ms = 1500\n{more}\n");
    fs::write(&config, text).expect("written");
    let mut command = Command::new(INTEGRATOR);
    command
        .current_dir(folder)
        .arg("--config")
        .arg(config)
        .args(["serve", "--listen", "127.0.0.1:0"]);
    Program::start(command)
}

fn project() -> &'static Project {
    static PROJECT: OnceLock<Project> = OnceLock::new();
    PROJECT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/console/browser");
        Project::installed(&folder, Path::new(KEPT))
    })
}

/// Where pictures go: beside what was built, or, to renew those of the documents, where
/// `INTEGRATOR_SCREENSHOTS` says, from the root of the repository.
fn shots() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = env::var_os("INTEGRATOR_SCREENSHOTS");
    let folder = folder.map_or_else(
        || Path::new(KEPT).join("console"),
        |folder| root.join(folder),
    );
    fs::create_dir_all(&folder).expect("a folder for pictures");
    folder
}
