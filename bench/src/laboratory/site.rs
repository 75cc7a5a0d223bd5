//! What an operator knows of the own backend and the own clients, put in place of a scenario's.

use std::time::Duration;

use super::numbers::positive;
use super::scenario::{Kind, Scenario};

/// What is different there; what is left out stays as the scenario has it.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Site {
    /// Flows per second that the backend can do, each of three calls; if left out, what the
    /// scenario has (100 in most; 40 against the service)
    #[arg(long, value_parser = positive)]
    pub capacity: Option<f64>,
    /// Milliseconds that a call takes which is alone in the backend; if left out 50
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub alone: Option<u64>,
    /// How many calls the backend holds when it begins to slow, as a multiple of what it holds when
    /// calls take 200 ms at its capacity (60 at 100 flows a second); if left out, what the scenario
    /// has (1.5 in most). Means nothing to a backend that does not collapse
    #[arg(long, value_parser = positive)]
    pub knee: Option<f64>,
    /// Milliseconds between two steps of a flow, in the mean; if left out, what the scenario has
    /// (300 in most)
    #[arg(long)]
    pub think: Option<u64>,
}

impl Site {
    /// The scenario as it would be played there.
    ///
    /// # Errors
    ///
    /// When so low a capacity and so short a call cannot be of one backend: even one call at a time
    /// comes to more.
    pub fn of(&self, scenario: Scenario) -> Result<Scenario, String> {
        let mut there = scenario;
        there.capacity = self.capacity.unwrap_or(there.capacity);
        there.alone = self.alone.map_or(there.alone, Duration::from_millis);
        there.clients.think = self
            .think
            .map_or(there.clients.think, Duration::from_millis);
        if let (Some(knee), Kind::Collapsing(_)) = (self.knee, there.kind) {
            there.kind = Kind::Collapsing(knee);
        }
        let calls_per_s = there.calls_per_s();
        if calls_per_s * there.alone.as_secs_f64() < 1.0 {
            return Err(format!(
                "a backend of {} flows a second ({calls_per_s} calls) is not one whose calls take \
                 {} ms: even one at a time it would do more; say at least --alone {:.0}",
                there.capacity,
                there.alone.as_millis(),
                (1e3 / calls_per_s).ceil(),
            ));
        }
        Ok(there)
    }
}
