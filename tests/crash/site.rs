//! The stores that fleets share: real servers that forget nothing that they acknowledged, even
//! when they are killed; and a file.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use integrator_testbed::postgres;
use integrator_testbed::proxy::Proxy;
use integrator_testbed::redis::{self, Persistence};
use tempfile::TempDir;

use super::fleet::Environment;

/// The kinds of stores that outlive a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Redis,
    Postgres,
}

impl Kind {
    /// How many processes may share one.
    pub(crate) const fn processes(self) -> usize {
        match self {
            Self::Sqlite => 1,
            Self::Redis | Self::Postgres => 2,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "sqlite",
            Self::Redis => "redis",
            Self::Postgres => "postgres",
        })
    }
}

/// A store, or for files a folder.
#[derive(Clone)]
pub(crate) struct Site(Arc<Store>);

enum Store {
    Folder(TempDir),
    Redis(redis::Server),
    Postgres(postgres::Server),
}

impl Site {
    pub(crate) async fn start(kind: Kind) -> Self {
        let start = move || match kind {
            Kind::Sqlite => Store::Folder(TempDir::new().expect("a folder")),
            Kind::Redis => Store::Redis(redis::Server::start(redis::Options {
                persistence: Persistence::Always,
                databases: 1024,
                ..redis::Options::default()
            })),
            Kind::Postgres => Store::Postgres(postgres::Server::start(postgres::Options {
                fsync: true,
                ..postgres::Options::default()
            })),
        };
        Self(Arc::new(blocking(start).await))
    }

    /// A place where nothing is stored yet.
    pub(crate) async fn place(&self) -> Place {
        static TAKEN: AtomicU32 = AtomicU32::new(1);
        let number = TAKEN.fetch_add(1, Ordering::Relaxed);
        let site = self.clone();
        let url = blocking(move || match &*site.0 {
            Store::Folder(folder) => {
                let file = folder.path().join(format!("flows-{number}.db"));
                file.to_string_lossy().into_owned()
            }
            Store::Redis(server) => server.url(number),
            Store::Postgres(server) => server.schema_url(&format!("place_{number}")),
        });
        Place {
            site: self.clone(),
            url: url.await,
        }
    }

    /// Whether it is a process of its own.
    pub(crate) fn is_server(&self) -> bool {
        !matches!(&*self.0, Store::Folder(_))
    }

    /// Kills the server and starts it again on what it remembers; a file has none.
    pub(crate) async fn restart(&self) {
        let site = self.clone();
        blocking(move || match &*site.0 {
            Store::Folder(_) => {}
            Store::Redis(server) => server.restart(),
            Store::Postgres(server) => server.restart(),
        })
        .await;
    }
}

/// Where one fleet keeps its flows.
pub(crate) struct Place {
    site: Site,
    url: String,
}

impl Place {
    /// What leads a process here.
    pub(crate) fn environment(&self) -> Environment {
        self.led(&self.url)
    }

    /// What leads a process here through a proxy of its own; a file has none.
    pub(crate) fn behind_proxy(&self) -> (Environment, Option<Proxy>) {
        let proxy = match &*self.site.0 {
            Store::Folder(_) => return (self.environment(), None),
            Store::Redis(server) => Proxy::start(server.address()),
            Store::Postgres(server) => Proxy::start(server.address()),
        };
        (self.led(&proxy.url(&self.url)), Some(proxy))
    }

    fn led(&self, url: &str) -> Environment {
        let (kind, key) = match &*self.site.0 {
            Store::Folder(_) => ("sqlite", "INTEGRATOR__STORE__PATH"),
            Store::Redis(_) => ("redis", "INTEGRATOR__STORE__URL"),
            Store::Postgres(_) => ("postgres", "INTEGRATOR__STORE__URL"),
        };
        vec![
            ("INTEGRATOR__STORE__KIND", kind.to_owned()),
            (key, url.to_owned()),
        ]
    }
}

/// Servers are started and stopped with blocking calls, while clients and the backend go on.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("it is done")
}
