//! `protocol`: which protocols there are, what one is, and its picture.

use std::sync::Arc;
use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use integrator_core::protocol::{Protocol, Step, graph};

use super::table;
use crate::catalog::Catalog;

/// What to show of the protocols.
#[derive(Subcommand)]
pub(super) enum Command {
    /// Name, title and digest of every protocol
    List,
    /// The states and steps of one protocol
    Show {
        /// The protocol
        name: String,
    },
    /// The states of one protocol as a graph
    Graph {
        /// The protocol
        name: String,
        /// The language of the graph
        #[arg(long, value_enum, default_value_t = Format::Mermaid)]
        format: Format,
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

/// What the command prints, or why it cannot.
pub(super) fn answer(command: &Command, catalog: &Catalog) -> Result<String, String> {
    match command {
        Command::List => Ok(list(catalog)),
        Command::Show { name } => find(catalog, name).map(|protocol| show(protocol)),
        Command::Graph {
            name,
            format: Format::Mermaid,
        } => find(catalog, name).map(|protocol| graph::mermaid(protocol)),
        Command::Graph {
            name,
            format: Format::Dot,
        } => find(catalog, name).map(|protocol| graph::dot(protocol)),
    }
}

fn find<'a>(catalog: &'a Catalog, name: &str) -> Result<&'a Arc<Protocol>, String> {
    catalog.get(name).ok_or_else(|| {
        let known: Vec<&str> = catalog.iter().map(|protocol| protocol.name()).collect();
        format!("no protocol {name}; there are: {}", known.join(", "))
    })
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

fn show(protocol: &Protocol) -> String {
    let seconds = |duration: Duration| format!("{} s", duration.as_secs_f64());
    let facts = [
        ["protocol", protocol.name()].map(ToOwned::to_owned),
        ["title", protocol.title()].map(ToOwned::to_owned),
        ["digest", protocol.digest()].map(ToOwned::to_owned),
        ["backend", protocol.backend()].map(ToOwned::to_owned),
        ["ttl".to_owned(), seconds(protocol.ttl())],
        ["retention".to_owned(), seconds(protocol.retention())],
        ["states".to_owned(), states(protocol, false)],
        ["terminal".to_owned(), states(protocol, true)],
    ];
    let mut steps = vec![["STEP", "FROM", "CALL", "REQUIRES", "LEADS TO"].map(ToOwned::to_owned)];
    steps.extend(protocol.steps().iter().map(|step| row(protocol, step)));
    format!("{}\n{}", table::text(&facts), table::text(&steps))
}

/// The names of the states that are terminal, or of those that are not.
fn states(protocol: &Protocol, terminal: bool) -> String {
    let kind = protocol
        .states()
        .filter(|state| protocol.is_terminal(*state) == terminal);
    kind.map(|state| protocol.state_name(state))
        .collect::<Vec<_>>()
        .join(", ")
}

fn row(protocol: &Protocol, step: &Step) -> [String; 5] {
    let names = |names: Vec<&str>| {
        if names.is_empty() {
            "-".to_owned()
        } else {
            names.join(", ")
        }
    };
    [
        step.name().to_owned(),
        names(
            step.from()
                .iter()
                .map(|state| protocol.state_name(*state))
                .collect(),
        ),
        format!("{} {}", step.method().as_str(), step.path()),
        names(step.require().iter().map(String::as_str).collect()),
        names(
            step.outcomes()
                .iter()
                .map(|outcome| protocol.state_name(outcome.to()))
                .collect(),
        ),
    ]
}
