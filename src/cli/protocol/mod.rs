//! `protocol`: which protocols there are, what one is, and the tools of whoever writes one.

mod check;
mod definition;
mod rehearse;
mod show;
mod starter;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use integrator_core::protocol::{Protocol, graph};

use self::definition::named;
use super::{output, table};
use crate::catalog::Catalog;
use crate::problems::Problems;

/// What to do with protocols. A PROTOCOL is the name of a loaded one, or the path of a file: what
/// holds a `/`, ends in `.toml`, or is `-` for standard input.
#[derive(Subcommand)]
pub(super) enum Command {
    /// Name, title and digest of every protocol
    List,
    /// Say everything that is wrong or doubtful in definitions, without any configuration
    Check {
        /// Files of definitions; - is standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// One protocol as tables: where each answer leads, what each step takes and sends
    Show {
        /// Name of a loaded protocol, or path of a definition; - is standard input
        protocol: String,
    },
    /// The states of one protocol as a graph
    Graph {
        /// Name of a loaded protocol, or path of a definition; - is standard input
        protocol: String,
        /// The language of the graph
        #[arg(long, value_enum, default_value_t = Format::Mermaid)]
        format: Format,
    },
    /// Print a commented definition to start from
    New {
        /// Name of the protocol, such as payment
        name: String,
        /// Its title, for people
        #[arg(long)]
        title: Option<String>,
        /// Print a scenario for that definition instead
        #[arg(long)]
        scenario: bool,
    },
    /// Play a scenario of requests and answers against one protocol, without any network
    Try {
        /// Name of a loaded protocol, or path of a definition
        protocol: String,
        /// File of the scenario; - is standard input
        scenario: PathBuf,
    },
}

/// The language of a graph.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Format {
    /// A Mermaid state diagram
    Mermaid,
    /// Graphviz
    Dot,
}

/// Does it. `load` reads the configuration and its protocols; only what names a loaded protocol
/// needs them.
pub(super) fn answer(
    command: &Command,
    load: impl FnOnce() -> Result<Catalog, Problems>,
) -> ExitCode {
    let told = match command {
        Command::Check { files } => return check::answer(files),
        Command::List => load()
            .map(|catalog| list(&catalog))
            .map_err(|problems| super::refused(&problems)),
        Command::Show { protocol } => named(protocol, load).map(|protocol| show::text(&protocol)),
        Command::Graph { protocol, format } => {
            named(protocol, load).map(|protocol| draw(&protocol, *format))
        }
        Command::Try { protocol, scenario } => match named(protocol, load) {
            Ok(protocol) => return rehearse::answer(&protocol, scenario),
            Err(text) => Err(text),
        },
        Command::New {
            name,
            title,
            scenario,
        } => starter::text(name, title.as_deref(), *scenario),
    };
    match told {
        Ok(text) => output::print(&text),
        Err(text) => output::unusable(&text),
    }
}

fn draw(protocol: &Protocol, format: Format) -> String {
    match format {
        Format::Mermaid => graph::mermaid(protocol),
        Format::Dot => graph::dot(protocol),
    }
}

fn list(catalog: &Catalog) -> String {
    let mut rows = vec![["NAME", "", "TITLE", "DIGEST"].map(ToOwned::to_owned)];
    for protocol in catalog.iter() {
        let is_default = protocol.name() == catalog.default().name();
        let default = if is_default { "default" } else { "" };
        let cells = [
            protocol.name(),
            default,
            protocol.title(),
            protocol.digest(),
        ];
        rows.push(cells.map(ToOwned::to_owned));
    }
    table::text(&rows)
}
