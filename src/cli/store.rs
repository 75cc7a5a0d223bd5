//! `store`: what the configured store is and holds, and carrying that to another one.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek as _, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;
use tokio::runtime;

use super::output;
use crate::clock::SystemClock;
use crate::config::{Config, Store};
use crate::serve;
use crate::store::{self, Archive, CarryError, FlowStore, Opened, check_file};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Reach the store, check its version and settings, and say what its writes survive
    Check,
    /// Write all flows as lines of JSON, to standard output or a file
    Export {
        /// File to write; it must not exist
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Read all flows of a file that `store export` wrote
    Import {
        /// File to read
        file: PathBuf,
    },
}

/// Does it; the text is told, or why it could not be done.
pub(super) fn answer(command: &Command, config: &Config) -> ExitCode {
    match run(command, config) {
        Ok(told) => output::print(&told),
        Err(failed) => output::failed(&failed),
    }
}

fn run(command: &Command, config: &Config) -> Result<String, String> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("no runtime can be made: {error}"))?;
    let clock = Arc::new(SystemClock::start());
    if let Store::Sqlite { path } = &config.store
        && !matches!(command, Command::Import { .. })
        && !path.exists()
    {
        return Err(at(
            path,
            "there is no such file, so that nothing is stored there",
        ));
    }
    runtime.block_on(async {
        let opened = store::open(serve::store_options(config), clock)?;
        let store = opened.way();
        store.prepare().await.map_err(|error| error.to_string())?;
        match command {
            Command::Check => report(&*store).await,
            Command::Export { output: None } => {
                let archive = archive(&opened)?;
                export(&archive, &mut BufWriter::new(io::stdout())).await
            }
            Command::Export { output: Some(path) } => {
                let archive = archive(&opened)?;
                // Handles are in it, and whoever knows one may run steps.
                let mut options = File::options();
                let options = options.write(true).create_new(true).mode(0o600);
                let file = options.open(path).map_err(|error| at(path, error))?;
                export(&archive, &mut BufWriter::new(file)).await
            }
            Command::Import { file } => import(&archive(&opened)?, file).await,
        }
    })
}

/// What the store said of itself, and what it holds.
async fn report(store: &dyn FlowStore) -> Result<String, String> {
    let failed = |error: store::StoreError| error.to_string();
    store.beat().await.map_err(failed)?;
    let census = store.census().await.map_err(failed)?;
    let mut text = format!("ok store {}", store.kind());
    if let Some(prepared) = store.prepared() {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            ": {}\ndurability {}\n",
            prepared.version,
            prepared.durability.as_str()
        );
        for (name, value) in &prepared.settings {
            let _ = writeln!(text, "setting {name} = {value}");
        }
        for warning in &prepared.warnings {
            let _ = writeln!(text, "warning {warning}");
        }
    }
    let _ = writeln!(
        text,
        "holds {} flows, {} of them ended, and {} bytes of recorded answers",
        census.flows, census.terminal, census.bytes
    );
    Ok(text)
}

fn archive(opened: &Opened) -> Result<Archive, String> {
    opened.archive().ok_or_else(|| {
        "flows in memory end with their process: there is nothing to carry. Name another store with store.kind.".to_owned()
    })
}

/// The flows go to `out`; what was written is told on standard error, beside a possible pipe.
async fn export(archive: &Archive, out: &mut (dyn Write + Send)) -> Result<String, String> {
    let carried = archive
        .export(out)
        .await
        .map_err(|error| error.to_string())?;
    output::note(&format!("exported {carried}"));
    Ok(String::new())
}

async fn import(archive: &Archive, path: &Path) -> Result<String, String> {
    let failed = |error: CarryError| at(path, error);
    let mut file = File::open(path).map_err(|error| at(path, error))?;
    let expected = check_file(&mut BufReader::new(&file)).map_err(failed)?;
    file.seek(SeekFrom::Start(0))
        .map_err(|error| at(path, error))?;
    let mut reader = BufReader::new(&file);
    let imported = archive.import(&mut reader, &expected).await;
    let imported = imported.map_err(failed)?;
    Ok(format!("imported {imported}; the store agrees\n"))
}

fn at(path: &Path, error: impl std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}
