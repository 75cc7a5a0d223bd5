//! One single-threaded runtime per core, each with its own connections and backend clients.
//! Connections are handed to them in turn and stay where they are: nothing is stolen, so nothing
//! is synchronised that need not be.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use axum::Router;
use tokio::runtime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::{self, Api, Listener};
use crate::backend::client::{BackendClient, BuildError, Options};
use crate::listen::{Accepted, converse};
use crate::orchestrator::{Orchestrator, Shared};
use crate::store::FlowStore;

/// Connections that wait for one worker.
const WAITING: usize = 1024;

/// A connection on its way to a worker, with the listener that it came in by.
pub struct Arrival {
    /// The connection.
    pub accepted: Accepted,
    /// Which routes it may reach.
    pub listener: Listener,
}

/// Everything that a worker needs; shared parts are shared by all.
#[derive(Clone)]
pub struct Kit {
    /// What all orchestrators share.
    pub shared: Arc<Shared>,
    /// Makes a runtime's own way to the store; called in that runtime's context.
    pub store: Arc<dyn Fn() -> Arc<dyn FlowStore> + Send + Sync>,
    /// The backends to make clients for.
    pub backends: Arc<HashMap<String, Options>>,
    /// Makes the routes' state around an orchestrator.
    pub api: Arc<dyn Fn(Arc<Orchestrator>) -> Api + Send + Sync>,
    /// Connections under way.
    pub connections: TaskTracker,
    /// Cancelled when connections end after the request that they are at.
    pub closing: CancellationToken,
}

/// The workers, to hand connections to.
pub struct Workers {
    senders: Vec<mpsc::Sender<Arrival>>,
    threads: Vec<JoinHandle<()>>,
    next: usize,
}

impl Workers {
    /// Starts `count` workers.
    ///
    /// # Errors
    ///
    /// The system's where no thread or runtime can be made; a client's where a backend's options
    /// are unusable.
    pub fn start(count: usize, kit: &Kit) -> Result<Self, StartError> {
        let mut workers = Self::none();
        for number in 0..count {
            let (sender, arrivals) = mpsc::channel(WAITING);
            let runtime = runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let store = {
                let _context = runtime.enter();
                (kit.store)()
            };
            let orchestrator = Arc::new(Orchestrator::new(
                kit.shared.clone(),
                store,
                clients(&kit.backends)?,
            ));
            let api = (kit.api)(orchestrator);
            let kit = kit.clone();
            let thread = std::thread::Builder::new().name(format!("worker-{number}"));
            workers
                .threads
                .push(thread.spawn(move || runtime.block_on(work(&kit, &api, arrivals)))?);
            workers.senders.push(sender);
        }
        Ok(workers)
    }

    /// No workers at all.
    #[must_use]
    pub fn none() -> Self {
        Self {
            senders: Vec::new(),
            threads: Vec::new(),
            next: 0,
        }
    }

    /// Hands a connection to the next worker in turn.
    pub async fn hand(&mut self, arrival: Arrival) {
        self.next = (self.next + 1) % self.senders.len().max(1);
        if let Some(sender) = self.senders.get(self.next)
            && sender.send(arrival).await.is_err()
        {
            tracing::error!("a worker has ended; its connections are lost");
        }
    }

    /// Lets the workers end once their connections have, and waits for them.
    pub fn join(self) {
        drop(self.senders);
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a worker ended abnormally");
            }
        }
    }
}

/// A worker could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No thread or runtime.
    #[error("no worker can be started: {0}")]
    System(#[from] io::Error),
    /// No client.
    #[error(transparent)]
    Client(#[from] BuildError),
}

fn clients(
    backends: &HashMap<String, Options>,
) -> Result<HashMap<String, BackendClient>, BuildError> {
    let client =
        |(name, options): (&String, &Options)| Ok((name.clone(), BackendClient::new(options)?));
    backends.iter().map(client).collect()
}

async fn work(kit: &Kit, api: &Api, mut arrivals: mpsc::Receiver<Arrival>) {
    let routers: [(Listener, Router); 3] = [Listener::Whole, Listener::Product, Listener::Operator]
        .map(|listener| (listener, api::router(api.clone(), listener)));
    let here = TaskTracker::new();
    while let Some(Arrival { accepted, listener }) = arrivals.recv().await {
        if let Some((_, router)) = routers.iter().find(|(known, _)| *known == listener) {
            let talk = converse(accepted, router.clone(), kit.closing.clone());
            here.spawn(kit.connections.track_future(talk));
        }
    }
    here.close();
    here.wait().await;
    // A step outlives the connection of a caller who left.
    kit.shared.steps.wait().await;
}
