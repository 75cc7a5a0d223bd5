//! The console in a real Chromium, opened while something is wrong.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

use integrator_testbed::chromium::chromium;
use integrator_testbed::node::Project;

use crate::page::repository;

/// Where cargo lets tests keep files: packages for Node, and pictures.
const KEPT: &str = env!("CARGO_TARGET_TMPDIR");

/// Opens the console of the service at `url`, waits until it says what `scene` of the console's
/// own tests expects, and tells what it says first.
pub(crate) fn says(url: &str, scene: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let child = project()
        .command("play.mjs")
        .args(["incident", scene])
        .env("CONSOLE_SERVICE", url)
        .env("CONSOLE_FOLDER", folder.path())
        .env("CONSOLE_SHOTS", pictures())
        .env("CONSOLE_CHROMIUM", chromium())
        .stdin(Stdio::null())
        .output()
        .expect("Node starts");
    let (told, errors) = (&child.stdout, &child.stderr);
    let (told, errors) = (
        String::from_utf8_lossy(told),
        String::from_utf8_lossy(errors),
    );
    assert!(child.status.success(), "{told}{errors}");
    told.lines().map(str::to_owned).collect()
}

fn project() -> &'static Project {
    static PROJECT: OnceLock<Project> = OnceLock::new();
    PROJECT.get_or_init(|| {
        let folder = repository().join("tests/console/browser");
        Project::installed(&folder, Path::new(KEPT))
    })
}

/// Beside what was built.
fn pictures() -> PathBuf {
    let folder = Path::new(KEPT).join("incident");
    fs::create_dir_all(&folder).expect("a folder for pictures");
    folder
}
