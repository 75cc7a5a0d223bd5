//! What a command says, and the exit code that goes with it.

use std::io::{self, ErrorKind, Write as _};
use std::process::ExitCode;

/// Exit code of a command that was given what it cannot use.
const UNUSABLE: u8 = 2;

/// Writes to standard output. A reader that has seen enough is no failure.
pub(super) fn print(text: &str) -> ExitCode {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Writes to standard error why the input cannot be used. Where even that fails, the code says it.
pub(super) fn unusable(text: &str) -> ExitCode {
    let _ = writeln!(io::stderr().lock(), "{text}");
    ExitCode::from(UNUSABLE)
}

/// Writes to standard error why a command could not be done.
pub(super) fn failed(text: &str) -> ExitCode {
    note(&format!("appattest-integrator: {text}"));
    ExitCode::FAILURE
}

/// Writes to standard error what goes along with a command's output. A note that nobody can read
/// fails nothing.
pub(super) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
