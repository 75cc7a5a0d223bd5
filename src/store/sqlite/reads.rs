//! What is asked of the file without changing it.

use std::sync::Arc;

use integrator_core::flow::ids::{AttemptId, FlowHandle};
use integrator_core::flow::time::Tick;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::columns::{Place, bound};
use crate::store::operations::{Census, StateCensus, StoreError};
use crate::store::records::{Answer, Head, ReadHead, Whole};
use crate::store::stored::{DuePosition, StartKey};

const HEAD: &str = "SELECT version, schema, seal, head FROM flows WHERE handle = ?1";
const ANSWER: &str = "SELECT attempt, bytes, schema, seal, record, body FROM answers
    WHERE handle = ?1 AND attempt = ?2";
const ANSWERS: &str = "SELECT attempt, bytes, schema, seal, record, body FROM answers
    WHERE handle = ?1 ORDER BY attempt";
const DUE: &str = "SELECT due_ms, handle FROM flows INDEXED BY flows_by_due
    WHERE due_ms <= ?1 ORDER BY due_ms, handle LIMIT ?2";
const DUE_BEYOND: &str = "SELECT due_ms, handle FROM flows INDEXED BY flows_by_due
    WHERE due_ms <= ?1 AND (due_ms, handle) > (?3, ?4) ORDER BY due_ms, handle LIMIT ?2";
const TALLIES: &str = "SELECT protocol, state, flows, terminal,
    (SELECT issued_ms FROM flows INDEXED BY flows_by_place
     WHERE flows.protocol = tallies.protocol AND flows.state = tallies.state
     ORDER BY issued_ms LIMIT 1) AS oldest
    FROM tallies ORDER BY protocol, state";
const PAGE: &str = "SELECT handle, start_key, version, schema, seal, head FROM flows
    WHERE handle > ?1 ORDER BY handle LIMIT ?2";

/// A single number that is kept by its name.
pub(super) fn number(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    statement.query_row([name], |row| row.get(0)).optional()
}

/// Fails where the tables are not those of the schema, or their first pages are damaged.
pub(super) fn touch(connection: &Connection) -> rusqlite::Result<()> {
    for statement in [HEAD, ANSWERS, TALLIES] {
        connection.prepare(statement)?;
    }
    let mut tallies = connection.prepare_cached(TALLIES)?;
    let mut rows = tallies.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

/// A definition's text.
pub(super) fn definition(
    connection: &Connection,
    digest: &str,
) -> Result<Option<String>, StoreError> {
    let place = Place::Table("definitions");
    let select = "SELECT text FROM definitions WHERE digest = ?1";
    let mut statement = connection.prepare_cached(select)?;
    let mut rows = statement.query([digest])?;
    let row = rows.next()?;
    row.map(|row| place.get(row, "text")).transpose()
}

/// The flow that a start key names.
pub(super) fn started(
    connection: &Connection,
    key: &StartKey,
) -> Result<Option<FlowHandle>, StoreError> {
    let place = Place::Table("flows");
    let select = "SELECT handle FROM flows WHERE start_key = ?1";
    let mut statement = connection.prepare_cached(select)?;
    let mut rows = statement.query([&key.0])?;
    let row = rows.next()?;
    row.map(|row| place.handle(row, "handle")).transpose()
}

/// A flow's head.
pub(super) fn head(
    connection: &Connection,
    handle: &FlowHandle,
) -> Result<Option<Head>, StoreError> {
    let mut statement = connection.prepare_cached(HEAD)?;
    let mut rows = statement.query([handle.as_str()])?;
    let row = rows.next()?;
    row.map(|row| Place::Record(handle).head(row)).transpose()
}

/// The heads of several flows, as of one instant.
pub(super) fn heads(
    connection: &Connection,
    handles: &[FlowHandle],
) -> Result<Vec<ReadHead>, StoreError> {
    let snapshot = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
    let read = |handle| match head(&snapshot, handle) {
        Err(error @ StoreError::Unavailable { .. }) => Err(error),
        read => Ok(read),
    };
    handles.iter().map(read).collect()
}

/// A flow's answers to these attempts.
pub(super) fn answers(
    connection: &Connection,
    handle: &FlowHandle,
    attempts: &[AttemptId],
) -> Result<Vec<Answer>, StoreError> {
    let mut found = Vec::new();
    let mut statement = connection.prepare_cached(ANSWER)?;
    for attempt in attempts {
        let mut rows = statement.query([handle.as_str(), attempt.as_str()])?;
        if let Some(row) = rows.next()? {
            found.push(Place::Answer(handle).answer(row)?);
        }
    }
    Ok(found)
}

/// At most `limit` flows that are due by `now`, beyond `after`.
pub(super) fn due(
    connection: &Connection,
    after: Option<&DuePosition>,
    now: Tick,
    limit: usize,
) -> Result<Vec<DuePosition>, StoreError> {
    let place = Place::Table("flows");
    let mut statement = connection.prepare_cached(match after {
        Some(_) => DUE_BEYOND,
        None => DUE,
    })?;
    let limit = bound(limit);
    let mut rows = match after {
        Some(after) => {
            statement.query(params![now.0, limit, after.due.0, after.handle.as_str()])?
        }
        None => statement.query(params![now.0, limit])?,
    };
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(DuePosition {
            due: Tick(place.get(row, "due_ms")?),
            handle: place.handle(row, "handle")?,
        });
    }
    Ok(found)
}

/// Counts over all that is stored, as of one instant.
pub(super) fn census(connection: &Connection) -> Result<Census, StoreError> {
    let snapshot = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
    let place = Place::Table("tallies");
    let mut census = Census::default();
    let mut statement = snapshot.prepare_cached(TALLIES)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let flows = place.count(row, "flows")?;
        census.flows += flows;
        census.terminal += place.count(row, "terminal")?;
        census.states.push(StateCensus {
            protocol: place.get::<Arc<str>>(row, "protocol")?,
            state: place.get::<Arc<str>>(row, "state")?,
            flows,
            oldest_issued_ms: place.get(row, "oldest")?,
        });
    }
    let bytes = number(&snapshot, "answer_bytes")?.unwrap_or(0);
    census.bytes = u64::try_from(bytes).map_err(|_| {
        Place::Table("meta").unreadable(format!("its answer_bytes is {bytes}, below zero"))
    })?;
    Ok(census)
}

/// At most `limit` whole flows beyond `after`, as of one instant.
pub(super) fn page(
    connection: &Connection,
    after: Option<&FlowHandle>,
    limit: usize,
) -> Result<Vec<Whole>, StoreError> {
    let snapshot = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
    let mut found = Vec::new();
    let mut statement = snapshot.prepare_cached(PAGE)?;
    let after = after.map_or("", FlowHandle::as_str);
    let mut rows = statement.query(params![after, bound(limit)])?;
    while let Some(row) = rows.next()? {
        let handle = Place::Table("flows").handle(row, "handle")?;
        let place = Place::Record(&handle);
        let key: Option<Arc<str>> = place.get(row, "start_key")?;
        found.push(Whole {
            head: place.head(row)?,
            key: key.map(StartKey),
            answers: answers_of(&snapshot, &handle)?,
            handle,
        });
    }
    Ok(found)
}

fn answers_of(connection: &Connection, handle: &FlowHandle) -> Result<Vec<Answer>, StoreError> {
    let mut found = Vec::new();
    let mut statement = connection.prepare_cached(ANSWERS)?;
    let mut rows = statement.query([handle.as_str()])?;
    while let Some(row) = rows.next()? {
        found.push(Place::Answer(handle).answer(row)?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_census_reads_what_was_counted_and_searches_an_index_for_the_oldest() {
        let file = Connection::open_in_memory().unwrap();
        file.execute_batch(include_str!("schema.sql")).unwrap();
        let mut statement = file
            .prepare(&format!("EXPLAIN QUERY PLAN {TALLIES}"))
            .unwrap();

        let steps = statement.query_map([], |row| row.get::<_, String>(3));

        let steps: Vec<String> = steps.unwrap().map(Result::unwrap).collect();
        let of_flows: Vec<_> = steps
            .iter()
            .filter(|step| step.contains(" flows "))
            .collect();
        assert_eq!(of_flows.len(), 1, "{steps:?}");
        assert!(of_flows[0].starts_with("SEARCH"), "{steps:?}");
        assert!(of_flows[0].contains("flows_by_place"), "{steps:?}");
    }
}
