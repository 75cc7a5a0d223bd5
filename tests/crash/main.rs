//! Processes and stores are killed and stopped while flows run, at named points and at random; a
//! ledger of all that was seen from outside is then held against what must hold nevertheless.
//!
//! `INTEGRATOR_CRASH_SEED` repeats a run's choices, `INTEGRATOR_CRASH_FLOWS`,
//! `INTEGRATOR_CRASH_ROUNDS` and `INTEGRATOR_CRASH_CLIENTS` set its size, and
//! `INTEGRATOR_CRASH_BINARY` names another program to hold the laws against.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot arrange what it needs fails"
)]

mod audit;
mod backend;
mod clients;
mod fleet;
mod http;
mod ledger;
mod numbers;
mod points;
mod protocol;
mod site;
mod storm;
mod story;
mod totals;
mod verdict;

use std::collections::BTreeMap;
use std::io::Write as _;

use self::ledger::Ledger;
use self::numbers::{Sizes, seed};
use self::site::Kind;
use self::story::story;
use self::totals::Totals;
use self::verdict::{Breach, judge};

/// Breaches that are told of each law; one cause often breaks it many times.
const MOST_TOLD: usize = 3;

/// Runs everything over one kind of store.
async fn crash(kind: Kind) {
    let (seed, sizes) = (seed(), Sizes::of_environment());
    say(&format!(
        "crash {kind}: INTEGRATOR_CRASH_SEED={seed} {sizes:?}"
    ));
    let mut totals = Totals::default();
    let mut broken = Vec::new();
    let points = points::run(kind, seed, sizes.rounds);
    let (points, ledger) = tokio::join!(points, storm::storm(kind, seed, sizes));
    for (name, ledger, mut told) in points {
        totals += Totals::of(&ledger);
        if !told.is_empty() {
            // A scene has one flow, or many of which one tells enough.
            let flow = ledger.found.first();
            told.extend(flow.map(|found| story(&ledger, &found.flow)));
        }
        told.extend(breaches(&ledger));
        broken.extend(told.into_iter().map(|told| format!("{name}: {told}")));
    }
    say(&format!("crash {kind}: named points: {totals}"));
    let of_storm = Totals::of(&ledger);
    say(&format!("crash {kind}: storm: {of_storm}"));
    totals += of_storm;
    broken.extend(
        breaches(&ledger)
            .into_iter()
            .map(|told| format!("storm: {told}")),
    );
    for told in &broken {
        say(&format!("crash {kind}: {told}"));
    }
    assert!(
        broken.is_empty(),
        "{kind}: laws were broken; INTEGRATOR_CRASH_SEED={seed} repeats the choices of this run"
    );
    let missing = totals.missing(kind.processes() > 1);
    assert!(
        missing.is_empty(),
        "{kind}: the run shows nothing: it lacks {missing:?}"
    );
}

/// The breaches of a ledger: a few of each law.
fn breaches(ledger: &Ledger) -> Vec<String> {
    let mut by_law: BTreeMap<_, Vec<Breach>> = BTreeMap::new();
    for breach in judge(ledger) {
        by_law.entry(breach.law).or_default().push(breach);
    }
    let mut told = Vec::new();
    for (law, breaches) in by_law {
        let count = breaches.len();
        for breach in breaches.into_iter().take(MOST_TOLD) {
            let story = breach.flow.as_ref().map(|flow| story(ledger, flow));
            told.push(breach.to_string());
            told.extend(story);
        }
        told.push(format!("BROKEN {count} times: {law}"));
    }
    told
}

/// Tells it to whoever runs the tests: seeds and totals are told of runs that succeed, too.
fn say(told: &str) {
    // Nobody may listen.
    let _ = writeln!(std::io::stderr(), "{told}");
}

#[tokio::test]
async fn flows_outlive_what_is_killed_over_a_file() {
    crash(Kind::Sqlite).await;
}

#[tokio::test]
async fn flows_outlive_what_is_killed_over_redis() {
    crash(Kind::Redis).await;
}

#[tokio::test]
async fn flows_outlive_what_is_killed_over_postgres() {
    crash(Kind::Postgres).await;
}
