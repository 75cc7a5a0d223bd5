//! From the text of a definition to a protocol, or to everything wrong with it.
//!
//! In three passes, each of which goes on as far as it can: reading (types and
//! keys), compiling (names, references, bounds), proving (laws of the graph).
//! Proofs are only tried on a graph that is known whole; on any other they
//! would tell consequences of what has been told already.

mod call;
mod header;
mod members;
mod rules;
mod scope;
mod step;

use super::by_name::ByName;
use super::definition::Definition;
use super::problem::{Problem, Problems};
use super::prove;
use super::read;
use super::step::{Source, Step};
use super::table::Protocol;
use crate::json::Pointer;
use scope::Scope;

pub use header::RETENTION_DEFAULT;

/// A protocol, and what is odd about its definition.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The compiled and proved protocol.
    pub protocol: Protocol,
    /// What is allowed but probably not meant, in the order of the file.
    pub warnings: Vec<Problem>,
}

/// Compiles and proves a definition.
///
/// `file` is the name that messages use; `digest` is the hexadecimal SHA-256 of
/// `text`, computed by the caller because this package has no hash.
///
/// # Errors
///
/// Everything that is wrong with the definition, in the order of the file.
pub fn compile(file: &str, text: &str, digest: &str) -> Result<Compiled, Vec<Problem>> {
    let mut problems = Problems::new(file, text);
    let definition = read::definition(text, &mut problems);
    let mut scope = Scope::of(&definition, &mut problems);
    let steps = steps(&definition, &scope, &mut problems);
    let header = header::header(&definition, &mut problems);
    let protocol = Protocol {
        name: header.name,
        title: header.title,
        backend: header.backend,
        digest: digest.to_owned(),
        definition: text.to_owned(),
        ttl: header.ttl,
        retention: header.retention,
        initial: scope.initial,
        expired: scope.expired,
        error: scope.error,
        start: scope.start,
        states_by_name: ByName::of(scope.states.iter().map(|state| state.name.as_str())),
        states: core::mem::take(&mut scope.states),
        steps_by_name: ByName::of(steps.iter().map(Step::name)),
        steps,
    };
    if problems.graph_is_known() {
        prove::prove(&protocol, &definition, &scope.mentions, &mut problems);
    }
    // A protocol with a problem goes no further than this line.
    let warnings = problems.finish()?;
    Ok(Compiled { protocol, warnings })
}

fn steps(definition: &Definition, scope: &Scope<'_>, problems: &mut Problems<'_>) -> Vec<Step> {
    let pairs = scope.step_ids().zip(&definition.steps);
    let mut steps: Vec<Step> = pairs
        .map(|(id, definition)| step::step(id, definition, scope, problems))
        .collect();
    let kept: Vec<Vec<Pointer>> = steps.iter().map(|step| kept(step, &steps)).collect();
    for (step, keep) in steps.iter_mut().zip(kept) {
        step.keep = keep;
    }
    steps
}

/// The places in a step's answer that any source refers to, each once.
fn kept(of: &Step, steps: &[Step]) -> Vec<Pointer> {
    let own = of.sources().filter_map(|source| match source {
        Source::ThisResponse(pointer) => Some(pointer),
        _ => None,
    });
    let named = steps.iter().flat_map(Step::sources);
    let named = named.filter_map(|source| match source {
        Source::Response { step, pointer } if *step == of.id => Some(pointer),
        _ => None,
    });
    let mut kept: Vec<Pointer> = own.chain(named).cloned().collect();
    kept.sort();
    kept.dedup();
    kept
}
