//! The only place where flow, store and backend meet.
//!
//! Every step takes one way: load the flow, let the machine judge the request, save the claim,
//! forward, let the machine settle the answer, save, tell. A step runs in a task of its own, so
//! that a caller who leaves cancels nothing.

mod admission;
mod advance;
mod call;
mod callback;
pub mod code;
mod delivery;
pub mod event;
mod expire;
pub mod failure;
mod joins;
mod leads;
mod observe;
mod release;
pub mod reply;
mod search;
mod settle;
mod start;
mod sweep;
mod watch;
mod watchers;

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use integrator_core::flow::answer::RecordedAnswer;
use integrator_core::flow::ids::{AttemptId, Fingerprint, FlowHandle};
use integrator_core::flow::lifecycle::SETTLE_ALLOWANCE;
use integrator_core::flow::machine::Terms;
use integrator_core::flow::record::Flow;
use integrator_core::flow::time::Now;
use integrator_core::protocol::Protocol;
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

pub use self::advance::StepOrder;
pub use self::callback::CallbackOrder;
pub(crate) use self::callback::named as named_by_callback;
pub use self::delivery::Delivery;
use self::event::Observer;
pub use self::expire::ExpireOrder;
use self::failure::{Failure, FailureKind};
use self::joins::Joins;
use self::leads::Leads;
use self::reply::Outcome;
pub use self::search::{Page, SearchOrder};
pub use self::start::StartOrder;
pub use self::sweep::Swept;
pub use self::watch::{Sight, Watch};
pub use self::watchers::{Audience, MOST_OF_A_FLOW, MostWatchers, Watchers};
use crate::admission::Gates;
use crate::backend::client::BackendClient;
use crate::catalog::Catalogs;
pub use crate::catalog::{Reload, ReloadOutcome};
use crate::clock::Clock;
use crate::entropy::{self, Entropy};
use crate::envelope::Envelope;
pub use crate::store::{Census, Position, StoreError};
use crate::store::{Durability, FlowStore, Loaded, Stored};

/// What all runtimes of the process share.
pub struct Shared {
    /// The protocols that flows are started with; each flow keeps the one that it began with.
    pub catalogs: Arc<Catalogs>,
    /// Time, for durations and what people read.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for identifiers.
    pub entropy: Arc<dyn Entropy>,
    /// Who is told what happens.
    pub observer: Arc<dyn Observer>,
    /// Calls that others may join.
    pub joins: Arc<Joins>,
    /// Requests that ask a gate, for others that ask for the same to wait for.
    pub leads: Arc<Leads>,
    /// Who follows which flow.
    pub watchers: Arc<Watchers>,
    /// The gates in front of backends.
    pub gates: Arc<Gates>,
    /// Steps under way.
    pub steps: TaskTracker,
    /// Cancelled when calls under way can no longer be waited for.
    pub cut: CancellationToken,
}

impl Shared {
    /// Parts that the process begins with, with no step under way.
    #[must_use]
    pub fn new(
        catalogs: Arc<Catalogs>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        observer: Arc<dyn Observer>,
        most_watchers: MostWatchers,
        gates: Arc<Gates>,
    ) -> Self {
        let watchers = Arc::new(Watchers::new(most_watchers));
        let observers: Vec<Arc<dyn Observer>> = vec![observer, watchers.clone()];
        Self {
            catalogs,
            clock,
            entropy,
            observer: Arc::new(observers),
            joins: Arc::default(),
            leads: Arc::default(),
            watchers,
            gates,
            steps: TaskTracker::new(),
            cut: CancellationToken::new(),
        }
    }
}

/// What an operator is told of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreFacts {
    /// Its kind.
    pub kind: &'static str,
    /// What its acknowledged writes survive: a word of a closed set.
    pub durability: &'static str,
}

/// Moves flows. One per runtime, since connections to backends and stores live on the runtime
/// that opened them.
pub struct Orchestrator {
    shared: Arc<Shared>,
    store: Arc<dyn FlowStore>,
    backends: HashMap<String, BackendClient>,
}

impl Orchestrator {
    /// An orchestrator over the shared parts, with its own way to the store and clients for the
    /// backends that protocols name.
    #[must_use]
    pub fn new(
        shared: Arc<Shared>,
        store: Arc<dyn FlowStore>,
        backends: HashMap<String, BackendClient>,
    ) -> Self {
        Self {
            shared,
            store,
            backends,
        }
    }

    /// The protocols that flows can be started with.
    #[must_use]
    pub fn catalogs(&self) -> &Catalogs {
        &self.shared.catalogs
    }

    /// The one source of random identifiers.
    #[must_use]
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.shared.entropy
    }

    /// Counts over all that is stored.
    ///
    /// # Errors
    ///
    /// A failure of the store.
    pub async fn census(&self) -> Result<Census, Failure> {
        Ok(self.store.census().await?)
    }

    /// Which store this is, and what its acknowledged writes survive.
    #[must_use]
    pub fn store(&self) -> StoreFacts {
        let prepared = self.store.prepared();
        let durability = prepared.map_or(Durability::Unknown, |prepared| prepared.durability);
        StoreFacts {
            kind: self.store.kind(),
            durability: durability.as_str(),
        }
    }

    /// Whether the store would take a read and a write now.
    ///
    /// # Errors
    ///
    /// A failure of the store.
    pub async fn store_ready(&self) -> Result<(), Failure> {
        Ok(self.store.ready().await?)
    }

    /// Runs a step as a part of its caller's trace, to its end, whether or not the caller stays.
    ///
    /// A step is boxed by whoever hands it over: it is some twenty kilobytes, which would be copied
    /// each time that it is moved on the way into its task.
    async fn traced<F>(&self, envelope: &Envelope, step: F) -> Outcome
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let trace = envelope.trace().clone();
        self.tracked(async move { trace.scope(step).await }).await
    }

    /// Runs a step to its end, whether or not the caller stays.
    async fn tracked<F, T>(&self, step: F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>> + Send + 'static,
        T: Send + 'static,
    {
        let ended = self.shared.steps.spawn(step.in_current_span()).await;
        ended.unwrap_or_else(|_| {
            Err(Failure::new(FailureKind::Internal(
                "a step's task ended abnormally".to_owned(),
            )))
        })
    }

    async fn find(&self, handle: &FlowHandle) -> Result<Found, Failure> {
        self.find_if_stored(handle).await?.ok_or_else(no_flow)
    }

    async fn find_if_stored(&self, handle: &FlowHandle) -> Result<Option<Found>, Failure> {
        let asked = Instant::now();
        let Loaded { stored, now } = self.store.load(handle).await?;
        Ok(stored.map(|Stored { flow, protocol }| Found {
            flow,
            protocol,
            now,
            asked,
        }))
    }

    /// The recorded answer of an attempt, if it is still kept.
    async fn recorded(
        &self,
        found: &Found,
        attempt: &AttemptId,
    ) -> Result<Option<Arc<RecordedAnswer>>, StoreError> {
        let stored = Stored::new(found.flow.clone(), found.protocol.clone());
        let attempts = std::slice::from_ref(attempt);
        Ok(self.store.answers(&stored, attempts).await?.pop())
    }

    fn backend_of(&self, protocol: &Protocol) -> Result<&BackendClient, Failure> {
        self.backends.get(protocol.backend()).ok_or_else(|| {
            let detail = format!("no client for backend '{}'", protocol.backend());
            Failure::new(FailureKind::Internal(detail))
        })
    }

    fn terms(&self, protocol: &Protocol) -> Result<Terms, Failure> {
        let lease = self.backend_of(protocol)?.timeout() + SETTLE_ALLOWANCE;
        Ok(Terms {
            draw: entropy::draw(&*self.shared.entropy)?,
            lease,
        })
    }
}

/// A flow that exists, with its definition and the time at which it was read.
struct Found {
    flow: Arc<Flow>,
    protocol: Arc<Protocol>,
    now: Now,
    /// Before the reading: deadlines count from here, so that a lease, which counts from `now`,
    /// ends after them.
    asked: Instant,
}

fn no_flow() -> Failure {
    let detail = "no flow has this handle: it never existed here, or it ended and was removed";
    Failure::new(FailureKind::NotFound(detail.to_owned()))
}

fn fingerprint(body: &Bytes) -> Fingerprint {
    Fingerprint(Sha256::digest(body).into())
}
