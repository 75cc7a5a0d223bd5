//! A retry storm against the live service: the program itself, before a backend that slows down
//! beyond a knee, asked by users who come again.
//!
//! Backend, users and figures are those of the laboratory, down to the seed; only that time is real
//! here, and what lies between is the service and its sockets. The laboratory's own run of the same
//! storm stands beside each live one.

mod backend;
mod candidate;
mod journal;
mod load;
mod machine;
mod report;
mod run;
mod scrape;
mod user;
mod watch;
mod works;

use std::path::PathBuf;

use integrator_bench::laboratory::numbers::positive;
use integrator_bench::laboratory::scenario::{self, Scenario};
use integrator_bench::laboratory::site::Site;
use integrator_bench::laboratory::tuning::Tuning;

use candidate::Candidate;
use report::Report;

/// What is offered, for how long, and how the gate is set.
#[derive(clap::Args)]
pub(crate) struct Settings {
    /// The service's program
    #[arg(long, default_value = "target/release/appattest-integrator")]
    program: PathBuf,
    /// What is offered in the storm, in times of the capacity
    #[arg(long, default_value_t = 3.0, value_parser = positive)]
    storm: f64,
    /// Seconds before the storm, at half the capacity
    #[arg(long, default_value_t = 30)]
    before_s: u64,
    /// Seconds of the storm
    #[arg(long, default_value_t = 60)]
    storm_s: u64,
    /// Seconds after the storm, at half the capacity
    #[arg(long, default_value_t = 30)]
    after_s: u64,
    /// Seconds after the last user came in which flows may still be begun; those that were have
    /// 5 more
    #[arg(long, default_value_t = 25)]
    drain_s: u64,
    /// What users and backend draw from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A short storm on a small backend, whatever else is said of lengths and capacity; the gate's
    /// ceiling is twice that capacity if nothing else is said
    #[arg(long)]
    quick: bool,
    /// The backend and the users; without a capacity it is 40, so that it is the backend that is
    /// short, and not the machine
    #[command(flatten)]
    site: Site,
    /// The law's settings
    #[command(flatten)]
    tuning: Tuning,
}

const CAPACITY: f64 = 40.0;
const QUICK_CAPACITY: f64 = 10.0;

impl Settings {
    /// The laboratory's storm, of these lengths on this backend.
    fn scenario(&self) -> Result<Scenario, String> {
        let storm = scenario::all()
            .into_iter()
            .find(|known| known.name == "storm");
        let begins = self.before_s;
        let ends = begins + self.storm_s;
        let site = Site {
            capacity: Some(self.capacity()),
            ..self.site
        };
        let storm = site.of(storm.expect("the laboratory has a storm"))?;
        Ok(Scenario {
            load: vec![
                (begins, 0.5),
                (ends, self.storm),
                (ends + self.after_s, 0.5),
            ],
            watched: (begins, ends),
            back_at: Some(ends),
            ..storm
        })
    }

    fn capacity(&self) -> f64 {
        self.site.capacity.unwrap_or(CAPACITY)
    }

    fn quickened(self) -> Self {
        if !self.quick {
            return self;
        }
        let site = Site {
            capacity: Some(QUICK_CAPACITY),
            ..self.site
        };
        let tuning = Tuning {
            max: self.tuning.max.or(Some(2.0 * QUICK_CAPACITY)),
            ..self.tuning
        };
        Self {
            site,
            tuning,
            before_s: 2,
            storm_s: 10,
            after_s: 4,
            drain_s: 1,
            ..self
        }
    }
}

/// Lets the storm meet all candidates at once, so that whatever else the machine does falls on all
/// alike, and prints what came of it.
///
/// # Errors
///
/// When settings contradict each other.
pub(crate) async fn measure(settings: Settings) -> Result<(), String> {
    settings.tuning.check()?;
    let settings = settings.quickened();
    let scenario = settings.scenario()?;
    let storm = |candidate| run::run(&settings, &scenario, candidate);
    let [off, observe, enforce] = Candidate::ALL.map(storm);
    let (off, observe, enforce) = tokio::join!(off, observe, enforce);
    let mut report = Report::new(&settings, &scenario);
    for run in [&off, &observe, &enforce] {
        report.add(run);
    }
    print!("{report}");
    Ok(())
}
