//! Services beside each other: asked in turns, and told as ratios to the first.

use std::time::Duration;

use crate::Settings;
use crate::round::run;
use crate::service::Service;
use crate::summary::{Spread, per_step};

/// A service under measurement.
pub(crate) struct Candidate {
    pub(crate) name: &'static str,
    pub(crate) service: Service,
    rounds: Vec<Cost>,
}

/// What a step cost in one round.
#[derive(Clone, Copy)]
struct Cost {
    /// The round's time by the number of its steps.
    time: Duration,
    /// The time that the service's threads ran, by the same.
    processor: Duration,
}

impl Candidate {
    pub(crate) fn new(name: &'static str, service: Service) -> Self {
        Self {
            name,
            service,
            rounds: Vec::new(),
        }
    }

    async fn run(&self, settings: &Settings) -> Cost {
        let before = self.service.processor_time();
        let round = run(self.service.address, settings.flows, settings.clients).await;
        assert_eq!(round.given_up, 0, "memory takes every flow");
        let ran = self.service.processor_time().saturating_sub(before);
        let steps = u32::try_from(round.steps.len()).expect("a number of steps");
        Cost {
            time: per_step(&round),
            processor: ran / steps,
        }
    }
}

/// Measures all of them in alternating rounds and prints the table. The first one is what the
/// others are compared with.
pub(crate) async fn measure(settings: &Settings, what: &str, mut candidates: Vec<Candidate>) {
    for round in 0..settings.rounds {
        // Each goes first as often as any other.
        let first = round % candidates.len();
        for candidate in 0..candidates.len() {
            let place = (first + candidate) % candidates.len();
            let candidate = candidates.get_mut(place).expect("one of them");
            let cost = candidate.run(settings).await;
            if round > 0 {
                candidate.rounds.push(cost);
            }
        }
    }
    print(settings, what, &candidates);
}

fn print(settings: &Settings, what: &str, candidates: &[Candidate]) {
    let Some(first) = candidates.first() else {
        return;
    };
    println!(
        "{} counted rounds of {} flows of three steps, {} clients; in each round \"{}\" is 1.00",
        settings.rounds.saturating_sub(1),
        settings.flows,
        settings.clients,
        first.name
    );
    println!("| {what} | processor time per step | its rounds | time per step | its rounds |");
    println!("| --- | --- | --- | --- | --- |");
    for candidate in candidates {
        let compared = |of: fn(&Cost) -> Duration| {
            let rounds = candidate.rounds.iter().zip(&first.rounds);
            Spread::of(rounds.map(|(one, other)| (of(one), of(other))))
        };
        let (processor, time) = (compared(|cost| cost.processor), compared(|cost| cost.time));
        println!("| {} | {processor} | {time} |", candidate.name);
    }
}
