//! The integrator's command line: parse, match, run.

use std::process::ExitCode;

use appattest_integrator::cli::{self, Cli};
use clap::Parser as _;

fn main() -> ExitCode {
    // The one place where the environment is read.
    cli::run(Cli::parse(), std::env::vars_os().collect())
}
