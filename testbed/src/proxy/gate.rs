//! Whether bytes may pass, and whom to close when they may not.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use super::link::Link;

/// What a proxy does with connections and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    #[default]
    Pass,
    Hang,
    Refuse,
    /// The proxy was dropped.
    Ended,
}

/// What every byte goes through.
#[derive(Default)]
pub(super) struct Gate {
    state: Mutex<State>,
    switched: Condvar,
}

#[derive(Default)]
struct State {
    mode: Mode,
    /// How long bytes are on their way.
    delay: Duration,
    open: Vec<Weak<Link>>,
}

impl Gate {
    pub(super) fn mode(&self) -> Mode {
        self.lock().mode
    }

    pub(super) fn switch(&self, mode: Mode) {
        let mut state = self.lock();
        state.mode = mode;
        if state.is_closed() {
            for link in state.open.drain(..).filter_map(|link| link.upgrade()) {
                link.close();
            }
        }
        self.switched.notify_all();
    }

    pub(super) fn delay(&self, delay: Duration) {
        self.lock().delay = delay;
    }

    /// Waits for as long as bytes are on their way, and while nothing passes. Says whether
    /// something does, rather than being refused.
    pub(super) fn lets_pass(&self) -> bool {
        let state = self.lock();
        let delay = state.delay;
        let (state, _) = self
            .switched
            .wait_timeout_while(state, delay, |state| !state.is_closed())
            .unwrap_or_else(PoisonError::into_inner);
        let state = self
            .switched
            .wait_while(state, |state| state.mode == Mode::Hang)
            .unwrap_or_else(PoisonError::into_inner);
        !state.is_closed()
    }

    /// Keeps a link, so that a refusal closes it. Says whether there was none meanwhile.
    pub(super) fn admits(&self, link: Weak<Link>) -> bool {
        let mut state = self.lock();
        state.open.retain(|link| link.strong_count() > 0);
        state.open.push(link);
        !state.is_closed()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_closed(&self) -> bool {
        matches!(self.mode, Mode::Refuse | Mode::Ended)
    }
}
