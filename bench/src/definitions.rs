//! What a step costs beside other definitions, and within a large one.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use tempfile::TempDir;

use crate::round::run;
use crate::service::Service;
use crate::summary::{Spread, per_step};
use crate::{Settings, backend, large};

/// Definitions beside App Attest: as many as a folder may hold, but for one.
const OTHERS: usize = 255;

/// A service under measurement.
struct Candidate {
    name: &'static str,
    service: Service,
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

/// The folders of definitions.
struct Ground {
    empty: TempDir,
    many: TempDir,
    large: TempDir,
}

impl Ground {
    fn new() -> Self {
        let folder = || TempDir::new().expect("a folder");
        let ground = Self {
            empty: folder(),
            many: folder(),
            large: folder(),
        };
        for number in 0..OTHERS {
            let file = ground.many.path().join(format!("{number}.toml"));
            fs::write(file, large::other(number)).expect("written");
        }
        let file = ground.large.path().join("app-attest.toml");
        fs::write(file, large::app_attest()).expect("written");
        ground
    }

    /// The first one is what the others are compared with; the second tells what the comparison
    /// is worth.
    fn candidates(&self, settings: &Settings, backend: SocketAddr) -> Vec<Candidate> {
        let folders = [
            ("App Attest alone", &self.empty),
            ("the same again", &self.empty),
            ("255 large ones beside it", &self.many),
            ("App Attest itself large", &self.large),
        ];
        let candidate = |(name, folder): (&'static str, &TempDir)| {
            let folder = folder.path().display().to_string();
            let variables = [("INTEGRATOR__PROTOCOLS__DIR", folder)];
            Candidate {
                name,
                service: Service::start(&settings.program, backend, &variables),
                rounds: Vec::new(),
            }
        };
        folders.into_iter().map(candidate).collect()
    }
}

/// Measures all of them in alternating rounds and prints the table.
pub(crate) async fn measure(settings: &Settings) {
    let ground = Ground::new();
    let backend = backend::start().await;
    let mut candidates = ground.candidates(settings, backend);
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
    print(settings, &candidates);
}

fn print(settings: &Settings, candidates: &[Candidate]) {
    let Some(alone) = candidates.first() else {
        return;
    };
    println!(
        "{} counted rounds of {} flows of three steps, {} clients; in each round App Attest alone \
         is 1.00",
        settings.rounds.saturating_sub(1),
        settings.flows,
        settings.clients
    );
    println!("| definitions | processor time per step | its rounds | time per step | its rounds |");
    println!("| --- | --- | --- | --- | --- |");
    for candidate in candidates {
        let compared = |of: fn(&Cost) -> Duration| {
            let rounds = candidate.rounds.iter().zip(&alone.rounds);
            Spread::of(rounds.map(|(one, other)| (of(one), of(other))))
        };
        let (processor, time) = (compared(|cost| cost.processor), compared(|cost| cost.time));
        println!("| {} | {processor} | {time} |", candidate.name);
    }
}
