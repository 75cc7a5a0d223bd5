//! Connections of one runtime.
//!
//! The driver's own pool asks every connection that comes back whether it still lives, and waits
//! for the answer without bound: where a server falls silent, all places are taken until the
//! kernel gives its connections up, a quarter of an hour later. It also keeps trying where a
//! connection is refused, and then tells only that time ran out. Hence this one.
//!
//! A statement runs in a task of its own, so that dropping the operation which waits for it
//! neither breaks the connection off in the middle of a reply nor lets more statements reach the
//! server than there are places: it ends by itself, and the connection serves on. Where the server
//! stays silent much longer than anybody waits, the connection is given up.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgArguments, PgConnectOptions, PgRow};
use sqlx::query::Query;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, Postgres};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use super::words;
use crate::store::operations::StoreError;

/// How many connections a runtime may hold. A statement takes about a millisecond.
const PLACES: usize = 8;
/// How long a connection may have rested and still be used unasked. Where it broke meanwhile, the
/// statement fails; so this is short.
const RESTED: Duration = Duration::from_millis(500);
/// How long a connection that has rested may take to say that it lives.
const PROBE: Duration = Duration::from_millis(300);
/// When a connection that says nothing is given up, at the earliest.
const SILENCE: Duration = Duration::from_secs(10);
/// How old a connection may become: what lies between may want to lead new ones elsewhere.
const AGE: Duration = Duration::from_mins(30);
/// How often a statement is asked that the server takes back for the sake of others.
const TRIES: usize = 3;

/// How long an operation that may take `patience` waits for a connection or for a lock: what is
/// left must do for the statement, and for telling what it was that took so long.
pub(super) fn for_part_of(patience: Duration) -> Duration {
    patience * 2 / 3
}

/// A statement with its arguments.
pub(super) type Statement = Query<'static, Postgres, PgArguments>;

/// Connections to one database.
pub(super) struct Pool(Arc<Shared>);

struct Shared {
    options: PgConnectOptions,
    server: String,
    /// For a connection.
    patience: Duration,
    /// With a connection that says nothing: longer than any statement may take.
    silence: Duration,
    places: Arc<Semaphore>,
    resting: Mutex<Vec<Resting>>,
}

struct Resting {
    connection: PgConnection,
    opened: Instant,
    since: Instant,
}

struct Held {
    connection: PgConnection,
    opened: Instant,
    _place: OwnedSemaphorePermit,
}

impl Pool {
    /// No connection is opened yet. `server` is what messages call it; an operation may take as
    /// long as `patience`.
    pub(super) fn new(options: PgConnectOptions, server: String, patience: Duration) -> Self {
        Self(Arc::new(Shared {
            options,
            server,
            patience: for_part_of(patience),
            silence: SILENCE.max(patience * 2),
            places: Arc::new(Semaphore::new(PLACES)),
            resting: Mutex::default(),
        }))
    }

    /// What messages call the server.
    pub(super) fn server(&self) -> &str {
        &self.0.server
    }

    /// A connection beside those of the pool.
    pub(super) async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        self.0.options.connect().await
    }

    /// Runs one statement and returns its rows. It is a transaction of its own: where this fails,
    /// or is dropped, it has been carried out wholly or not at all.
    pub(super) async fn rows(
        &self,
        statement: impl Fn() -> Statement,
    ) -> Result<Vec<PgRow>, StoreError> {
        let mut tries = 1;
        loop {
            match self.0.run(statement()).await? {
                Ok(rows) => return Ok(rows),
                Err(error) if words::is_to_be_repeated(&error) && tries < TRIES => tries += 1,
                Err(error) => {
                    return Err(StoreError::unavailable(words::cause(&error, self.server())));
                }
            }
        }
    }

    /// The same of a statement that always has one row.
    pub(super) async fn row(&self, statement: impl Fn() -> Statement) -> Result<PgRow, StoreError> {
        let mut rows = self.rows(statement).await?;
        rows.pop().ok_or_else(|| {
            let server = self.server();
            StoreError::unavailable(format!(
                "PostgreSQL at {server} answered without the row that was asked for"
            ))
        })
    }
}

impl Shared {
    async fn run(
        self: &Arc<Self>,
        statement: Statement,
    ) -> Result<Result<Vec<PgRow>, sqlx::Error>, StoreError> {
        let mut held = self.hold().await?;
        let shared = self.clone();
        let answer = tokio::spawn(async move {
            let asked = statement.fetch_all(&mut held.connection);
            let answered = timeout(shared.silence, asked).await.ok()?;
            match &answered {
                Err(error) if !words::leaves_connection_whole(error) => {
                    // What ended this one has likely ended the others.
                    shared.resting().clear();
                }
                Ok(_) | Err(_) => shared.rest(held),
            }
            Some(answered)
        });
        answer.await.ok().flatten().ok_or_else(|| {
            let (server, silence) = (&self.server, self.silence.as_secs());
            StoreError::unavailable(format!(
                "PostgreSQL at {server} gave no answer within {silence} s; see its log and pg_stat_activity"
            ))
        })
    }

    /// A connection for one statement: one that rests, or a new one.
    async fn hold(&self) -> Result<Held, StoreError> {
        let deadline = Instant::now() + self.patience;
        let place = timeout_at(deadline, self.places.clone().acquire_owned()).await;
        let Ok(Ok(place)) = place else {
            return Err(self.busy());
        };
        if let Some(Resting {
            connection, opened, ..
        }) = self.living().await
        {
            return Ok(Held {
                connection,
                opened,
                _place: place,
            });
        }
        match timeout_at(deadline, self.options.connect()).await {
            Ok(Ok(connection)) => Ok(Held {
                connection,
                opened: Instant::now(),
                _place: place,
            }),
            Ok(Err(error)) => Err(StoreError::unavailable(words::cause(&error, &self.server))),
            Err(_) => Err(self.silent()),
        }
    }

    /// The connection that came to rest last, if it lives. If it does not, the others, which have
    /// rested longer, are not asked any more.
    async fn living(&self) -> Option<Resting> {
        let mut last = self.resting().pop()?;
        if last.since.elapsed() < RESTED {
            return Some(last);
        }
        if matches!(timeout(PROBE, last.connection.ping()).await, Ok(Ok(()))) {
            return Some(last);
        }
        self.resting().clear();
        None
    }

    fn rest(&self, held: Held) {
        if held.opened.elapsed() < AGE {
            self.resting().push(Resting {
                connection: held.connection,
                opened: held.opened,
                since: Instant::now(),
            });
        }
    }

    fn resting(&self) -> MutexGuard<'_, Vec<Resting>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn busy(&self) -> StoreError {
        let (server, patience) = (&self.server, self.patience.as_millis());
        StoreError::unavailable(format!(
            "all connections are busy: none of {PLACES} to PostgreSQL at {server} became free within {patience} ms; it is overloaded or does not answer, see its log and pg_stat_activity"
        ))
    }

    fn silent(&self) -> StoreError {
        let (server, patience) = (&self.server, self.patience.as_millis());
        StoreError::unavailable(format!(
            "PostgreSQL at {server} did not take a connection within {patience} ms; check that it runs, is not stopped or overloaded, and that the way to it is open"
        ))
    }
}
