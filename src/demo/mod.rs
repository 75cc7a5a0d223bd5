//! The whole thing, shown: a simulated device attests and asserts through the integrator against
//! a backend that verifies, each a process of its own. This program links nothing of the backend
//! or the device.

mod backend_program;
mod child;
mod device;
mod http;
mod scene;
mod screen;

use std::io;
use std::path::Path;
use std::process::ExitCode;

use thiserror::Error;
use tokio::runtime;

use self::child::Child;
use self::device::Laboratory;
use self::http::Http;
use self::screen::Screen;
use crate::shutdown::{Hangups, Signals};

/// The application that the simulated device runs.
const APP: &str = "A1B2C3D4E5.com.example.demo";

/// The demonstration could not go on.
#[derive(Debug, Error)]
pub(crate) enum DemoError {
    #[error("{what}: {cause}")]
    Io { what: String, cause: io::Error },
    #[error("{0}")]
    Failed(String),
}

impl DemoError {
    fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |cause| Self::Io { what, cause }
    }
}

/// Shows the flows, then stays up until a signal comes, unless `once`. Exit code 0 when all went
/// as it is told here, 1 where it did not.
#[must_use]
pub fn run(once: bool) -> ExitCode {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let shown = runtime
        .map_err(DemoError::io("no runtime"))
        .and_then(|runtime| runtime.block_on(show(once)));
    match shown {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("appattest-integrator demo: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn show(once: bool) -> Result<(), DemoError> {
    let mut signals = Signals::listen().map_err(DemoError::io("signals cannot be heard"))?;
    // A terminal that goes would end this program before what it started.
    let _not_ended_by = Hangups::listen().map_err(DemoError::io("signals cannot be heard"))?;
    let folder = tempfile::Builder::new()
        .prefix("appattest-demo-")
        .tempdir()
        .map_err(DemoError::io("no temporary folder"))?;
    let mut children = Vec::new();
    let shown = tokio::select! {
        shown = play(folder.path(), &mut children, once) => shown.map(|()| !once),
        () = signals.next() => Ok(false),
    };
    if let Ok(true) = shown {
        signals.next().await;
    }
    Screen::stdout().line("\nEnding what was started.");
    for child in children.iter_mut().rev() {
        child.end().await;
    }
    shown.map(|_| ())
}

/// Starts everything and plays the scenes.
async fn play(folder: &Path, children: &mut Vec<Child>, once: bool) -> Result<(), DemoError> {
    let screen = Screen::stdout();
    screen.title("appattest-integrator: a device attests and asserts, end to end");
    let program = backend_program::find_or_build(&screen).await?;
    let laboratory = Laboratory::new(&program, folder, APP).await?;
    let root = laboratory.root();
    let backend = Child::backend(&program, APP, &root, folder).await?;
    let backend_url = backend.url();
    children.push(backend);
    let integrator = Child::integrator(&backend_url, folder).await?;
    let integrator_url = integrator.url();
    children.push(integrator);
    screen.started(&[
        (
            "backend",
            &backend_url,
            "verifies for real, under a test root",
        ),
        (
            "integrator",
            &integrator_url,
            "orders the steps, decides nothing",
        ),
        ("device", "simulated", "iOS 27 form, production environment"),
    ]);
    let http = Http::new(&integrator_url, &backend_url)?;
    let handle = scene::play_all(&screen, &http, &laboratory).await?;
    if !once {
        screen.stay_up(&integrator_url, &backend_url, &handle, folder);
    }
    Ok(())
}
