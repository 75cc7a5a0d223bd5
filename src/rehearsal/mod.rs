//! A protocol tried out before it is deployed: scripted requests and answers, time that is moved by
//! hand, and no network.
//!
//! The flow is moved by the core's own machine, and calls are written as the client writes them:
//! what happens here is what would happen in front of a backend that answers so.
//!
//! | file | what |
//! | --- | --- |
//! | `scenario` | what a scenario says |
//! | `read` (and `text`, `body`, `places`) | from a file to that |
//! | `stage` | the one flow of a run, and its time |
//! | `judge`, `conversation` | requests judged, calls answered |
//! | `scene` | what became of one request |
//! | `expect` | that against what the file expects |
//! | `report` | all of it for people |

mod body;
mod conversation;
mod expect;
mod judge;
mod places;
mod read;
mod report;
mod scenario;
mod scene;
mod seeded;
mod stage;
mod text;

use integrator_core::protocol::{Protocol, StepId};

pub use self::read::{MOST_BYTES, read};
pub use self::report::{report, rules};
pub use self::scenario::Scenario;
use self::scene::Scene;
use self::stage::Stage;
use crate::entropy::EntropyError;

/// A scenario that was played.
#[derive(Debug)]
pub struct Rehearsal {
    runs: Vec<PlayedRun>,
    rules: Vec<(StepId, usize)>,
}

#[derive(Debug)]
struct PlayedRun {
    title: String,
    scenes: Vec<Scene>,
}

/// What a request came to, as its caller and the backend saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The code of the problem, if it is one.
    pub code: Option<&'static str>,
    /// Whether a recorded reply was told again.
    pub replayed: bool,
    /// The state of the flow afterwards, if there is a flow.
    pub state: Option<String>,
    /// The call that was made: method and target, and the body's bytes as text.
    pub call: Option<(String, String)>,
}

/// Plays every run of a scenario, each over a flow of its own.
///
/// # Errors
///
/// [`EntropyError`] where no identifier could be made.
pub fn play(protocol: &Protocol, scenario: &Scenario) -> Result<Rehearsal, EntropyError> {
    let mut rehearsal = Rehearsal {
        runs: Vec::new(),
        rules: Vec::new(),
    };
    for run in &scenario.runs {
        let mut stage = Stage::new(protocol)?;
        let mut scenes = Vec::new();
        for request in &run.requests {
            let mut scene = stage.play(request);
            expect::compare(&mut scene, request);
            let goes_on = !scene.is_stuck();
            scenes.push(scene);
            if !goes_on {
                break;
            }
        }
        rehearsal.rules.append(&mut stage.rules);
        rehearsal.runs.push(PlayedRun {
            title: run.title.clone(),
            scenes,
        });
    }
    Ok(rehearsal)
}

impl Rehearsal {
    /// Whether every run went as its file expects.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        self.scenes().all(|scene| scene.differences.is_empty())
    }

    /// The rules of the protocol that no run took: step, and place among its outcomes.
    #[must_use]
    pub fn rules_not_taken(&self, protocol: &Protocol) -> Vec<(StepId, usize)> {
        let steps = protocol.steps().iter();
        let rules = steps.flat_map(|step| (0..step.outcomes().len()).map(|rule| (step.id(), rule)));
        rules.filter(|rule| !self.rules.contains(rule)).collect()
    }

    /// What each request came to, run by run.
    #[must_use]
    pub fn outcomes(&self) -> Vec<Vec<Outcome>> {
        let outcomes = |run: &PlayedRun| run.scenes.iter().map(Scene::outcome).collect();
        self.runs.iter().map(outcomes).collect()
    }

    fn scenes(&self) -> impl Iterator<Item = &Scene> {
        self.runs.iter().flat_map(|run| &run.scenes)
    }
}
