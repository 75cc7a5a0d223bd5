//! The stores that tests run over: in this process, in a file, and on real servers that this
//! process starts for itself and that end with it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use appattest_integrator::clock::ManualClock;
use appattest_integrator::store::{self, Bounds, Opened, Options, PATIENCE, ServerClock};
use integrator_testbed::{postgres, redis};
use tempfile::TempDir;

/// The kinds of stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Memory,
    Sqlite,
    Redis,
    Postgres,
}

impl Kind {
    /// The kind that `INTEGRATOR_TEST_STORE` names for this run of the suite; memory where it
    /// names none.
    pub(crate) fn of_this_run() -> Self {
        match std::env::var("INTEGRATOR_TEST_STORE").as_deref() {
            Err(_) | Ok("memory") => Self::Memory,
            Ok("sqlite") => Self::Sqlite,
            Ok("redis") => Self::Redis,
            Ok("postgres") => Self::Postgres,
            Ok(other) => panic!("INTEGRATOR_TEST_STORE={other}: no such store"),
        }
    }
}

/// Databases of one Redis server: each place takes one.
const DATABASES: u32 = 8192;

/// The Redis server of this test process.
pub(crate) fn redis_server() -> &'static redis::Server {
    static SERVER: OnceLock<redis::Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        redis::Server::start(redis::Options {
            databases: DATABASES,
            ..redis::Options::default()
        })
    })
}

/// The PostgreSQL server of this test process.
pub(crate) fn postgres_server() -> &'static postgres::Server {
    static SERVER: OnceLock<postgres::Server> = OnceLock::new();
    SERVER.get_or_init(|| postgres::Server::start(postgres::Options::default()))
}

/// A place of its own where nothing is stored yet. What is stored there stays while it lives and
/// can be opened again and again.
pub(crate) struct Place {
    options: Options,
    pub(crate) at: At,
}

/// Where a place is, for those who look past the store.
pub(crate) enum At {
    /// Nowhere but in the opened store.
    Process,
    /// The file `flows.db` of this folder.
    Folder(TempDir),
    /// This database of the Redis server.
    Database(u32),
    /// This schema of the PostgreSQL server.
    Schema(String),
    /// Where the test knows.
    Elsewhere,
}

impl Place {
    /// The database that this URL leads to, on a Redis server that the test has for itself.
    pub(crate) fn redis(url: String, max_flows: u64, clock: ServerClock) -> Self {
        let bounds = Bounds {
            max_flows,
            patience: PATIENCE,
        };
        let options = Options::Redis { url, bounds, clock };
        Self {
            options,
            at: At::Elsewhere,
        }
    }

    pub(crate) fn empty(kind: Kind, max_flows: u64, max_bytes: u64) -> Self {
        static TAKEN: AtomicU32 = AtomicU32::new(1);
        let clock = ServerClock::Given;
        // A busy machine is no fault of the store's.
        let bounds = Bounds {
            max_flows,
            patience: Duration::from_secs(30),
        };
        match kind {
            Kind::Memory => Self {
                options: Options::Memory {
                    max_flows,
                    max_bytes,
                },
                at: At::Process,
            },
            Kind::Sqlite => {
                let folder = TempDir::new().expect("a folder");
                let path = folder.path().join("flows.db");
                Self {
                    options: Options::Sqlite { path, bounds },
                    at: At::Folder(folder),
                }
            }
            Kind::Redis => {
                let database = TAKEN.fetch_add(1, Ordering::Relaxed);
                assert!(database < DATABASES, "no database is left");
                let url = redis_server().url(database);
                Self {
                    options: Options::Redis { url, bounds, clock },
                    at: At::Database(database),
                }
            }
            Kind::Postgres => {
                let number = TAKEN.fetch_add(1, Ordering::Relaxed);
                let schema = format!("place_{number}");
                let url = postgres_server().schema_url(&schema);
                Self {
                    options: Options::Postgres { url, bounds, clock },
                    at: At::Schema(schema),
                }
            }
        }
    }

    /// The database that this URL leads to, on a server that the test has for itself.
    pub(crate) fn postgres(url: String, bounds: Bounds, clock: ServerClock) -> Self {
        Self {
            options: Options::Postgres { url, bounds, clock },
            at: At::Elsewhere,
        }
    }

    /// Opens the store here, as a process that starts does.
    pub(crate) fn open(&self, clock: Arc<ManualClock>) -> Opened {
        store::open(self.options.clone(), clock).expect("a store")
    }
}
