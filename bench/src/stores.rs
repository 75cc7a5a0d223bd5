//! What a step costs over each store.

use std::net::SocketAddr;

use integrator_testbed::{postgres, redis};
use tempfile::TempDir;

use crate::round::{Round, run};
use crate::service::Service;
use crate::summary::{Summary, ratio};
use crate::{Settings, backend};

/// A store under measurement.
struct Candidate {
    name: &'static str,
    service: Service,
    rounds: Vec<Round>,
}

/// What the stores live on; ended after the services.
struct Ground {
    folder: TempDir,
    redis_always: redis::Server,
    redis_second: redis::Server,
    postgres: postgres::Server,
}

impl Ground {
    fn start() -> Self {
        let redis = |persistence| {
            redis::Server::start(redis::Options {
                persistence,
                ..redis::Options::default()
            })
        };
        Self {
            folder: TempDir::new().expect("a folder"),
            redis_always: redis(redis::Persistence::Always),
            redis_second: redis(redis::Persistence::EverySecond),
            postgres: postgres::Server::start(postgres::Options {
                fsync: true,
                ..postgres::Options::default()
            }),
        }
    }

    fn candidates(&self, settings: &Settings, backend: SocketAddr) -> Vec<Candidate> {
        let kind = |kind: &str| ("INTEGRATOR__STORE__KIND", kind.to_owned());
        let url = |url: String| ("INTEGRATOR__STORE__URL", url);
        let file = self.folder.path().join("flows.db").display().to_string();
        let stores = [
            ("memory", vec![kind("memory")]),
            (
                "sqlite (full)",
                vec![kind("sqlite"), ("INTEGRATOR__STORE__PATH", file)],
            ),
            (
                "redis (everysec)",
                vec![kind("redis"), url(self.redis_second.url(0))],
            ),
            (
                "redis (always)",
                vec![kind("redis"), url(self.redis_always.url(0))],
            ),
            (
                "postgres (fsync)",
                vec![kind("postgres"), url(self.postgres.schema_url("bench"))],
            ),
        ];
        let candidate = |(name, store): (&'static str, Vec<(&str, String)>)| Candidate {
            name,
            service: Service::start(&settings.program, backend, &store),
            rounds: Vec::new(),
        };
        stores.into_iter().map(candidate).collect()
    }
}

/// Measures all stores in alternating rounds and prints the table.
pub(crate) async fn measure(settings: &Settings) {
    let ground = Ground::start();
    let backend = backend::start().await;
    let mut candidates = ground.candidates(settings, backend);
    for round in 0..settings.rounds {
        for candidate in &mut candidates {
            let address = candidate.service.address;
            let measured = run(address, settings.flows, settings.clients).await;
            if round > 0 {
                candidate.rounds.push(measured);
            }
        }
    }
    print(settings, &candidates);
}

fn print(settings: &Settings, candidates: &[Candidate]) {
    let summaries: Vec<Summary> = candidates
        .iter()
        .map(|candidate| Summary::of(&candidate.rounds))
        .collect();
    let Some(memory) = summaries.first() else {
        return;
    };
    println!(
        "{} counted rounds of {} flows of three steps, {} clients; memory is 1.00",
        settings.rounds.saturating_sub(1),
        settings.flows,
        settings.clients
    );
    println!(
        "| store | time per step | fastest and slowest round | median latency | 99th percentile | given up |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    for (candidate, summary) in candidates.iter().zip(&summaries) {
        let (fastest, slowest) = summary.spread;
        let given_up: usize = candidate.rounds.iter().map(|round| round.given_up).sum();
        println!(
            "| {} | {:.2} | {:.2} to {:.2} | {:.2} | {:.2} | {given_up} |",
            candidate.name,
            ratio(summary.per_step, memory.per_step),
            ratio(fastest, memory.per_step),
            ratio(slowest, memory.per_step),
            ratio(summary.p50, memory.p50),
            ratio(summary.p99, memory.p99),
        );
    }
}
