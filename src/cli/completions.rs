//! `completions`: what a shell needs to complete commands.

use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{Cli, output};

/// What clap_complete calls commands of a program with a hyphen where it completes them in bash,
const CALLED: &str = "appattest__subcmd__integrator";
/// and what it calls them where it finds out which one is meant.
const MEANT: &str = "appattest__integrator";

/// Writes the script for a shell.
pub(super) fn answer(shell: Shell) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(
        shell,
        &mut Cli::command(),
        "appattest-integrator",
        &mut script,
    );
    let mut script = String::from_utf8_lossy(&script).into_owned();
    if shell == Shell::Bash {
        script = script.replace(CALLED, MEANT);
    }
    output::print(&script)
}
