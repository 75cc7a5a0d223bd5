//! The command line: what may be said, and what answers it.
//!
//! Exit codes: 0 done, 1 failed, 2 unusable input.

mod audit;
mod check;
mod completions;
mod flow;
mod output;
mod protocol;
mod store;
mod table;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;

use crate::catalog::Catalog;
use crate::config::{self, Config, Flags, Sources};
use crate::demo;
use crate::problems::Problems;
use crate::serve;

/// Orders the steps of a protocol in front of a backend that decides.
#[derive(Parser)]
#[command(name = "appattest-integrator", version, about, long_about = None)]
pub struct Cli {
    /// Configuration file; without it config/integrator.toml, if it is there
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Folder of protocol definitions
    #[arg(long, global = true, value_name = "DIR")]
    protocols: Option<PathBuf>,

    /// Address and port to serve on, when no command is given
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,

    #[command(subcommand)]
    command: Option<Command>,
}

/// What to do; `serve` where nothing is said.
#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    Configured(Configured),
    /// Look at protocols, and write new ones
    #[command(subcommand)]
    Protocol(protocol::Command),
    /// Look into what the audit stream recorded
    #[command(subcommand)]
    Audit(audit::Command),
    /// Flows of a running service
    #[command(subcommand)]
    Flow(flow::Command),
    /// Print what a shell needs to complete commands
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Show a device attest and assert through the integrator, then stay up to be tried
    Demo {
        /// End after what is shown
        #[arg(long)]
        once: bool,
    },
}

/// What needs the configuration and the protocols.
#[derive(Subcommand)]
enum Configured {
    /// Serve (also what happens without a command)
    Serve {
        /// Address and port, such as 127.0.0.1:8090
        #[arg(long, value_name = "ADDR")]
        listen: Option<String>,
    },
    /// Check the configuration and the protocols, and change nothing
    Check,
    /// Look at the store, or carry its flows to another one
    #[command(subcommand)]
    Store(store::Command),
}

/// Does what the command line says. `environment` is the process's, names and values.
pub fn run(cli: Cli, environment: Vec<(OsString, OsString)>) -> ExitCode {
    if cli.listen.is_some() && cli.command.is_some() {
        let text = "--listen stands after serve, or without a command";
        Cli::command()
            .error(ErrorKind::ArgumentConflict, text)
            .exit();
    }
    let serve = Configured::Serve { listen: cli.listen };
    let flags = Flags {
        listen: None,
        protocols: cli.protocols,
    };
    let mut sources = Sources {
        file: cli.config,
        environment,
        flags,
        directory: PathBuf::new(),
    };
    let command = match cli.command.unwrap_or(Command::Configured(serve)) {
        // The demonstration brings its own configuration and asks for none.
        Command::Demo { once } => return demo::run(once),
        // Whoever writes a definition may have no configuration yet, or a broken one.
        Command::Protocol(command) => {
            let load = || config::load_with_protocols(sources).map(|(_, catalog)| catalog);
            return protocol::answer(&command, load);
        }
        // Whoever says where the service is needs no configuration.
        Command::Flow(command) => return flow::answer(&command, || config::load(sources)),
        Command::Completions { shell } => return completions::answer(shell),
        // Files of a stream are looked into where they are kept.
        Command::Audit(command) => return audit::answer(&command),
        Command::Configured(command) => command,
    };
    if let Configured::Serve { listen } = &command {
        sources.flags.listen.clone_from(listen);
    }
    match config::load_with_protocols(sources) {
        Ok((config, catalog)) => answer(&command, config, catalog),
        Err(problems) => output::unusable(&refused(&problems)),
    }
}

fn answer(command: &Configured, config: Config, catalog: Catalog) -> ExitCode {
    match command {
        Configured::Serve { .. } => serve::run(config, catalog),
        Configured::Check => output::print(&check::report(&config, &catalog)),
        Configured::Store(command) => store::answer(command, &config),
    }
}

/// Every problem, and how many they are.
fn refused(problems: &Problems) -> String {
    let count = match problems.len() {
        1 => "one problem; nothing was started".to_owned(),
        many => format!("{many} problems; nothing was started"),
    };
    format!("{problems}\n{count}")
}
