//! What there is to play, one line each.

use super::scenario;

/// The names of the scenarios, each with what it shows.
pub fn listing() -> String {
    let scenarios = scenario::all();
    let names = scenarios.iter().map(|scenario| scenario.name.len());
    let width = names.max().unwrap_or(0);
    let line = |scenario: &scenario::Scenario| {
        let (name, title) = (scenario.name, scenario.title);
        format!("{name:width$}  {title}\n")
    };
    scenarios.iter().map(line).collect()
}
