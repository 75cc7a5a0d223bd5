//! The laboratory's backend in real time: calls come in as they do, and end when it says so.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use integrator_bench::laboratory::plant::{Arrival, Backend, CallNumber};
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep_until};

/// The backend, and who waits for what.
pub(crate) struct Works {
    state: Mutex<State>,
    arrived: Notify,
    begun: Instant,
}

struct State {
    backend: Backend,
    taken: CallNumber,
    waiting: HashMap<CallNumber, oneshot::Sender<()>>,
    lateness: Vec<Duration>,
}

impl Works {
    pub(crate) fn new(backend: Backend) -> Self {
        Self {
            state: Mutex::new(State {
                backend,
                taken: 0,
                waiting: HashMap::new(),
                lateness: Vec::new(),
            }),
            arrived: Notify::new(),
            begun: Instant::now(),
        }
    }

    /// Brings one call in and waits until it has been worked on; none where it is refused.
    pub(crate) async fn worked_on(&self) -> Option<()> {
        let done = self.take()?;
        self.arrived.notify_one();
        done.await.ok()
    }

    /// Ends calls when they are due, for ever.
    ///
    /// The backend's own time has no gaps: the next call in line begins when the one before it was
    /// due, not when this task came to see it, so that a late timer costs no capacity.
    pub(crate) async fn run(&self) {
        loop {
            match self.end_due() {
                Some(due) => {
                    tokio::select! {
                        () = sleep_until(self.begun + due) => {}
                        () = self.arrived.notified() => {}
                    }
                }
                None => self.arrived.notified().await,
            }
        }
    }

    /// By how much each call ended later than it was due.
    pub(crate) fn lateness(&self) -> Vec<Duration> {
        self.state().lateness.clone()
    }

    fn take(&self) -> Option<oneshot::Receiver<()>> {
        let mut state = self.state();
        let call = state.taken;
        state.taken += 1;
        match state.backend.arrive(self.begun.elapsed(), call) {
            Arrival::Taken => {
                let (told, done) = oneshot::channel();
                state.waiting.insert(call, told);
                Some(done)
            }
            Arrival::Refused => None,
        }
    }

    /// Ends what is due and tells when the next call is.
    fn end_due(&self) -> Option<Duration> {
        let mut state = self.state();
        let now = self.begun.elapsed();
        while let Some(due) = state.backend.next_at().filter(|due| *due <= now) {
            state.lateness.push(now - due);
            let ended = state.backend.answer(due);
            if let Some(told) = ended.and_then(|call| state.waiting.remove(&call)) {
                // Nobody listens where the connection is gone.
                let _ = told.send(());
            }
        }
        state.backend.next_at()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder panicked")
    }
}
