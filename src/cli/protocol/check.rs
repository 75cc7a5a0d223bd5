//! `protocol check`: each definition by itself, and everything that is wrong with any of them.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use integrator_core::protocol::Compiled;

use super::definition::compiled;
use crate::cli::output;
use crate::problems::Problems;

/// Tells on standard output what is good and what is doubtful, on standard error what is wrong.
pub(super) fn answer(files: &[PathBuf]) -> ExitCode {
    let mut good = String::new();
    let mut problems = Problems::default();
    let mut refused = 0;
    for file in files {
        match compiled(file) {
            Ok(found) => tell(&mut good, &found),
            Err(more) => {
                refused += 1;
                problems.extend(more);
            }
        }
    }
    let printed = output::print(&good);
    if problems.is_empty() {
        return printed;
    }
    let found = counted(problems.len(), "problem");
    let files = counted(refused, "file");
    output::unusable(&format!("{problems}\n{found} in {files}"))
}

fn tell(good: &mut String, Compiled { protocol, warnings }: &Compiled) {
    let states = counted(protocol.states().len(), "state");
    let steps = counted(protocol.steps().len(), "step");
    let name = protocol.name();
    // Writing to a string cannot fail.
    let _ = writeln!(good, "ok {name}: {states}, {steps}");
    for warning in warnings {
        let _ = writeln!(good, "warning {warning}");
    }
}

fn counted(count: usize, of: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {of}{end}")
}
