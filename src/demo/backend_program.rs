//! The reference backend's program: beside this one, else built.

use std::env;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::DemoError;
use super::screen::Screen;

const NAME: &str = "appattest-backend";

/// The program beside this one; where there is none, cargo builds it, and its progress is shown.
pub(super) async fn find_or_build(screen: &Screen) -> Result<PathBuf, DemoError> {
    let own = env::current_exe().map_err(DemoError::io("this program's own path is unknown"))?;
    let beside = own.with_file_name(format!("{NAME}{}", env::consts::EXE_SUFFIX));
    if beside.is_file() {
        return Ok(beside);
    }
    screen.line(&format!(
        "{NAME} is not built yet; cargo builds it (a few minutes the first time)."
    ));
    build(&own).await?;
    if beside.is_file() {
        return Ok(beside);
    }
    Err(DemoError::Failed(format!(
        "{NAME} was built, but not beside this program. Copy it there, or run \
         'cargo run --release -- demo' in the repository."
    )))
}

async fn build(own: &Path) -> Result<(), DemoError> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--package", NAME]);
    // Built as this program was: the profile is the name of the folder that it lies in.
    if own
        .parent()
        .and_then(Path::file_name)
        .is_some_and(|folder| folder == "release")
    {
        command.arg("--release");
    }
    if let Some(repository) = env::var_os("CARGO_MANIFEST_DIR") {
        command.current_dir(repository);
    }
    let status = command.status().await.map_err(DemoError::io(format!(
        "{NAME} is not beside this program and cargo cannot be run to build it"
    )))?;
    if status.success() {
        return Ok(());
    }
    Err(DemoError::Failed(format!(
        "{NAME} could not be built. In the repository, 'cargo build --release --package {NAME}' \
         tells more."
    )))
}
