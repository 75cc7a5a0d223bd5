//! Following a flow as it moves. Nothing is queued for whoever follows: when woken, the flow is read,
//! and the next transition beyond the one that was told last is told.

use std::sync::Arc;
use std::time::Duration;

use integrator_core::flow::history::{History, Transition};
use integrator_core::flow::ids::FlowHandle;
use tokio::time::{Instant, sleep_until};

use super::event::Event;
use super::failure::{Failure, FailureKind};
use super::observe::{history_of, observed};
use super::reply::{Observation, Past};
use super::watchers::{Audience, Full, MOST_OF_A_FLOW, Watcher};
use super::{Found, Orchestrator, no_flow};

/// How often something is told, though nothing happened.
const BEAT: Duration = Duration::from_secs(15);
/// How often a flow is looked at that others may move unheard of: what they did shows within a
/// second.
const POLL: Duration = Duration::from_millis(500);

/// A flow that is followed.
pub struct Watch {
    orchestrator: Arc<Orchestrator>,
    watcher: Watcher,
    handle: FlowHandle,
    /// The version of the latest transition that was told.
    told: u64,
    /// Whether the flow is to be looked at now.
    look: bool,
    /// Whether there is nothing more to tell, ever.
    is_over: bool,
    /// Whether the store failed when it was last asked.
    is_failing: bool,
    beat: Instant,
    poll: Instant,
}

/// What there is to tell of a flow that is followed.
#[derive(Debug)]
pub enum Sight {
    /// It moved.
    Moved {
        /// Its past, with the answer that made this transition.
        past: Box<Past>,
        /// The transition.
        made: Transition,
    },
    /// Nothing happened for a while.
    Quiet,
}

impl Orchestrator {
    /// The flow as it is now, and from there on. With `after`, transitions beyond that version are
    /// told that were made before; else only those that are still to come.
    ///
    /// # Errors
    ///
    /// [`FailureKind::NotFound`] where no such flow is stored; [`FailureKind::CapacityExhausted`]
    /// where so many follow already.
    pub async fn watch(
        self: &Arc<Self>,
        handle: &str,
        after: Option<u64>,
        audience: Audience,
    ) -> Result<(Observation, Watch), Failure> {
        let handle = FlowHandle::parse(handle).ok_or_else(no_flow)?;
        // Before the flow is read: what happens from then on wakes whoever watches.
        let watcher = self.shared.watchers.watch(&handle, audience);
        let found = self.find(&handle).await?;
        let watcher = watcher.map_err(|full| too_many(&full, &found))?;
        let history = history_of(&found);
        let latest = latest(&history);
        let told = after.map_or(latest, |after| after.min(latest));
        let now = Instant::now();
        self.shared
            .observer
            .observe(Event::Watched { begins: true });
        let watch = Watch {
            orchestrator: self.clone(),
            watcher,
            handle,
            told,
            look: told < latest,
            is_over: told == latest && is_over(&history, &found),
            is_failing: false,
            beat: now + BEAT,
            poll: now + POLL,
        };
        Ok((observed(&found.flow, found.protocol, &found.now), watch))
    }
}

impl Watch {
    /// The version that whoever follows has been told of.
    #[must_use]
    pub fn told(&self) -> u64 {
        self.told
    }

    /// What comes next; none once the flow has ended, is gone, or cannot be read any more. While the
    /// store fails it is asked again and again. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Sight> {
        loop {
            if self.look {
                match self.look().await {
                    Ok(Some(sight)) => return Some(sight),
                    Ok(None) => self.look = false,
                    Err(failure) if matches!(failure.kind, FailureKind::NotFound(_)) => {
                        return None;
                    }
                    Err(failure) if failure.is_unreadable() => {
                        self.tell_unreadable(&failure);
                        return None;
                    }
                    Err(_) => {
                        self.look = false;
                        self.is_failing = true;
                    }
                }
            }
            if self.is_over {
                return None;
            }
            let is_polled = self.is_failing || self.orchestrator.store.is_shared();
            tokio::select! {
                () = self.watcher.woken() => {}
                () = sleep_until(self.poll), if is_polled => {}
                () = sleep_until(self.beat) => {
                    self.beat = Instant::now() + BEAT;
                    self.look = true;
                    return Some(Sight::Quiet);
                }
            }
            self.poll = Instant::now() + POLL;
            self.look = true;
        }
    }

    fn tell_unreadable(&self, failure: &Failure) {
        let event = Event::Unwatchable {
            handle: &self.handle,
            cause: &failure.cause().unwrap_or_default(),
        };
        self.orchestrator.shared.observer.observe(event);
    }

    /// The next transition that is not told yet, if there is one.
    async fn look(&mut self) -> Result<Option<Sight>, Failure> {
        let found = self.orchestrator.find(&self.handle).await?;
        let history = history_of(&found);
        let mut made = history.transitions().iter();
        let Some(made) = made.find(|made| made.version > self.told).cloned() else {
            self.is_failing = false;
            self.is_over = is_over(&history, &found);
            return Ok(None);
        };
        let answers = std::slice::from_ref(&made);
        let answers = self.orchestrator.answers_of(&found, answers).await?;
        self.is_failing = false;
        self.told = made.version;
        self.is_over = made.version == latest(&history) && is_over(&history, &found);
        self.look = !self.is_over;
        self.beat = Instant::now() + BEAT;
        let past = Past {
            origin: found.flow.origin().clone(),
            protocol: found.protocol,
            history,
            answers,
        };
        let past = Box::new(past);
        Ok(Some(Sight::Moved { past, made }))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let observer = &self.orchestrator.shared.observer;
        observer.observe(Event::Watched { begins: false });
    }
}

/// The version of the latest transition; zero before the first.
fn latest(history: &History) -> u64 {
    let latest = history.transitions().last();
    latest.map_or(0, |latest| latest.version)
}

/// Whether the latest transition is the last of all.
fn is_over(history: &History, found: &Found) -> bool {
    let latest = history.transitions().last();
    latest.is_some_and(|latest| found.protocol.is_terminal(latest.to))
}

fn too_many(full: &Full, found: &Found) -> Failure {
    let open = match full {
        Full::Audience(most) => format!("{most} are open at this listener"),
        Full::Flow => format!("{MOST_OF_A_FLOW} of this flow are open in this process"),
    };
    let detail = format!(
        "no event stream can be opened now: {open}. Read the flow's status, or try again later."
    );
    let full = Failure::new(FailureKind::CapacityExhausted(detail));
    full.of_flow(&found.flow, &found.protocol, &found.now)
}
