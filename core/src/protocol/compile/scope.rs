//! What a definition's names refer to: its states and steps, by number.

use super::super::definition::{Definition, Place, StepDefinition, Text};
use super::super::limits::STATES_MAX;
use super::super::name::{STATE_NAME_PATTERN, is_state_name, quoted};
use super::super::problem::Problems;
use super::super::table::{ERROR, EXPIRED, START, State, StateId, StepId};

/// The states and steps of a definition.
pub(super) struct Scope<'d> {
    pub(super) states: Vec<State>,
    /// Where each state is first named, by number.
    pub(super) mentions: Vec<Place>,
    pub(super) initial: StateId,
    pub(super) expired: StateId,
    pub(super) error: StateId,
    pub(super) start: StepId,
    steps: Vec<StepScope<'d>>,
}

/// What other steps may know of a step.
struct StepScope<'d> {
    name: &'d str,
    remember: Vec<&'d str>,
}

impl<'d> Scope<'d> {
    pub(super) fn of(definition: &'d Definition, problems: &mut Problems<'_>) -> Self {
        let mut scope = Self {
            states: Vec::new(),
            mentions: Vec::new(),
            initial: StateId(0),
            expired: StateId(0),
            error: StateId(0),
            start: StepId(0),
            steps: definition.steps.iter().map(StepScope::of).collect(),
        };
        scope.take_states(definition, problems);
        scope.mark_terminal(definition, problems);
        scope.find_start(definition, problems);
        scope
    }

    /// The state of that name; none only where a problem has been reported.
    pub(super) fn state(&self, name: &str) -> Option<StateId> {
        let index = self.states.iter().position(|state| state.name == name)?;
        Some(StateId(u16::try_from(index).ok()?))
    }

    pub(super) fn is_terminal(&self, state: StateId) -> bool {
        let state = self.states.get(state.index());
        state.is_some_and(|state| state.terminal)
    }

    pub(super) fn state_name(&self, state: StateId) -> &str {
        let state = self.states.get(state.index());
        state.map_or("", |state| &state.name)
    }

    pub(super) fn step(&self, name: &str) -> Option<StepId> {
        let mut steps = self.step_ids().zip(&self.steps);
        steps.find_map(|(id, step)| (step.name == name).then_some(id))
    }

    pub(super) fn step_ids(&self) -> impl Iterator<Item = StepId> + use<> {
        let count = u16::try_from(self.steps.len()).unwrap_or(u16::MAX);
        (0..count).map(StepId)
    }

    pub(super) fn step_names(&self) -> impl Iterator<Item = &'d str> {
        self.steps.iter().map(|step| step.name)
    }

    /// The request members that a step remembers.
    pub(super) fn remembered(&self, step: StepId) -> &[&'d str] {
        let step = self.steps.get(step.index());
        step.map_or(&[], |step| &step.remember)
    }

    /// Numbers the states: the initial one, the others as the steps name them,
    /// terminal ones that no step names, and those that are always there.
    fn take_states(&mut self, definition: &Definition, problems: &mut Problems<'_>) {
        let terminal = definition.terminal.iter().flat_map(|names| &names.value);
        let names = definition.initial.iter();
        let names = names.chain(definition.steps.iter().flat_map(named_by));
        let names: Vec<&Text> = names.chain(terminal).collect();
        for name in names {
            let always = name.value == EXPIRED || name.value == ERROR;
            if always || self.state(&name.value).is_some() {
                continue;
            }
            if self.states.len() + 2 >= STATES_MAX {
                let message = format!(
                    "too many states; at most {STATES_MAX} are allowed, \"expired\" and \"error\" included"
                );
                return problems.broken(&name.place, message);
            }
            if !is_state_name(&name.value) {
                let found = quoted(&name.value);
                let message = format!("{found} is no state name; a name is {STATE_NAME_PATTERN}");
                problems.wrong(&name.place, message);
            }
            self.add(&name.value, name.place.clone());
        }
        self.expired = self.add(EXPIRED, Place::default());
        self.error = self.add(ERROR, Place::default());
    }

    fn add(&mut self, name: &str, mention: Place) -> StateId {
        let id = StateId(u16::try_from(self.states.len()).unwrap_or(u16::MAX));
        let name = name.to_owned();
        let terminal = name == EXPIRED || name == ERROR;
        self.states.push(State { name, terminal });
        self.mentions.push(mention);
        id
    }

    fn mark_terminal(&mut self, definition: &Definition, problems: &mut Problems<'_>) {
        let names = definition.terminal.iter().flat_map(|names| &names.value);
        let mut seen: Vec<&str> = Vec::new();
        for name in names {
            if name.value == EXPIRED || name.value == ERROR {
                let message = "is always there, and terminal: it need not be named";
                problems.odd(&name.place, format!("{:?} {message}", name.value));
            } else if seen.contains(&name.value.as_str()) {
                let message = format!("{} is named twice; once is enough", quoted(&name.value));
                problems.wrong(&name.place, message);
            }
            seen.push(&name.value);
            let state = self
                .states
                .iter_mut()
                .find(|state| state.name == name.value);
            if let Some(state) = state {
                state.terminal = true;
            }
        }
    }

    fn find_start(&mut self, definition: &Definition, problems: &mut Problems<'_>) {
        let initial = definition.initial.as_ref();
        self.initial = initial
            .and_then(|name| self.state(&name.value))
            .unwrap_or(self.initial);
        if let Some(name) = initial.filter(|_| self.is_terminal(self.initial)) {
            let found = quoted(&name.value);
            let message = format!(
                "{found} is terminal; a flow starts in a state that a step leads out of: take it out of `terminal`"
            );
            problems.broken(&name.place, message);
        }
        match self.step(START) {
            Some(start) => self.start = start,
            // Without any `steps`, that has been told.
            None if definition.steps_place.key.is_empty() => {}
            None => problems.missing(
                &definition.steps_place,
                "the step that creates a flow is missing; add [steps.start]",
            ),
        }
    }
}

impl<'d> StepScope<'d> {
    fn of(definition: &'d StepDefinition) -> Self {
        let remember = definition.remember.iter().flat_map(|names| &names.value);
        Self {
            name: &definition.name.value,
            remember: remember.map(|name| name.value.as_str()).collect(),
        }
    }
}

/// The states that a step names: where it starts, then where it leads.
fn named_by(step: &StepDefinition) -> impl Iterator<Item = &Text> {
    let from = step.from.iter().flat_map(|names| &names.value);
    let rules = step.outcomes.iter().flat_map(|rules| &rules.value);
    from.chain(rules.filter_map(|rule| rule.to.as_ref()))
}
