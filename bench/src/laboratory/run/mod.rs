//! One run: users, the gate, the deadline and the backend, from event to event.

mod calls;
mod users;

use std::time::Duration;

use super::agenda::Agenda;
use super::clients::{Clients, User};
use super::limiter::Limiter;
use super::load::Load;
use super::plant::Backend;
use super::record::{Record, SLICE};

/// The calls of a flow: start, client-data-hash, assert.
pub const STEPS: usize = 3;
/// What the service gives a call to the backend, unless it is told otherwise.
pub const DEADLINE: Duration = Duration::from_secs(3);
/// How long a run goes on after the last user came, so that flows can finish.
const DRAIN: Duration = Duration::from_secs(30);

/// Which calls need to be admitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Scope {
    /// The start of a flow.
    #[default]
    NewFlows,
    /// Each call.
    AllSteps,
}

impl Scope {
    /// How often a flow has to be admitted.
    pub fn admissions_per_flow(self) -> f64 {
        match self {
            Self::NewFlows => 1.0,
            Self::AllSteps => STEPS as f64,
        }
    }
}

/// What a run is made of.
#[derive(Debug)]
pub struct Setting<'a> {
    /// The seed that all its chances come from.
    pub seed: u64,
    /// Who comes when.
    pub load: &'a Load,
    /// How they behave.
    pub clients: Clients,
    /// What needs to be admitted.
    pub scope: Scope,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    /// A new user comes.
    Arrives,
    /// A user tries a step.
    Tries(usize),
    /// A user has waited long enough for the reply to this try.
    Leaves { user: usize, attempt: u32 },
    /// The deadline of a call.
    Deadline(usize),
    /// The backend's trouble begins.
    Trouble,
    /// The end of a slice.
    Slice,
}

#[derive(Debug)]
struct Call {
    user: usize,
    step: usize,
    sent: Duration,
    in_flight: usize,
    open: bool,
}

/// Everything that is there during a run.
struct World<'a> {
    now: Duration,
    setting: &'a Setting<'a>,
    agenda: Agenda<Event>,
    backend: Backend,
    limiter: &'a mut dyn Limiter,
    users: Vec<User>,
    calls: Vec<Call>,
    in_flight: usize,
    record: Record,
}

/// Runs it to its end.
pub fn run(setting: &Setting<'_>, backend: Backend, limiter: &mut dyn Limiter) -> Record {
    let mut world = World {
        now: Duration::ZERO,
        setting,
        agenda: Agenda::default(),
        backend,
        limiter,
        users: Vec::new(),
        calls: Vec::new(),
        in_flight: 0,
        record: Record::default(),
    };
    world.prepare();
    let end = setting.load.ends_at() + DRAIN;
    let mut arrivals = setting.load.arrivals(setting.seed);
    if let Some(first) = arrivals.next() {
        world.agenda.put(first, Event::Arrives);
    }
    while let Some(event) = world.next(end) {
        if matches!(event, Event::Arrives)
            && let Some(next) = arrivals.next()
        {
            world.agenda.put(next, Event::Arrives);
        }
        world.happen(event);
    }
    world.record.counts.in_flight = u64::try_from(world.in_flight).unwrap_or(u64::MAX);
    world.record
}

impl World<'_> {
    fn prepare(&mut self) {
        self.agenda.put(SLICE, Event::Slice);
        for at in self.backend.troubles_at() {
            self.agenda.put(at, Event::Trouble);
        }
    }

    /// The next event of the agenda; answers that the backend gives before it are dealt with.
    fn next(&mut self, end: Duration) -> Option<Event> {
        loop {
            let (planned, answer) = (self.agenda.next_at(), self.backend.next_at());
            if let Some(at) = answer.filter(|at| planned.is_none_or(|planned| *at <= planned)) {
                if at > end {
                    return None;
                }
                self.now = at;
                if let Some(call) = self.backend.answer(at) {
                    self.answer(call);
                }
                continue;
            }
            let (at, event) = self.agenda.take().filter(|(at, _)| *at <= end)?;
            self.now = at;
            return Some(event);
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrives => self.arrive(),
            Event::Tries(user) => self.try_step(user),
            Event::Leaves { user, attempt } => self.leave(user, attempt),
            Event::Deadline(call) => self.time_out(call),
            Event::Trouble => {
                for call in self.backend.trouble_begins(self.now) {
                    self.reset(call);
                }
            }
            Event::Slice => {
                let shown = self.limiter.shows(self.now);
                self.record.close(shown, self.backend.holds());
                self.agenda.put(self.now + SLICE, Event::Slice);
            }
        }
    }
}
