//! The tables, and the migrations that make them.
//!
//! Migrations run in one transaction that holds a lock, so that of two processes which start at
//! once one makes the tables and the other finds them; the lock ends with the transaction, also
//! behind a pooler that leads every transaction to another session. A database that is up to date
//! is only read: the role that serves need not be the one that may make tables.

use sqlx::migrate::{Migrate as _, MigrateError, Migration, MigrationType};
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _, SqlSafeStr as _};

use super::words;
use crate::store::operations::PrepareError;

/// Where the migrations that have run are written down.
const TABLE: &str = "integrator_migrations";

/// Stands for this program among those that use a database's advisory locks.
const LOCK: i64 = 0x6170_7061_7474_6573;

/// Each is applied once, in this order, and never edited.
fn migrations() -> [Migration; 1] {
    let migration = |version, name: &'static str, text: &'static str| {
        let text = text.into_sql_str();
        Migration::new(version, name.into(), MigrationType::Simple, text, false)
    };
    [migration(1, "flows", include_str!("flows.sql"))]
}

/// Brings the tables up to date where they are not.
pub(super) async fn bring_up(
    connection: &mut PgConnection,
    server: &str,
) -> Result<(), PrepareError> {
    if missing(connection, server).await?.is_empty() {
        return Ok(());
    }
    let not_ready = |error| words::not_ready(&error, server);
    let mut transaction = connection.begin().await.map_err(not_ready)?;
    transaction
        .execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
        .await
        .map_err(not_ready)?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *transaction)
        .await
        .map_err(not_ready)?;
    let failed = |error| failed(error, server);
    transaction
        .ensure_migrations_table(TABLE)
        .await
        .map_err(failed)?;
    for migration in missing(&mut transaction, server).await? {
        transaction.apply(TABLE, &migration).await.map_err(failed)?;
    }
    transaction.commit().await.map_err(not_ready)
}

/// The migrations that have not run yet. Those that have must be ours.
async fn missing(
    connection: &mut PgConnection,
    server: &str,
) -> Result<Vec<Migration>, PrepareError> {
    let mut missing = Vec::from(migrations());
    let asked = sqlx::query("SELECT version, checksum FROM integrator_migrations");
    let rows = match asked.fetch_all(connection).await {
        Ok(rows) => rows,
        Err(sqlx::Error::Database(refusal)) if words::code(refusal.as_ref()) == NO_TABLE => {
            return Ok(missing);
        }
        Err(error) => return Err(words::not_ready(&error, server)),
    };
    for row in &rows {
        let not_ready = |error| words::not_ready(&error, server);
        let version: i64 = row.try_get("version").map_err(not_ready)?;
        let checksum: &[u8] = row.try_get("checksum").map_err(not_ready)?;
        let Some(at) = missing.iter().position(|ours| ours.version == version) else {
            return Err(newer(version, server));
        };
        if *missing.remove(at).checksum != *checksum {
            return Err(other(version, server));
        }
    }
    Ok(missing)
}

/// The SQLSTATE of a table that does not exist.
const NO_TABLE: &str = "42P01";
/// The SQLSTATE of a table that exists already.
const TABLE_IS_THERE: &str = "42P07";

fn failed(error: MigrateError, server: &str) -> PrepareError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => match &error {
            sqlx::Error::Database(refusal) if words::code(refusal.as_ref()) == TABLE_IS_THERE => {
                let said = refusal.message();
                PrepareError::Unsuitable(format!(
                    "the database at {server} has a table that is not the integrator's: {said}; give the integrator a database or a schema of its own"
                ))
            }
            error => words::not_ready(error, server),
        },
        error => PrepareError::Unsuitable(format!(
            "the tables in PostgreSQL at {server} cannot be brought up to date: {error}"
        )),
    }
}

fn newer(version: i64, server: &str) -> PrepareError {
    PrepareError::Unsuitable(format!(
        "the schema in PostgreSQL at {server} is newer than this version of the program: it has migration {version}; run the version that made it, or a newer one"
    ))
}

fn other(version: i64, server: &str) -> PrepareError {
    PrepareError::Unsuitable(format!(
        "the schema in PostgreSQL at {server} was made by another program: its migration {version} is not ours; give the integrator a database or a schema of its own"
    ))
}
