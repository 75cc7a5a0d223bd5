//! `laboratory`: plays scenarios, and tells what each limiter made of them.

use std::error::Error;
use std::path::{Path, PathBuf};

use super::candidate::Candidate;
use super::figures::Figures;
use super::listing::listing;
use super::plot::{Drawn, Picture, svg};
use super::record::Record;
use super::run::{Scope, Setting, run};
use super::scenario::{self, Scenario};
use super::site::Site;
use super::table::Table;
use super::tuning::Tuning;

/// The seeds are counted from this one.
const FIRST_SEED: u64 = 1;

/// What the columns of a table are.
const COLUMNS: &str = "\
Each cell is the median of the seeds and, in brackets, the worst; once where they are the same.
They are of the minute of the storm, or of the time after the trouble:
  goodput %   flows that finish, of what the backend can do
  finish %    flows that finish, of those that were begun (in the whole run)
  after %     flows that finish when the storm is over, of the new users
  p50, p99    latency of a call; one without an answer counts with the deadline, 3 s
  over %      by how much the mean latency of one second was above the target at worst
  settled s   after how long that latency was above 1.5 times the target for the last time
  back s      from the backend's recovery to three seconds with nine tenths of its capacity
  refused %   requests that were refused (in the whole run)";

/// What is played how often.
#[derive(Debug, clap::Args)]
#[command(after_long_help = COLUMNS)]
pub struct Arguments {
    /// Tells the scenarios, one line each, and plays none
    #[arg(long, exclusive = true)]
    pub list: bool,
    /// The scenario, one of those that --list tells; all of them if left out
    #[arg(long)]
    pub scenario: Option<String>,
    /// Runs of each limiter, with the seeds from 1 to this
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    pub seeds: u64,
    /// The limiters, with commas between; all of them if left out (the fitted ones are drawn only
    /// if they are named)
    #[arg(long, value_enum, value_delimiter = ',')]
    pub limiters: Vec<Candidate>,
    /// What has to be admitted
    #[arg(long, value_enum, default_value_t)]
    pub scope: Scope,
    /// Draws each scenario with the first seed into this folder, as SVG
    #[arg(long, value_name = "FOLDER")]
    pub plots: Option<PathBuf>,
    /// The operator's own backend and clients
    #[command(flatten)]
    pub site: Site,
    /// The law's settings
    #[command(flatten)]
    pub tuning: Tuning,
}

/// One run.
pub fn play(
    scenario: &Scenario,
    candidate: Candidate,
    tuning: &Tuning,
    scope: Scope,
    seed: u64,
) -> Record {
    let load = scenario.load();
    let setting = Setting {
        seed,
        load: &load,
        clients: scenario.clients,
        scope,
    };
    let guarded_tps = scenario.capacity * scope.admissions_per_flow();
    let options = tuning.options(guarded_tps);
    let mut limiter = candidate.limiter(scenario, scope, options, seed);
    run(&setting, scenario.backend(seed), limiter.as_mut())
}

/// The figures of one run.
pub fn figures(
    scenario: &Scenario,
    candidate: Candidate,
    tuning: &Tuning,
    scope: Scope,
    seed: u64,
) -> Figures {
    let record = play(scenario, candidate, tuning, scope, seed);
    Figures::of(scenario, tuning.target, &record)
}

/// Plays what is asked for, and prints it.
///
/// # Errors
///
/// When there is no such scenario, settings contradict each other, or a picture cannot be written.
pub fn laboratory(arguments: &Arguments) -> Result<(), String> {
    if arguments.list {
        print!("{}", listing());
        return Ok(());
    }
    arguments.tuning.check()?;
    for scenario in chosen(arguments.scenario.as_deref())? {
        let scenario = arguments.site.of(scenario)?;
        println!("{}: {}", scenario.name, scenario.title);
        println!("\n{}", table(&scenario, arguments));
        if let Some(folder) = &arguments.plots {
            let path = folder.join(format!("{}.svg", scenario.name));
            draw(&scenario, arguments, &path)
                .map_err(|error| format!("{} was not drawn: {error}", path.display()))?;
        }
    }
    Ok(())
}

impl Arguments {
    /// Those that were asked for, or else these.
    fn limiters_or<'a>(&'a self, usual: &'a [Candidate]) -> &'a [Candidate] {
        match self.limiters.as_slice() {
            [] => usual,
            some => some,
        }
    }
}

fn table(scenario: &Scenario, arguments: &Arguments) -> Table {
    let mut table = Table::default();
    for candidate in arguments.limiters_or(&Candidate::ALL) {
        let run = |seed| {
            figures(
                scenario,
                *candidate,
                &arguments.tuning,
                arguments.scope,
                seed,
            )
        };
        let runs: Vec<Figures> = (FIRST_SEED..=arguments.seeds).map(run).collect();
        table.add(candidate.name(), &runs);
    }
    table
}

fn draw(scenario: &Scenario, arguments: &Arguments, path: &Path) -> Result<(), Box<dyn Error>> {
    let (tuning, scope) = (&arguments.tuning, arguments.scope);
    let drawn = |candidate: &Candidate| Drawn {
        candidate: *candidate,
        record: play(scenario, *candidate, tuning, scope, FIRST_SEED),
    };
    let limiters = arguments.limiters_or(&Candidate::DRAWN);
    let runs: Vec<Drawn> = limiters.iter().map(drawn).collect();
    let picture = Picture {
        scenario,
        target_ms: tuning.target,
        runs: &runs,
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, svg(&picture)?)?;
    Ok(())
}

fn chosen(name: Option<&str>) -> Result<Vec<Scenario>, String> {
    let mut scenarios = scenario::all();
    let Some(name) = name else {
        return Ok(scenarios);
    };
    let names: Vec<&str> = scenarios.iter().map(|scenario| scenario.name).collect();
    let known = names.join(", ");
    scenarios.retain(|scenario| scenario.name == name);
    if scenarios.is_empty() {
        return Err(format!(
            "there is no scenario '{name}'; there are {known} (--list tells what each is)"
        ));
    }
    Ok(scenarios)
}
