//! One run: the service as a process, its backend, and the users.

use std::sync::Arc;
use std::time::Duration;

use integrator_bench::laboratory::record::{Counts, Record, SLICE, Slice};
use integrator_bench::laboratory::run::DEADLINE;
use integrator_bench::laboratory::scenario::Scenario;

use crate::service::Service;
use crate::storm::Settings;
use crate::storm::candidate::Candidate;
use crate::storm::journal::{Event, Journal};
use crate::storm::machine::{Lateness, Machine};
use crate::storm::scrape::Scrape;
use crate::storm::watch::{Look, watch};
use crate::storm::{backend, load};

/// The service's own word on each call to the backend.
pub(crate) const CALLS: &str = "integrator_backend_request_duration_seconds";
/// How each of them ended.
pub(crate) const REQUESTS: &str = "integrator_backend_requests_total";
pub(crate) const TIMEOUT: &str = r#"status="timeout""#;
pub(crate) const UNAVAILABLE: &str = r#"status="unavailable""#;

/// Slices of one second.
const SECOND: usize = 4;

/// One run, as it was seen from all sides.
pub(crate) struct Run {
    pub(crate) candidate: Candidate,
    /// In the laboratory's form, so that its figures are those of both.
    pub(crate) record: Record,
    pub(crate) looks: Vec<Look>,
    /// The service's last word, when all users were done or left.
    pub(crate) end: Scrape,
    pub(crate) machine: Machine,
}

/// Offers the storm to a service of its own.
pub(crate) async fn run(settings: &Settings, scenario: &Scenario, candidate: Candidate) -> Run {
    let options = settings.tuning.options(settings.capacity());
    let (address, works) = backend::start(scenario, settings.seed);
    let service = Service::start(&settings.program, address, &candidate.variables(&options));
    let journal = Arc::new(Journal::begin());
    let lasts = scenario.load().ends_at();
    let (users, looks) = tokio::join!(
        load::offer(service.address, settings, scenario, &journal),
        watch(&service, &journal, lasts),
    );
    let last = watch(&service, &journal, Duration::ZERO).await;
    let end = last.into_iter().next().expect("a look at the end").scrape;
    Run {
        candidate,
        record: record(&journal.events(), &looks),
        machine: Machine {
            cores: cores(&looks, looks.len()),
            cores_at_most: cores(&looks, SECOND + 1),
            users: Lateness::of(users),
            backend: Lateness::of(works.lateness()),
        },
        looks,
        end,
    }
}

/// The cores kept busy over so many looks, at most.
fn cores(looks: &[Look], over: usize) -> f64 {
    let shares = looks.windows(over).filter_map(|looks| {
        let (first, last) = (looks.first()?, looks.last()?);
        let ran = last.processor.checked_sub(first.processor)?;
        Some(ran.as_secs_f64() / (last.at - first.at).as_secs_f64())
    });
    shares.fold(0.0, f64::max)
}

/// The users' side from what happened to them, the backend's from what the service tells.
fn record(events: &[(Duration, Event)], looks: &[Look]) -> Record {
    let mut slices: Vec<Slice> = looks
        .windows(2)
        .filter_map(|looks| Some(slice(looks.first()?, looks.last()?)))
        .collect();
    let mut counts = Counts::default();
    for (at, event) in events {
        count(&mut counts, *event);
        let place = usize::try_from(at.as_nanos() / SLICE.as_nanos()).unwrap_or(usize::MAX);
        if let Some(slice) = slices.get_mut(place) {
            count_in(slice, *event);
        }
    }
    Record {
        slices,
        counts,
        ..Record::default()
    }
}

fn slice(from: &Look, until: &Look) -> Slice {
    let grown = |name: &str, labels: &[&str]| until.scrape.grown(&from.scrape, name, labels);
    let refused = grown(REQUESTS, &[UNAVAILABLE]);
    // A refused call takes next to no time, and counts with its deadline.
    let latency_s = grown(&format!("{CALLS}_sum"), &[]) + refused * DEADLINE.as_secs_f64();
    Slice {
        ended: number(grown(&format!("{CALLS}_count"), &[])),
        latency_ms: latency_s * 1e3,
        unanswered: number(refused + grown(REQUESTS, &[TIMEOUT])),
        ..Slice::default()
    }
}

/// A count of a metric, which is a whole number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counters grow, and by far less than what would not fit"
)]
fn number(count: f64) -> u64 {
    count.round().max(0.0) as u64
}

fn count(counts: &mut Counts, event: Event) {
    match event {
        Event::Tried { .. } => counts.tries += 1,
        Event::Refused => counts.refused += 1,
        Event::GaveUp => counts.given_up += 1,
        Event::Arrived | Event::Started | Event::Finished | Event::Failed | Event::LeftWaiting => {}
    }
}

fn count_in(slice: &mut Slice, event: Event) {
    match event {
        Event::Arrived => slice.arrived += 1,
        Event::Tried { is_start } => slice.start_tries += u64::from(is_start),
        Event::Started => slice.started += 1,
        Event::Finished => slice.finished += 1,
        Event::Refused => slice.refused += 1,
        Event::Failed | Event::LeftWaiting | Event::GaveUp => {}
    }
}
