//! The state, in SQLite: one connection, one transaction per call, everything bounded.
//!
//! With a file: write-ahead log, synchronous FULL, mode 0600, locked for this process alone. The
//! file remembers the trust anchor and the challenge policy that it was made under, since keys
//! registered under a test root or a laboratory policy must not become real by a restart.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use thiserror::Error;

use crate::clock::after;

mod file;
mod schema;

/// How long expired rows are kept, so that late callers hear "expired" rather than "unknown".
const RETENTION: SignedDuration = SignedDuration::from_mins(15);
/// At most this often are expired rows looked for.
const SWEEP_INTERVAL: SignedDuration = SignedDuration::from_secs(5);
/// Rows of one table removed by one sweep.
const SWEEP_BATCH: u32 = 20_000;

/// Why the state could not be read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// SQLite says no.
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file could not be made or its mode not set.
    #[error("the state file: {0}")]
    File(#[from] std::io::Error),
    /// The file was made under another trust anchor or policy.
    #[error("it was made with {name} {found:?}, this process runs with {given:?}")]
    Mismatch {
        /// `trust-anchor` or `challenge-policy`.
        name: &'static str,
        /// What the file says.
        found: String,
        /// What this process was told.
        given: String,
    },
    /// A bound is reached.
    #[error("the bound on {0} is reached")]
    Full(&'static str),
    /// A row does not hold what it must.
    #[error("corrupt {table} row: {what}")]
    Corrupt {
        /// Where.
        table: &'static str,
        /// What is wrong with it.
        what: &'static str,
    },
}

/// How many rows there may be. Beyond a bound a call is answered 503, except that recorded
/// answers make room by dropping the oldest.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Registration challenges, expired ones included until swept.
    pub challenges: u64,
    /// Registered keys.
    pub keys: u64,
    /// Flows, expired ones included until swept.
    pub flows: u64,
    /// Recorded answers.
    pub answers: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            challenges: 1_000_000,
            keys: 5_000_000,
            flows: 1_000_000,
            answers: 500_000,
        }
    }
}

/// How many rows there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Registration challenges.
    pub challenges: u64,
    /// Registered keys.
    pub keys: u64,
    /// Flows.
    pub flows: u64,
    /// Recorded answers.
    pub answers: u64,
}

/// What a state file is tied to.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// Fingerprint of the trust anchor.
    pub trust_anchor: &'a str,
    /// Name of the challenge policy.
    pub challenge_policy: &'a str,
}

/// The state.
#[derive(Debug)]
pub struct Store {
    inner: Mutex<Inner>,
    bounds: Bounds,
}

#[derive(Debug)]
struct Inner {
    connection: Connection,
    counts: Counts,
    swept_at: Option<Timestamp>,
}

/// One transaction: what a call may read and write.
#[derive(Debug)]
pub struct Unit<'a> {
    /// The connection, inside the transaction.
    pub sql: &'a Connection,
    /// Rows there are, as this transaction leaves them.
    pub counts: Counts,
    /// Rows there may be.
    pub bounds: Bounds,
    /// The moment of the call.
    pub now: Timestamp,
}

impl Store {
    /// Opens a file, or memory where there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`], also where another process holds the file.
    pub fn open(
        path: Option<&Path>,
        binding: Binding<'_>,
        bounds: Bounds,
    ) -> Result<Self, StoreError> {
        let connection = match path {
            Some(path) => file::open(path)?,
            None => Connection::open_in_memory()?,
        };
        connection.set_prepared_statement_cache_capacity(64);
        schema::create(&connection)?;
        bind(&connection, "trust-anchor", binding.trust_anchor)?;
        bind(&connection, "challenge-policy", binding.challenge_policy)?;
        let counts = schema::count(&connection)?;
        Ok(Self {
            inner: Mutex::new(Inner {
                connection,
                counts,
                swept_at: None,
            }),
            bounds,
        })
    }

    /// Reads outside of any transaction.
    ///
    /// # Errors
    ///
    /// Those of `read`.
    pub fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        read(&self.lock().connection)
    }

    /// Runs `change` in one transaction: committed if it is well, undone if it fails.
    ///
    /// # Errors
    ///
    /// Those of `change`, of the sweep before it and of the commit after it.
    pub fn transact<T>(
        &self,
        now: Timestamp,
        change: impl FnOnce(&mut Unit<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let due = inner
            .swept_at
            .is_none_or(|at| now < at || now >= after(at, SWEEP_INTERVAL));
        let transaction = inner
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut counts = inner.counts;
        if due {
            let horizon = after(now, -RETENTION).as_millisecond();
            let expired_answers = now.as_millisecond();
            counts = schema::sweep(&transaction, counts, horizon, expired_answers, SWEEP_BATCH)?;
        }
        let mut unit = Unit {
            sql: &transaction,
            counts,
            bounds: self.bounds,
            now,
        };
        let value = change(&mut unit)?;
        let counts = unit.counts;
        transaction.commit()?;
        inner.counts = counts;
        if due {
            inner.swept_at = Some(now);
        }
        Ok(value)
    }

    /// How many rows there are.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.lock().counts
    }

    /// A panic while the lock was held undid its transaction: the state is whole.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bind(connection: &Connection, name: &'static str, given: &str) -> Result<(), StoreError> {
    let found: Option<String> = connection
        .query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| {
            row.get(0)
        })
        .optional()?;
    match found {
        None => {
            connection.execute("INSERT INTO meta VALUES (?1, ?2)", params![name, given])?;
            Ok(())
        }
        Some(found) if found == given => Ok(()),
        Some(found) => Err(StoreError::Mismatch {
            name,
            found,
            given: given.to_owned(),
        }),
    }
}
