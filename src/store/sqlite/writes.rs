//! What changes the file. Each of these runs inside a savepoint of the writer's transaction.

use integrator_core::flow::ids::FlowHandle;
use integrator_core::flow::time::Tick;
use rusqlite::{Connection, params};

use super::columns::{Place, integer};
use super::reads;
use crate::store::operations::{Created, Replaced, StoreError};
use crate::store::records::{Answer, Change, NextRow, Row};
use crate::store::stored::{LookupKey, StartKey};

const INSERT: &str = "INSERT INTO flows (handle, due_ms, protocol, state, terminal, issued_ms,
    correlation_id, flow_id, verify_run_id, start_key, version, schema, seal, head, claim)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
const INSERT_ANSWER: &str =
    "INSERT INTO answers (handle, attempt, bytes, schema, seal, record, body)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
// Facts are updated where they differ only: an update of an indexed column writes its index anew
// whether or not the value is another one.
const HEAD: &str = "UPDATE flows SET version = ?2, schema = ?3, seal = ?4, head = ?5, claim = ?6 WHERE handle = ?1";
const DUE: &str = "UPDATE flows SET due_ms = ?2 WHERE handle = ?1 AND due_ms <> ?2";
const STATE: &str = "UPDATE flows SET state = ?2, terminal = ?3
    WHERE handle = ?1 AND (state, terminal) <> (?2, ?3)";
const IDS: &str = "UPDATE flows SET flow_id = ?2, verify_run_id = ?3
    WHERE handle = ?1 AND (flow_id IS NOT ?2 OR verify_run_id IS NOT ?3)";
const ORIGIN: &str = "UPDATE flows SET protocol = ?2, issued_ms = ?3, correlation_id = ?4
    WHERE handle = ?1 AND (protocol, issued_ms, correlation_id) <> (?2, ?3, ?4)";
const SHOWN: &str = "INSERT INTO meta (name, value) VALUES ('shown_ms', ?1)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE excluded.value > value";
// Written in any case: a heartbeat that writes nothing would not show that writes are taken.
const BEAT: &str = "INSERT INTO meta (name, value) VALUES ('shown_ms', ?1)
    ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value) RETURNING value";

/// Writes down how late the store's clock has shown.
pub(super) fn shown(connection: &Connection, now: Tick) -> Result<(), StoreError> {
    connection.prepare_cached(SHOWN)?.execute([now.0])?;
    Ok(())
}

/// The same, and tells the latest instant that stands there.
pub(super) fn beat(connection: &Connection, now: Tick) -> Result<Tick, StoreError> {
    let mut statement = connection.prepare_cached(BEAT)?;
    Ok(Tick(statement.query_row([now.0], |row| row.get(0))?))
}

/// Keeps a definition's text by its digest, once.
pub(super) fn keep_definition(
    connection: &Connection,
    digest: &str,
    text: &str,
) -> Result<(), StoreError> {
    let insert =
        "INSERT INTO definitions (digest, text) VALUES (?1, ?2) ON CONFLICT (digest) DO NOTHING";
    connection.prepare_cached(insert)?.execute([digest, text])?;
    Ok(())
}

/// Stores a flow, unless `key` names one already or `max_flows` are stored.
pub(super) fn create(
    connection: &Connection,
    row: &Row,
    key: Option<&StartKey>,
    max_flows: u64,
) -> Result<Created, StoreError> {
    if let Some(key) = key
        && let Some(handle) = reads::started(connection, key)?
    {
        return Ok(Created::Existing(handle));
    }
    if stored(connection)? >= max_flows {
        let bound = format!("flows.max ({max_flows}) flows are stored");
        return Ok(Created::Full(bound));
    }
    insert(connection, row, key)?;
    Ok(Created::Created)
}

/// Stores a whole flow, unless its handle or its start key is taken.
pub(super) fn carry(
    connection: &Connection,
    row: &Row,
    key: Option<&StartKey>,
    answers: &[Answer],
) -> Result<bool, StoreError> {
    let is_named = match key {
        Some(key) => reads::started(connection, key)?.is_some(),
        None => false,
    };
    if is_named || standing(connection, &row.handle)?.is_some() {
        return Ok(false);
    }
    insert(connection, row, key)?;
    for answer in answers {
        insert_answer(connection, &row.handle, answer)?;
    }
    Ok(true)
}

/// Replaces a flow if it still has the version and the claim that were read and `not_after` has
/// not come.
pub(super) fn replace(
    connection: &Connection,
    change: &Change,
    now: Tick,
) -> Result<Replaced, StoreError> {
    let handle = &change.handle;
    match standing(connection, handle)? {
        Some((version, claim)) if version == change.over && claim == change.fence => {}
        Some(_) | None => return Ok(Replaced::Conflict),
    }
    if change.not_after.is_some_and(|end| now >= end) {
        return Ok(Replaced::TooLate);
    }
    match &change.next {
        Some(next) => update(connection, handle, next)?,
        None => {
            let delete = "DELETE FROM flows WHERE handle = ?1";
            connection
                .prepare_cached(delete)?
                .execute([handle.as_str()])?;
        }
    }
    Ok(Replaced::Done)
}

/// The version and the claim of a flow.
fn standing(
    connection: &Connection,
    handle: &FlowHandle,
) -> Result<Option<(u64, Option<String>)>, StoreError> {
    let select = "SELECT version, claim FROM flows WHERE handle = ?1";
    let mut statement = connection.prepare_cached(select)?;
    let mut rows = statement.query([handle.as_str()])?;
    let row = rows.next()?;
    row.map(|row| {
        let version = Place::Record(handle).count(row, "version")?;
        Ok((version, row.get("claim")?))
    })
    .transpose()
}

/// How many flows are stored.
fn stored(connection: &Connection) -> Result<u64, StoreError> {
    let select = "SELECT sum(flows) AS flows FROM tallies HAVING count(*) > 0";
    let mut statement = connection.prepare_cached(select)?;
    let mut rows = statement.query([])?;
    let row = rows.next()?;
    row.map_or(Ok(0), |row| Place::Table("tallies").count(row, "flows"))
}

fn insert(connection: &Connection, row: &Row, key: Option<&StartKey>) -> Result<(), StoreError> {
    let (head, facts) = (&row.head, &row.facts);
    connection.prepare_cached(INSERT)?.execute(params![
        row.handle.as_str(),
        facts.due.0,
        facts.protocol,
        facts.state,
        facts.terminal,
        facts.issued_ms,
        facts.correlation_id,
        bytes(facts.flow_id.as_ref()),
        bytes(facts.verify_run_id.as_ref()),
        key.map(|key| &key.0),
        integer(head.version)?,
        head.sealed.schema,
        head.sealed.seal.as_slice(),
        head.sealed.text,
        row.claim,
    ])?;
    Ok(())
}

fn update(connection: &Connection, handle: &FlowHandle, next: &NextRow) -> Result<(), StoreError> {
    let (head, facts) = (&next.row.head, &next.row.facts);
    let name = handle.as_str();
    connection.prepare_cached(HEAD)?.execute(params![
        name,
        integer(head.version)?,
        head.sealed.schema,
        head.sealed.seal.as_slice(),
        head.sealed.text,
        next.row.claim,
    ])?;
    connection
        .prepare_cached(DUE)?
        .execute(params![name, facts.due.0])?;
    connection
        .prepare_cached(STATE)?
        .execute(params![name, facts.state, facts.terminal])?;
    connection.prepare_cached(IDS)?.execute(params![
        name,
        bytes(facts.flow_id.as_ref()),
        bytes(facts.verify_run_id.as_ref()),
    ])?;
    connection.prepare_cached(ORIGIN)?.execute(params![
        name,
        facts.protocol,
        facts.issued_ms,
        facts.correlation_id,
    ])?;
    let delete = "DELETE FROM answers WHERE handle = ?1 AND attempt = ?2";
    for attempt in &next.dropped {
        connection
            .prepare_cached(delete)?
            .execute([name, attempt.as_str()])?;
    }
    match &next.answer {
        Some(answer) => insert_answer(connection, handle, answer),
        None => Ok(()),
    }
}

fn insert_answer(
    connection: &Connection,
    handle: &FlowHandle,
    answer: &Answer,
) -> Result<(), StoreError> {
    connection.prepare_cached(INSERT_ANSWER)?.execute(params![
        handle.as_str(),
        answer.attempt.as_str(),
        integer(answer.bytes)?,
        answer.sealed.schema,
        answer.sealed.seal.as_slice(),
        answer.sealed.text,
        answer.body.as_ref(),
    ])?;
    Ok(())
}

fn bytes(key: Option<&LookupKey>) -> Option<&[u8]> {
    key.map(|key| key.0.as_slice())
}
