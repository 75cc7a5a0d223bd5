//! What is printed: the figures, live and from the laboratory, and what stands behind them.

use std::fmt;
use std::time::Duration;

use integrator_bench::laboratory::candidate::Candidate as Limiter;
use integrator_bench::laboratory::command::play;
use integrator_bench::laboratory::figures::Figures;
use integrator_bench::laboratory::record::{Counts, SLICE};
use integrator_bench::laboratory::run::{DEADLINE, Scope};
use integrator_bench::laboratory::scenario::Scenario;
use integrator_bench::laboratory::table::Table;

use crate::storm::Settings;
use crate::storm::run::{CALLS, REQUESTS, Run, TIMEOUT, UNAVAILABLE};
use crate::storm::scrape::Scrape;

const TRANSITIONS: &str = "integrator_flow_transitions_total";
const DECISIONS: &str = "integrator_admission_decisions_total";

/// All that is told of a storm.
pub(crate) struct Report<'a> {
    settings: &'a Settings,
    scenario: &'a Scenario,
    figures: Table,
    counts: Vec<String>,
    machine: Vec<String>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(settings: &'a Settings, scenario: &'a Scenario) -> Self {
        Self {
            settings,
            scenario,
            figures: Table::default(),
            counts: Vec::new(),
            machine: Vec::new(),
        }
    }

    /// Adds a live run, and the laboratory's run of the same.
    pub(crate) fn add(&mut self, run: &Run) {
        let name = format!("{}, live", run.candidate.name());
        let figures = figures(self.scenario, self.settings.tuning.target, run);
        self.figures.add(&name, &[figures]);
        self.counts.push(live_counts(&name, run));
        self.machine.push(machine(&name, run));
        if let Some(limiter) = run.candidate.limiter() {
            self.play(&format!("{}, laboratory", run.candidate.name()), limiter);
        }
    }

    fn play(&mut self, name: &str, limiter: Limiter) {
        let Settings { tuning, seed, .. } = self.settings;
        let record = play(self.scenario, limiter, tuning, Scope::NewFlows, *seed);
        let figures = Figures::of(self.scenario, tuning.target, &record);
        self.figures.add(name, &[figures]);
        let Counts {
            tries,
            refused,
            calls,
            answered,
            given_up,
            ..
        } = record.counts;
        let unanswered = calls - answered;
        self.counts.push(format!(
            "| {name} | {tries} | {refused} | - | {calls} | {unanswered} | {given_up} |"
        ));
    }
}

/// The laboratory's figures, of a live run; what the service's metrics tell is taken from them.
fn figures(scenario: &Scenario, target_ms: f64, run: &Run) -> Figures {
    let reached = |state| run.end.sum(TRANSITIONS, &[state]).unwrap_or(0.0);
    Figures {
        finishing: reached(r#"to="verified""#) / reached(r#"to="registered""#),
        p50_ms: latency_ms(scenario, run, 0.5),
        p99_ms: latency_ms(scenario, run, 0.99),
        ..Figures::of(scenario, target_ms, &run.record)
    }
}

/// A quantile of the backend's latency in the watched window. A call that is refused takes
/// next to no time, and is counted with its deadline instead, as in the laboratory.
fn latency_ms(scenario: &Scenario, run: &Run, share: f64) -> f64 {
    let (from, until) = scenario.watched();
    let (Some(from), Some(until)) = (look(run, from), look(run, until)) else {
        return f64::NAN;
    };
    let refused = until.grown(from, REQUESTS, &[UNAVAILABLE]);
    let quantile = until.quantile(from, CALLS, share, refused);
    // The deadline lies within a bucket, and no call lasts longer.
    let deadline = DEADLINE.as_secs_f64();
    quantile.unwrap_or(deadline).min(deadline) * 1e3
}

fn look(run: &Run, at: Duration) -> Option<&Scrape> {
    let place = usize::try_from(at.as_nanos() / SLICE.as_nanos()).ok()?;
    run.looks.get(place).map(|look| &look.scrape)
}

fn live_counts(name: &str, run: &Run) -> String {
    let told = |name, labels: &[&str]| run.end.sum(name, labels).unwrap_or(0.0);
    let unanswered = [TIMEOUT, UNAVAILABLE].map(|status| told(REQUESTS, &[status]));
    let counts = run.record.counts;
    format!(
        "| {name} | {} | {} | {} | {} | {} | {} |",
        counts.tries,
        counts.refused,
        told(DECISIONS, &[r#"decision="refused""#]),
        told(REQUESTS, &[]),
        unanswered.iter().sum::<f64>(),
        counts.given_up,
    )
}

fn machine(name: &str, run: &Run) -> String {
    let machine = run.machine;
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    format!(
        "| {name} | {:.2} | {:.2} | {:.1} | {:.1} | {:.1} | {:.1} |",
        machine.cores,
        machine.cores_at_most,
        ms(machine.users.p99),
        ms(machine.users.greatest),
        ms(machine.backend.p99),
        ms(machine.backend.greatest),
    )
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = self.settings;
        writeln!(
            f,
            "A backend of {} flows of three calls a second that slows beyond a knee. New users: {} s at \
             half of that, {} s at {} times that, {} s at half. Seed {}; {} cores. Goodput, latency, \
             overshoot and settling are of the storm alone.\n",
            settings.capacity(),
            settings.before_s,
            settings.storm_s,
            settings.storm,
            settings.after_s,
            settings.seed,
            std::thread::available_parallelism().map_or(1, usize::from)
        )?;
        writeln!(f, "{}", self.figures)?;
        writeln!(
            f,
            "| run | requests of users | answered 429 | refused, as the gate counts | calls to the \
             backend | of these unanswered | users who gave up |"
        )?;
        rows(f, &self.counts)?;
        writeln!(
            f,
            "\n| run | cores the service kept busy | in its busiest second | users late, 99th \
             percentile ms | at most | answers late, 99th percentile ms | at most |"
        )?;
        rows(f, &self.machine)
    }
}

fn rows(f: &mut fmt::Formatter<'_>, rows: &[String]) -> fmt::Result {
    writeln!(f, "| --- | --- | --- | --- | --- | --- | --- |")?;
    for row in rows {
        writeln!(f, "{row}")?;
    }
    Ok(())
}
