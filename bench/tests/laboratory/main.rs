//! The laboratory is held to theory, to its own books, and the law to what it promises.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot arrange what it needs fails"
)]

mod books;
mod collapse;
mod flags;
mod plants;
mod promises;
mod settings;
mod table;

use integrator_bench::laboratory::candidate::Candidate;
use integrator_bench::laboratory::command::play;
use integrator_bench::laboratory::figures::Figures;
use integrator_bench::laboratory::record::Record;
use integrator_bench::laboratory::run::Scope;
use integrator_bench::laboratory::scenario::{Scenario, all};
use integrator_bench::laboratory::tuning::Tuning;

/// The scenario of this name.
fn scenario(name: &str) -> Scenario {
    let found = all().into_iter().find(|scenario| scenario.name == name);
    found.unwrap_or_else(|| panic!("no scenario '{name}'"))
}

/// One run at the settings that the service has unless it is told otherwise.
fn played(scenario: &Scenario, candidate: Candidate, seed: u64) -> Record {
    play(
        scenario,
        candidate,
        &Tuning::default(),
        Scope::NewFlows,
        seed,
    )
}

fn figures(name: &str, candidate: Candidate, seed: u64) -> Figures {
    let scenario = scenario(name);
    let record = played(&scenario, candidate, seed);
    Figures::of(&scenario, Tuning::default().target, &record)
}
