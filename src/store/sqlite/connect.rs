//! Connections to the file: how each is set, and the schema that it must have.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::errors::unfit;
use super::file::{APPLICATION, is_readable, unsuitable};
use super::reads;
use crate::store::operations::PrepareError;

/// The versions of the schema, each with what makes it of the one before. A file's
/// `user_version` tells which it has.
const MIGRATIONS: [(i32, &str); 1] = [(1, include_str!("schema.sql"))];
/// The schema that this program writes: the last of them.
pub(super) const NEWEST: i32 = 1;

/// How long another program's lock is waited for: callers give up little later.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many bytes of a write-ahead log that was brought into the file are kept for reuse.
const LOG_LIMIT: &str = "67108864";
/// How many prepared statements a connection keeps: all of ours, and the common queries.
const STATEMENTS: usize = 64;

/// What the durability of writes follows from, and what keeps a damaged schema from doing harm.
const SETTINGS: [(&str, &str); 7] = [
    ("synchronous", "FULL"),
    ("fullfsync", "ON"),
    ("checkpoint_fullfsync", "ON"),
    ("journal_size_limit", LOG_LIMIT),
    ("temp_store", "MEMORY"),
    ("trusted_schema", "OFF"),
    ("cell_size_check", "ON"),
];

/// The connection that writes, over a file that was found ours or empty. The schema is brought up
/// to date.
pub(super) fn writing(path: &Path) -> Result<Connection, PrepareError> {
    let unfit = |error: rusqlite::Error| unfit(path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(unfit)?;
    connection.busy_timeout(PATIENCE).map_err(unfit)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    for (name, value) in SETTINGS {
        let set = connection.pragma_update(None, name, value);
        set.map_err(unfit)?;
    }
    // Before the log is turned on: a file whose first pages stand only there would look like
    // another application's.
    migrate(path, &mut connection)?;
    let turned = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
    let mode = turned.map_err(unfit)?;
    if mode != "wal" {
        let reason = format!(
            "lies where SQLite cannot keep a write-ahead log (its journal mode stays {mode}): put it on another file system"
        );
        return Err(unsuitable(path, reason));
    }
    reads::touch(&connection).map_err(unfit)?;
    Ok(connection)
}

/// A connection that reads, over a file that a writing one has open.
pub(super) fn reading(path: &Path) -> Result<Connection, PrepareError> {
    let unfit = |error: rusqlite::Error| unfit(path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(unfit)?;
    connection.busy_timeout(PATIENCE).map_err(unfit)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    for (name, value) in [
        ("query_only", "ON"),
        ("temp_store", "MEMORY"),
        ("trusted_schema", "OFF"),
    ] {
        let set = connection.pragma_update(None, name, value);
        set.map_err(unfit)?;
    }
    Ok(connection)
}

/// Applies what the file lacks, all or nothing.
fn migrate(path: &Path, connection: &mut Connection) -> Result<(), PrepareError> {
    let unfit = |error: rusqlite::Error| unfit(path, &error);
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(unfit)?;
    let application = number(&transaction, "application_id").map_err(unfit)?;
    let applied = number(&transaction, "user_version").map_err(unfit)?;
    if application != 0 || !is_empty(&transaction).map_err(unfit)? {
        is_readable(path, application, applied, NEWEST)?;
    }
    if applied == NEWEST {
        return Ok(());
    }
    for (schema, migration) in MIGRATIONS {
        if schema > applied {
            transaction.execute_batch(migration).map_err(unfit)?;
        }
    }
    let identified = transaction
        .pragma_update(None, "application_id", APPLICATION)
        .and_then(|()| transaction.pragma_update(None, "user_version", NEWEST))
        .and_then(|()| transaction.commit());
    identified.map_err(unfit)
}

fn is_empty(transaction: &Transaction<'_>) -> rusqlite::Result<bool> {
    let select = "SELECT count(*) FROM sqlite_schema";
    let objects: i64 = transaction.query_row(select, [], |row| row.get(0))?;
    Ok(objects == 0)
}

fn number(connection: &Connection, pragma: &str) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}

/// The settings that the durability follows from, as SQLite tells them.
pub(super) fn settings(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let names = [
        "journal_mode",
        "synchronous",
        "fullfsync",
        "busy_timeout",
        "journal_size_limit",
        "wal_autocheckpoint",
        "user_version",
    ];
    let mut settings = Vec::new();
    for name in names {
        let value = connection.pragma_query_value(None, name, |row| {
            let value: rusqlite::types::Value = row.get(0)?;
            Ok(told(name, value))
        })?;
        settings.push((name.to_owned(), value));
    }
    Ok(settings)
}

/// A setting's value in the words that it is set with.
fn told(name: &str, value: rusqlite::types::Value) -> String {
    use rusqlite::types::Value;
    match (name, value) {
        ("synchronous", Value::Integer(0)) => "off".to_owned(),
        ("synchronous", Value::Integer(1)) => "normal".to_owned(),
        ("synchronous", Value::Integer(2)) => "full".to_owned(),
        ("synchronous", Value::Integer(3)) => "extra".to_owned(),
        ("fullfsync", Value::Integer(0)) => "off".to_owned(),
        ("fullfsync", Value::Integer(1)) => "on".to_owned(),
        (_, Value::Integer(number)) => number.to_string(),
        (_, Value::Text(text)) => text,
        (_, Value::Real(_) | Value::Blob(_) | Value::Null) => "unknown".to_owned(),
    }
}
