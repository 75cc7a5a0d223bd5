//! Opening the store that the options name. Concrete stores are named here and nowhere else.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::FlowStore;
use super::memory::MemoryStore;
use super::postgres::Database;
use super::records::{Archive, RecordedFlows, Records, Standing};
use super::redis as redis_store;
use super::sqlite::SqliteRecords;
use crate::clock::Clock;

/// Which store to open, and its bounds.
#[derive(Clone)]
pub enum Options {
    /// Flows live as long as the process.
    Memory {
        /// How many flows may be stored, terminal ones included until they are removed.
        max_flows: u64,
        /// How many bytes of recorded answers may be held before no flow is started any more.
        max_bytes: u64,
    },
    /// Flows live in a file that belongs to this process.
    Sqlite {
        /// The file; it is made where there is none.
        path: PathBuf,
        /// What is too much.
        bounds: Bounds,
    },
    /// Flows live in a Redis server, shared by many processes.
    Redis {
        /// Where it is: `redis://` or `rediss://`, with whatever credentials it wants.
        url: String,
        /// What is too much; the number of flows counts those of all processes.
        bounds: Bounds,
        /// Whose clock decides.
        clock: ServerClock,
    },
    /// Flows live in a PostgreSQL database, shared by many processes.
    Postgres {
        /// Where it is: `postgres://` or `postgresql://`, with whatever credentials it wants.
        url: String,
        /// What is too much; the number of flows counts those of all processes.
        bounds: Bounds,
        /// Whose clock decides.
        clock: ServerClock,
    },
}

/// What is too much for a store that keeps records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How many flows may be stored, terminal ones included until they are removed.
    pub max_flows: u64,
    /// How long one operation may take.
    pub patience: Duration,
}

/// How long one operation may take in service: it must leave time for another try before a
/// claim's lease ends, which is two seconds after the backend's deadline.
pub const PATIENCE: Duration = Duration::from_millis(1500);

/// Whose clock decides about leases and expiries in a store that is a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerClock {
    /// The server's own: the only one that all processes share.
    Its,
    /// The process's, for tests and simulations whose clock stands still until it is moved.
    Given,
}

/// A store that is open. Each runtime takes a way of its own to it, since a connection lives on
/// the runtime that opened it; stores within the process are one and the same for all.
pub struct Opened {
    ways: Box<dyn Fn() -> Way + Send + Sync>,
}

/// A way to a store.
enum Way {
    /// To one whose flows end with the process.
    Passing(Arc<dyn FlowStore>),
    /// To one that keeps records.
    Recorded(Arc<RecordedFlows>),
}

impl Opened {
    /// A way to the store, for the runtime in whose context this is called.
    #[must_use]
    pub fn way(&self) -> Arc<dyn FlowStore> {
        match (self.ways)() {
            Way::Passing(store) => store,
            Way::Recorded(flows) => flows,
        }
    }

    /// All that is stored, to be carried elsewhere; nothing where flows end with the process.
    #[must_use]
    pub fn archive(&self) -> Option<Archive> {
        match (self.ways)() {
            Way::Passing(_) => None,
            Way::Recorded(flows) => Some(Archive::new(flows)),
        }
    }

    /// A way of its own for each runtime.
    fn each<R: Records>(
        standing: Standing,
        bounds: Bounds,
        records: impl Fn() -> R + Send + Sync + 'static,
    ) -> Self {
        let standing = Arc::new(standing);
        let way = move || {
            let records: Arc<dyn Records> = Arc::new(records());
            let flows = RecordedFlows::new(records, standing.clone(), bounds);
            Way::Recorded(Arc::new(flows))
        };
        Self {
            ways: Box::new(way),
        }
    }
}

/// Opens the store that the options name. Nothing is reached yet: see [`FlowStore::prepare`].
///
/// # Errors
///
/// Why the options cannot name a store.
pub fn open(options: Options, clock: Arc<dyn Clock>) -> Result<Opened, String> {
    match options {
        Options::Memory {
            max_flows,
            max_bytes,
        } => {
            let store = Arc::new(MemoryStore::new(max_flows, max_bytes, clock));
            Ok(Opened {
                ways: Box::new(move || Way::Passing(store.clone())),
            })
        }
        Options::Sqlite { path, bounds } => {
            let records = Arc::new(SqliteRecords::new(path));
            let standing = Arc::new(Standing::new(Some(clock)));
            let flows = Arc::new(RecordedFlows::new(records, standing, bounds));
            Ok(Opened {
                ways: Box::new(move || Way::Recorded(flows.clone())),
            })
        }
        Options::Redis {
            url,
            bounds,
            clock: whose,
        } => {
            let server = redis_store::RedisServer::at(&url, bounds.patience)?;
            let standing = standing(whose, clock);
            Ok(Opened::each(standing, bounds, move || {
                redis_store::RedisRecords::of(&server)
            }))
        }
        Options::Postgres {
            url,
            bounds,
            clock: whose,
        } => {
            let database = Database::at(&url, bounds.patience)?;
            let standing = standing(whose, clock);
            Ok(Opened::each(standing, bounds, move || database.records()))
        }
    }
}

fn standing(whose: ServerClock, clock: Arc<dyn Clock>) -> Standing {
    Standing::new(match whose {
        ServerClock::Its => None,
        ServerClock::Given => Some(clock),
    })
}
