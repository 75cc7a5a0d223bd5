//! Configuration: defaults, then the file, then the environment, then flags.
//!
//! Every setting stands once in the [`registry`]; its section's file holds it, with its kind, its
//! range, its default and its meaning. The layers are read whole, and everything that is wrong in
//! any of them is told at once, with its place and what is allowed: there is no silent default.
//!
//! | file | what |
//! | --- | --- |
//! | `setting`, `registry` | what a setting is; all of them |
//! | `raw`, `value`, `headers`, `store_url` | a value as it is spelt, judged, the table of headers, the URL of a store |
//! | `file` (and `walk`), `environment`, `flags` | the layers |
//! | `settled` | the layers laid on each other |
//! | `server` … `telemetry`, `build` | one section each: its settings, its type, its contradictions |
//! | `agree` | configuration and protocols against each other |
//! | `reread` | the protocols read anew, in a process that goes on |

mod admission;
mod agree;
mod auth;
mod backends;
mod build;
mod environment;
mod file;
mod flags;
mod flows;
mod gates;
mod headers;
mod log;
mod ops;
mod protocols;
mod raw;
pub mod registry;
mod reread;
mod server;
pub mod setting;
mod settled;
mod source;
mod store;
mod store_url;
mod telemetry;
mod value;
mod walk;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub use self::backends::Backend;
pub use self::flags::Flags;
pub use self::flows::Flows;
pub use self::log::{Format, Log};
pub use self::ops::Ops;
pub use self::protocols::Protocols;
pub use self::server::Server;
pub use self::store::Store;
pub use self::store_url::StoreUrl;
pub use self::telemetry::Telemetry;

use self::environment::Environment;
use self::settled::Settled;
pub use crate::admission::options::Options as Admission;
use crate::catalog::Catalog;
use crate::problems::{Problem, Problems};

/// Where the layers come from. The default has no file, no environment and no flags, and looks for
/// the default file in the working directory.
#[derive(Clone, Default)]
pub struct Sources {
    /// The file; without one, `config/integrator.toml` if it is there.
    pub file: Option<PathBuf>,
    /// The environment, names and values.
    pub environment: Vec<(OsString, OsString)>,
    /// What the command line says.
    pub flags: Flags,
    /// Where paths that are not absolute begin; empty is the working directory.
    pub directory: PathBuf,
}

/// The whole configuration, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The listener for callers.
    pub server: Server,
    /// The listener for operators.
    pub ops: Ops,
    /// The parties with authority, by name; `default` is always there.
    pub backends: BTreeMap<String, Backend>,
    /// Protocol definitions.
    pub protocols: Protocols,
    /// Bounds of what is stored.
    pub flows: Flows,
    /// What keeps the flows.
    pub store: Store,
    /// How requests are held back to spare backends; `None`: they are not.
    pub admission: Option<Admission>,
    /// Logs.
    pub log: Log,
    /// Traces.
    pub telemetry: Telemetry,
    /// The SHA-256 of this build in lower-case hexadecimal, if the environment tells it.
    pub build_sha256: Option<String>,
    /// What is allowed but doubtful, one sentence each.
    pub warnings: Vec<String>,
}

/// Reads every layer.
///
/// # Errors
///
/// Every problem of every layer, and every contradiction between them.
pub fn load(sources: Sources) -> Result<Config, Problems> {
    let directory = sources.directory.clone();
    let settled = settle(sources);
    finish(&settled, &directory)
}

/// Reads every layer and every protocol, and checks them against each other; the warnings of the
/// protocols are the configuration's.
///
/// # Errors
///
/// Every problem of the configuration and of the protocols.
pub fn load_with_protocols(sources: Sources) -> Result<(Config, Catalog), Problems> {
    let directory = sources.directory.clone();
    let settled = settle(sources);
    let config = finish(&settled, &directory);
    match (config, catalog(&settled, &directory)) {
        (Ok(mut config), Ok(Some(catalog))) => {
            let doubts = agree::doubts(&config, &catalog);
            config.warnings.extend(doubts);
            Ok((config, catalog))
        }
        (config, catalog) => {
            let problems = [config.err(), catalog.err()]
                .into_iter()
                .flatten()
                .flatten();
            Err(problems.collect())
        }
    }
}

/// The protocols that the layers name, every one with a backend; none where it is not known which
/// they name.
fn catalog(settled: &Settled, directory: &Path) -> Result<Option<Catalog>, Problems> {
    let Some((dir, default)) = protocols::where_known(settled, directory) else {
        return Ok(None);
    };
    let place_of = |key: &str| settled.source(key).map(ToString::to_string);
    let catalog = Catalog::load(dir.as_deref(), default).map_err(|problems| {
        problems
            .into_iter()
            .map(|problem| problem.place_by(place_of))
            .collect::<Problems>()
    })?;
    let configured: Vec<&str> = settled.backends.keys().map(String::as_str).collect();
    let strangers = agree::strangers(&configured, &catalog, "add");
    Problems::from_iter(strangers).or(Some(catalog))
}

/// Lays the layers on each other.
fn settle(sources: Sources) -> Settled {
    let Sources {
        file,
        environment,
        flags,
        directory,
    } = sources;
    let environment = Environment::new(environment);
    let mut settled = Settled::defaults();
    file::apply(file.as_deref(), &directory, &environment, &mut settled);
    environment::apply(&environment, &mut settled);
    flags::apply(&flags, &mut settled);
    settled
}

/// The configuration that the layers make, if nothing is wrong with them.
fn finish(settled: &Settled, directory: &Path) -> Result<Config, Problems> {
    let mut problems = settled.problems.clone();
    if settled.file_understood {
        problems.extend(contradictions(settled, directory));
    }
    problems.or(())?;
    let mut config = assemble(settled, directory)?;
    config.warnings = backends::warnings(&config.backends);
    config.warnings.extend(agree::short_grace(&config));
    config.warnings.extend(gates::doubts(settled));
    Ok(config)
}

/// What no single layer gets wrong: settings that do not go together.
fn contradictions(settled: &Settled, directory: &Path) -> impl Iterator<Item = Problem> {
    server::contradictions(settled)
        .into_iter()
        .chain(ops::contradictions(settled))
        .chain(backends::contradictions(settled))
        .chain(protocols::contradictions(settled, directory))
        .chain(store::contradictions(settled, directory))
        .chain(log::contradictions(settled, directory))
        .chain(gates::contradictions(settled))
}

fn assemble(settled: &Settled, directory: &Path) -> Result<Config, Problem> {
    Ok(Config {
        server: Server::assemble(settled)?,
        ops: Ops::assemble(settled),
        backends: backends::assemble(settled)?,
        protocols: Protocols::assemble(settled, directory)?,
        flows: Flows::assemble(settled)?,
        store: Store::assemble(settled, directory)?,
        admission: admission::assemble(settled)?,
        log: Log::assemble(settled, directory)?,
        telemetry: Telemetry::assemble(settled),
        build_sha256: build::sha256(settled),
        warnings: Vec::new(),
    })
}
