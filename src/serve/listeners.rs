//! The sockets that are listened on, and the hand that gives connections to the workers.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::ServeError;
use crate::api::Listener;
use crate::config::Config;
use crate::listen::{accept, bind};
use crate::orchestrator::MostWatchers;
use crate::workers::{Arrival, Workers};

/// Connections that the operators' listener may have open.
const OPS_CONNECTIONS: usize = 64;
/// Event streams that any listener may have open, whatever its connections.
const MOST_STREAMS: usize = 1024;

/// The sockets that are listened on.
pub(super) struct Listeners {
    main: TcpListener,
    ops: Option<TcpListener>,
    /// Whoever fills one door does not close the other.
    places: Arc<Semaphore>,
    ops_places: Arc<Semaphore>,
}

impl Listeners {
    pub(super) fn bind(config: &Config) -> Result<Self, ServeError> {
        let main = bind_or_say(config.server.listen, "server.listen")?;
        let ops = config
            .ops
            .listen
            .map(|address| bind_or_say(address, "ops.listen"))
            .transpose()?;
        Ok(Self {
            main,
            ops,
            places: Arc::new(Semaphore::new(most_connections())),
            ops_places: Arc::new(Semaphore::new(OPS_CONNECTIONS)),
        })
    }

    /// Tells where, and whether requests are held back. Whoever reads this may send requests and
    /// signals from then on.
    pub(super) fn announce(&self, config: &Config) -> io::Result<()> {
        let ops = self.ops.as_ref().map(TcpListener::local_addr).transpose()?;
        tracing::info!(
            address = %self.main.local_addr()?,
            ops = ops.map(|address| address.to_string()),
            version = env!("CARGO_PKG_VERSION"),
            admission = config.admission_in_words(),
            "listening"
        );
        Ok(())
    }

    /// Hands every connection that comes in to the next worker, until told otherwise. The sockets
    /// are closed then, so that the system refuses whoever comes later.
    pub(super) async fn accept_until(
        self,
        until: CancellationToken,
        mut workers: Workers,
    ) -> Workers {
        let Self {
            main,
            ops,
            places,
            ops_places,
        } = self;
        let product = if ops.is_some() {
            Listener::Product
        } else {
            Listener::Whole
        };
        let (sender, mut arrivals) = mpsc::channel(1);
        let ops = ops.map(|socket| (socket, Listener::Operator, ops_places));
        for (socket, listener, places) in ops.into_iter().chain([(main, product, places)]) {
            let door = Door {
                socket,
                listener,
                places,
            };
            let (sender, until) = (sender.clone(), until.clone());
            tokio::spawn(async move {
                tokio::select! {
                    () = door.accept_for_ever(&sender) => {}
                    () = until.cancelled() => {}
                }
            });
        }
        drop(sender);
        while let Some(arrival) = arrivals.recv().await {
            workers.hand(arrival).await;
        }
        workers
    }
}

/// One socket, with the routes that are behind it.
struct Door {
    socket: TcpListener,
    listener: Listener,
    places: Arc<Semaphore>,
}

impl Door {
    async fn accept_for_ever(&self, sender: &mpsc::Sender<Arrival>) {
        loop {
            let accepted = accept(&self.socket, &self.places).await;
            let listener = self.listener;
            if sender.send(Arrival { accepted, listener }).await.is_err() {
                return;
            }
        }
    }
}

fn bind_or_say(address: SocketAddr, setting: &'static str) -> Result<TcpListener, ServeError> {
    bind(address).map_err(|cause| ServeError::Bind {
        address,
        setting,
        cause,
    })
}

/// A quarter of a listener's connections: whoever opens streams leaves the rest to those who step
/// flows, and to those who ask whether this instance lives.
pub(super) fn most_watchers() -> MostWatchers {
    let quarter = |connections: usize| (connections / 4).min(MOST_STREAMS);
    MostWatchers {
        callers: quarter(most_connections()),
        operators: quarter(OPS_CONNECTIONS),
    }
}

/// Half of the files that the process may open: each connection may need one to a backend.
fn most_connections() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let half = limit.map_or(usize::MAX, |limit| {
        usize::try_from(limit).unwrap_or(usize::MAX) / 2
    });
    half.saturating_sub(16).clamp(8, 65_536)
}
