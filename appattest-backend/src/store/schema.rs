//! The tables. Times are milliseconds since the Unix epoch.

use rusqlite::{Connection, params};

use super::{Counts, StoreError};

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS challenges (
        id BLOB PRIMARY KEY, challenge BLOB NOT NULL, expires_at INTEGER NOT NULL,
        spent INTEGER NOT NULL DEFAULT 0, spent_on BLOB, flow_id BLOB
    ) STRICT;
    CREATE INDEX IF NOT EXISTS challenges_due ON challenges (expires_at);
    CREATE TABLE IF NOT EXISTS keys (
        key_id BLOB PRIMARY KEY, public_key BLOB NOT NULL, rp_id_hash BLOB NOT NULL,
        environment TEXT NOT NULL, counter INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS flows (
        flow_id BLOB PRIMARY KEY, key_id BLOB NOT NULL, expires_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS flows_due ON flows (expires_at);
    CREATE TABLE IF NOT EXISTS hashes (
        flow_id BLOB PRIMARY KEY, hash BLOB NOT NULL, expires_at INTEGER NOT NULL,
        spent INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX IF NOT EXISTS hashes_due ON hashes (expires_at);
    CREATE TABLE IF NOT EXISTS answers (
        number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, fingerprint BLOB NOT NULL,
        status INTEGER NOT NULL, body BLOB NOT NULL, expires_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS answers_due ON answers (expires_at);
";

pub(super) fn create(connection: &Connection) -> Result<(), StoreError> {
    Ok(connection.execute_batch(TABLES)?)
}

pub(super) fn count(connection: &Connection) -> Result<Counts, StoreError> {
    let count = |table: &str| -> Result<u64, StoreError> {
        let rows: i64 =
            connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                row.get(0)
            })?;
        Ok(rows.unsigned_abs())
    };
    Ok(Counts {
        challenges: count("challenges")?,
        keys: count("keys")?,
        flows: count("flows")?,
        answers: count("answers")?,
    })
}

/// Removes up to `batch` rows of each table that expired before `horizon`; a recorded answer as
/// soon as it expires. Tells how many rows are left, at the cost of what was due.
pub(super) fn sweep(
    connection: &Connection,
    mut counts: Counts,
    horizon: i64,
    expired_answers: i64,
    batch: u32,
) -> Result<Counts, StoreError> {
    let remove = |table: &str, before: i64| -> Result<u64, StoreError> {
        let removed = connection.execute(
            &format!(
                "DELETE FROM {table} WHERE rowid IN
                 (SELECT rowid FROM {table} WHERE expires_at < ?1 LIMIT ?2)"
            ),
            params![before, batch],
        )?;
        Ok(u64::try_from(removed).unwrap_or(u64::MAX))
    };
    counts.challenges -= remove("challenges", horizon)?.min(counts.challenges);
    counts.flows -= remove("flows", horizon)?.min(counts.flows);
    counts.answers -= remove("answers", expired_answers)?.min(counts.answers);
    // A flow has one hash at most: the bound on flows bounds them too.
    remove("hashes", horizon)?;
    Ok(counts)
}
