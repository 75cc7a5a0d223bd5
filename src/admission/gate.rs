//! One gate: the control law under a lock, with a clock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use integrator_core::control::law::{Call, End, Law, Readings, Regime};
use integrator_core::control::ramp::Ramp;

use super::decision::{Class, Decided, Decision};
use super::options::{Mode, Options, Scope};
use super::permit::Permit;
use super::told::{Limited, Reading, Turn};
use crate::clock::Clock;

/// Stands in front of one backend. Its lock is held for a computation and never for a wait.
pub struct Gate {
    backend: Arc<str>,
    mode: Mode,
    scope: Scope,
    ramp: Option<Ramp>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    law: Law,
    /// The second of wall time whose ceiling is in force.
    ceiling_of: Option<i64>,
    /// The regime that was told last.
    told: Regime,
}

impl Gate {
    /// A gate that has seen no call yet.
    pub(super) fn new(backend: &str, options: &Options, clock: Arc<dyn Clock>) -> Self {
        let now = clock.monotonic();
        let mut law = Law::new(options.law, now);
        let told = law.read(now).regime;
        Self {
            backend: backend.into(),
            mode: options.mode,
            scope: options.scope,
            ramp: options.ramp.clone(),
            clock,
            state: Mutex::new(State {
                law,
                ceiling_of: None,
                told,
            }),
        }
    }

    /// The backend in front of which it stands.
    #[must_use]
    pub fn backend(&self) -> &str {
        &self.backend
    }

    /// Lets a request pass, with a token where its kind needs one, or says when to come again.
    /// A change of regime is told as by [`Gate::look`] where it is seen.
    ///
    /// # Errors
    ///
    /// [`Limited`] where no token is there and decisions are enforced.
    pub fn admit(
        self: &Arc<Self>,
        class: Class,
        tell: impl FnOnce(&str, Turn),
    ) -> Result<Permit, Limited> {
        if !self.decides_on(class) {
            return Ok(Permit::new(self.clone(), None, false));
        }
        let mut state = self.state();
        let now = self.now(&mut state);
        let admitted = state.law.admit(now);
        match (admitted, self.mode) {
            (Ok(()), _) => Ok(self.permit(class, Decision::Admitted)),
            (Err(_), Mode::Observe) => Ok(self.permit(class, Decision::Refused)),
            (Err(retry_after), Mode::Enforce) => {
                let readings = state.law.read(now);
                self.tell_turn(&mut state, &readings, tell);
                Err(self.limited(&readings, retry_after))
            }
        }
    }

    /// Whether requests of this kind need a token.
    #[must_use]
    pub fn decides_on(&self, class: Class) -> bool {
        self.scope.classes().contains(&class)
    }

    /// A decision of this gate on a request of this kind.
    #[must_use]
    pub fn decided(&self, class: Class, decision: Decision) -> Decided {
        Decided {
            class,
            mode: self.mode,
            decision,
        }
    }

    /// Tells, with its backend's name, that its regime is another one than was told last; once.
    ///
    /// It is told under the gate's lock, so that of two changes the earlier is told first, whoever
    /// sees them. So whoever is told asks the gate nothing.
    pub fn look(&self, tell: impl FnOnce(&str, Turn)) {
        let mut state = self.state();
        let now = self.now(&mut state);
        let readings = state.law.read(now);
        self.tell_turn(&mut state, &readings, tell);
    }

    /// Where it stands. Asking changes no later decision.
    #[must_use]
    pub fn reading(&self) -> Reading {
        let mut state = self.state();
        let now = self.now(&mut state);
        Reading {
            backend: self.backend.clone(),
            mode: self.mode,
            classes: self.scope.classes(),
            law: state.law.read(now),
        }
    }

    pub(super) fn give_back(&self) {
        let mut state = self.state();
        let now = self.now(&mut state);
        state.law.give_back(now);
    }

    pub(super) fn sent(&self) -> Call {
        let mut state = self.state();
        let now = self.now(&mut state);
        state.law.sent(now)
    }

    pub(super) fn ended(&self, call: Call, end: End, tell: impl FnOnce(&str, Turn)) {
        let mut state = self.state();
        let now = self.now(&mut state);
        state.law.ended(now, call, end);
        let readings = state.law.read(now);
        self.tell_turn(&mut state, &readings, tell);
    }

    pub(super) fn forgotten(&self, call: Call) {
        let mut state = self.state();
        let now = self.now(&mut state);
        state.law.forgotten(now, call);
    }

    /// Tells under the lock, for the order (see [`Gate::look`]). Observers may not block, and the
    /// log's writer only queues a line, so the lock is not held longer by it.
    fn tell_turn(&self, state: &mut State, readings: &Readings, tell: impl FnOnce(&str, Turn)) {
        let to = readings.regime;
        let from = std::mem::replace(&mut state.told, to);
        if from != to {
            let turn = Turn {
                mode: self.mode,
                from,
                to,
                ewma_ms: readings.ewma_ms,
                rate_tps: readings.rate_tps,
            };
            tell(&self.backend, turn);
        }
    }

    fn limited(&self, readings: &Readings, retry_after: Duration) -> Limited {
        let acted_on_ms = readings.error_ms.map(|error| readings.setpoint_ms - error);
        Limited {
            backend: self.backend.clone(),
            ewma_ms: readings.ewma_ms,
            // Until a control step has acted on a latency, the average is what is known.
            acted_on_ms: acted_on_ms.or(readings.ewma_ms),
            target_ms: readings.setpoint_ms,
            rate_tps: readings.rate_tps,
            retry_after,
        }
    }

    fn permit(self: &Arc<Self>, class: Class, decision: Decision) -> Permit {
        let decided = self.decided(class, decision);
        Permit::new(self.clone(), Some(decided), decision == Decision::Admitted)
    }

    /// A computation that panicked has left numbers behind, and numbers are all that is kept.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time, read under the lock so that the law never sees it run back. The ceiling of this
    /// time of day is in force from here.
    fn now(&self, state: &mut State) -> Duration {
        let now = self.clock.monotonic();
        if let Some(ramp) = &self.ramp {
            // A second is fine enough for a ramp of days.
            let second = self.clock.wall().as_second();
            if state.ceiling_of != Some(second) {
                state.ceiling_of = Some(second);
                if let Some(ceiling_tps) = ramp.ceiling_tps(second as f64) {
                    state.law.ceiling(now, ceiling_tps);
                }
            }
        }
        now
    }
}
