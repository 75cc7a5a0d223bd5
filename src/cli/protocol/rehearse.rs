//! `protocol try`: a scenario played against a definition, without any network.

use std::path::Path;
use std::process::ExitCode;

use integrator_core::protocol::Protocol;

use super::definition::text;
use crate::cli::output;
use crate::rehearsal::{self, MOST_BYTES};

/// Exit code 0 where every run goes as expected, 1 where one does not, 2 where there is nothing
/// that could be played.
pub(super) fn answer(protocol: &Protocol, scenario: &Path) -> ExitCode {
    let file = scenario.display().to_string();
    let text = match text(scenario, MOST_BYTES) {
        Ok(text) => text,
        Err(error) => return output::unusable(&format!("{file}: the scenario {error}")),
    };
    let scenario = match rehearsal::read(&file, &text, protocol) {
        Ok(scenario) => scenario,
        Err(problems) => return output::unusable(&problems.to_string()),
    };
    let rehearsal = match rehearsal::play(protocol, &scenario) {
        Ok(rehearsal) => rehearsal,
        Err(error) => return output::failed(&error.to_string()),
    };
    let printed = output::print(&rehearsal::report(&rehearsal, protocol));
    if rehearsal.is_as_expected() {
        printed
    } else {
        ExitCode::FAILURE
    }
}
