//! The compiled protocol: states and steps by number, sources by reference.
//!
//! Only the compiler makes these, so whoever holds a [`Protocol`] holds one
//! whose references are good and whose graph laws are proved.

use std::time::Duration;

use super::by_name::ByName;
use super::step::Step;

/// The name of the state of a flow whose deadline has passed.
pub const EXPIRED: &str = "expired";
/// The name of the state of a flow whose backend gave an answer that cannot be
/// placed.
pub const ERROR: &str = "error";
/// The name of the step that creates a flow.
pub const START: &str = "start";

/// A state of one protocol, by number; numbers of two protocols have nothing
/// to do with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateId(pub(super) u16);

/// A step of one protocol, by number; numbers of two protocols have nothing to
/// do with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(pub(super) u16);

/// A compiled and proved protocol.
#[derive(Clone, Debug)]
pub struct Protocol {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) backend: String,
    pub(super) digest: String,
    pub(super) definition: String,
    pub(super) ttl: Duration,
    pub(super) retention: Duration,
    pub(super) initial: StateId,
    pub(super) expired: StateId,
    pub(super) error: StateId,
    pub(super) start: StepId,
    /// By state number.
    pub(super) states: Vec<State>,
    pub(super) states_by_name: ByName,
    /// By step number, which is definition order.
    pub(super) steps: Vec<Step>,
    pub(super) steps_by_name: ByName,
}

/// A state: its name, and whether a flow ends there.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) name: String,
    pub(super) terminal: bool,
}

impl StateId {
    /// The place of the state's name in [`Protocol::states`].
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl StepId {
    /// The place of the step in [`Protocol::steps`].
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl Protocol {
    /// The name that URLs, logs and metrics use.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The title for people.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The name, under `[backends]` in the main configuration, of the backend
    /// that its calls go to.
    #[must_use]
    pub fn backend(&self) -> &str {
        &self.backend
    }

    /// The digest of the definition's text, as the caller computed it.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The definition's text.
    #[must_use]
    pub fn definition(&self) -> &str {
        &self.definition
    }

    /// How long after its issue a flow expires, where the backend says nothing
    /// else.
    #[must_use]
    pub const fn ttl(&self) -> Duration {
        self.ttl
    }

    /// How long a terminal flow is kept.
    #[must_use]
    pub const fn retention(&self) -> Duration {
        self.retention
    }

    /// The state of a flow that waits for the answer to its start.
    #[must_use]
    pub const fn initial(&self) -> StateId {
        self.initial
    }

    /// The terminal state of a flow whose deadline has passed.
    #[must_use]
    pub const fn expired(&self) -> StateId {
        self.expired
    }

    /// The terminal state after an answer that cannot be placed.
    #[must_use]
    pub const fn error(&self) -> StateId {
        self.error
    }

    /// Every state by number: the initial one first, then the others as the
    /// definition names them, `expired` and `error` last.
    pub fn states(&self) -> impl ExactSizeIterator<Item = StateId> + use<> {
        let count = u16::try_from(self.states.len()).unwrap_or(u16::MAX);
        (0..count).map(StateId)
    }

    /// A state's name; empty for a number of another protocol.
    #[must_use]
    pub fn state_name(&self, state: StateId) -> &str {
        self.states
            .get(state.index())
            .map_or("", |state| &state.name)
    }

    /// The state of that name.
    #[must_use]
    pub fn state(&self, name: &str) -> Option<StateId> {
        let name_of = |number| self.state_name(StateId(number));
        self.states_by_name.find(name, name_of).map(StateId)
    }

    /// Whether a flow ends in this state.
    #[must_use]
    pub fn is_terminal(&self, state: StateId) -> bool {
        self.states
            .get(state.index())
            .is_some_and(|state| state.terminal)
    }

    /// Every step in definition order, the start step included.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The step of that name.
    #[must_use]
    pub fn step(&self, name: &str) -> Option<&Step> {
        let name_of = |number| self.steps.get(usize::from(number)).map_or("", Step::name);
        let number = self.steps_by_name.find(name, name_of)?;
        self.steps.get(usize::from(number))
    }

    /// The step of that number, which must be one of this protocol's.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "only the compiler makes step numbers, each for a step of its own table"
    )]
    pub fn step_by_id(&self, step: StepId) -> &Step {
        &self.steps[step.index()]
    }

    /// The step that creates a flow.
    #[must_use]
    pub fn start(&self) -> &Step {
        self.step_by_id(self.start)
    }

    /// The steps that may be taken in a state, in definition order. The start
    /// step is never among them: it makes flows and moves none.
    pub fn allowed_steps(&self, state: StateId) -> impl Iterator<Item = &Step> {
        let others = self.steps.iter().filter(|step| step.id() != self.start);
        others.filter(move |step| step.from().contains(&state))
    }
}
