//! What a step costs with admission control: built in and off, on and open.

use std::path::PathBuf;

use crate::beside::{self, Candidate};
use crate::instructions::{self, Counted};
use crate::service::Service;
use crate::{Settings, backend};

/// What is compared, and how.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    settings: Settings,
    /// A program without admission control, to compare one with it that is off
    #[arg(long)]
    without: Option<PathBuf>,
    /// Counts instructions, with valgrind, instead of time
    #[arg(long)]
    instructions: bool,
}

/// A gate that lets everything through, and does all that a gate does.
const OPEN: [(&str, &str); 4] = [
    ("INTEGRATOR__ADMISSION__ENABLED", "true"),
    ("INTEGRATOR__ADMISSION__RATE_MIN_TPS", "1000000"),
    ("INTEGRATOR__ADMISSION__RATE_MAX_TPS", "1000000"),
    ("INTEGRATOR__ADMISSION__BURST_MAX_TOKENS", "1000000"),
];

impl Arguments {
    /// The first one is what the others are compared with; the same again tells what the comparison
    /// is worth.
    fn candidates(&self) -> Vec<Counted<'_>> {
        let with = |name, variables| Counted {
            name,
            program: &self.settings.program,
            variables,
        };
        let mut candidates = vec![with("off", Vec::new()), with("off again", Vec::new())];
        if let Some(program) = &self.without {
            candidates.push(Counted {
                name: "not built in",
                program,
                variables: Vec::new(),
            });
        }
        candidates.push(with("on, for starts", open("new_flows")));
        candidates.push(with("on, for all steps", open("all_steps")));
        candidates
    }
}

fn open(scope: &str) -> Vec<(&'static str, String)> {
    let open = OPEN.map(|(name, value)| (name, value.to_owned()));
    let scope = ("INTEGRATOR__ADMISSION__SCOPE", scope.to_owned());
    open.into_iter().chain([scope]).collect()
}

/// Measures all of them and prints the table.
pub(crate) async fn measure(arguments: &Arguments) {
    const WHAT: &str = "admission control";
    let backend = backend::start().await;
    let candidates = arguments.candidates();
    if arguments.instructions {
        instructions::measure(WHAT, backend, arguments.settings.flows, &candidates).await;
        return;
    }
    let started = candidates.iter().map(|candidate| {
        let service = Service::start(candidate.program, backend, &candidate.variables);
        Candidate::new(candidate.name, service)
    });
    beside::measure(&arguments.settings, WHAT, started.collect()).await;
}
