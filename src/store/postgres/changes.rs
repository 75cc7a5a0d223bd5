//! What changes flows. Each change is one statement, so that it happens wholly or not at all and
//! no transaction is ever held open; what it adds to the counts is written down in the same
//! statement (see `tally`).
//!
//! # Under READ COMMITTED
//!
//! A statement sees what was committed when it began. Where it meets a row that another one has
//! changed since, it waits for that one's end and looks at its conditions again, on the row as it
//! is then. A replacement compares the version in such a condition: whoever comes second finds
//! another version, or no row, and changes nothing. What a replacement knows of the flow as it
//! was (`old`, `lost`) is not read again; but versions only rise, so where the version is still
//! the one that was asked for, nothing has changed in between and `old` is what is replaced.
//!
//! A deadlock takes two statements that wait for each other. A change locks rows of one flow
//! only, the flow's first, and never waits for a row of a tally.
//!
//! # No NUL
//!
//! `text` holds every character but NUL. Heads and the texts of answers are JSON, which spells it
//! as an escape; handles, start keys, attempts and correlation ids are visible ASCII; names of
//! protocols and states are words; a definition is TOML, where NUL is no character either.

use super::PostgresRecords;
use super::arguments::{Added, Moved};
use super::columns::{Columns, number, schema};
use super::reads::judged;
use super::tally::total;
use crate::store::operations::{Created, Replaced, StoreError};
use crate::store::records::{Answer, Change, Row, Timing};
use crate::store::stored::StartKey;

/// How often a creation is tried whose start key is taken, and free again when it is read.
const TRIES: usize = 3;

/// The columns of a new flow, `$1` to `$16`.
macro_rules! added {
    () => {
        "INSERT INTO flows (handle, version, schema, head, seal, due, protocol, state, terminal,
                            issued, correlation, flow_id, verify_run, start_key, bytes, claim)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16"
    };
}

/// What a new flow adds to the counts.
macro_rules! counted_as_added {
    () => {
        "INSERT INTO tally_deltas (protocol, state, flows, terminal, bytes)
         SELECT $7, $8, 1, $9::int, $15 FROM added"
    };
}

/// What became of it: `$14` is the start key.
macro_rules! created {
    () => {
        "SELECT EXISTS (SELECT 1 FROM added) AS created,
                (SELECT handle FROM flows WHERE start_key = $14) AS existing"
    };
}

/// Without counting what is stored.
const CREATE: &str = concat!(
    "WITH added AS (",
    added!(),
    "   ON CONFLICT DO NOTHING
        RETURNING handle
     ), counted AS (",
    counted_as_added!(),
    ") ",
    created!(),
);

/// While fewer than `$17` are stored.
const CREATE_WITHIN: &str = concat!(
    "WITH stored AS (
        SELECT ",
    total!(),
    " AS flows
     ), added AS (",
    added!(),
    "   FROM stored WHERE stored.flows < $17
        ON CONFLICT DO NOTHING
        RETURNING handle
     ), counted AS (",
    counted_as_added!(),
    ") ",
    created!(),
    ", stored.flows AS stored FROM stored"
);

const CARRY: &str = concat!(
    "WITH added AS (",
    added!(),
    "   ON CONFLICT DO NOTHING
        RETURNING handle
     ), kept AS (
        INSERT INTO answers (handle, attempt, schema, meta, seal, body, bytes)
        SELECT added.handle, carried.*
        FROM added, unnest($17::text[], $18::smallint[], $19::text[], $20::bytea[], $21::bytea[],
                           $22::bigint[]) AS carried
     ), counted AS (",
    counted_as_added!(),
    ")
     SELECT EXISTS (SELECT 1 FROM added) AS created"
);

/// `$1` and `$2` are of `judged`, `$3` is the flow, `$4` the version that it must have, `$5` the
/// end of the time for it, `$6` the claim that it must hold.
const REPLACE: &str = concat!(
    "WITH ",
    judged!(),
    ", old AS (
        SELECT protocol, state, terminal, bytes FROM flows WHERE handle = $3 AND version = $4
          AND claim IS NOT DISTINCT FROM $6
     ), lost AS (
        SELECT coalesce(sum(bytes), 0)::bigint AS bytes FROM answers
        WHERE handle = $3 AND attempt = ANY ($26)
     ), moved AS (
        UPDATE flows
        SET version = $7, schema = $8, head = $9, seal = $10, due = $11, protocol = $12,
            state = $13, terminal = $14, issued = $15, correlation = $16, flow_id = $17,
            verify_run = $18, claim = $27, bytes = old.bytes - lost.bytes + $25
        FROM judged, old, lost
        WHERE flows.handle = $3 AND flows.version = $4
          AND flows.claim IS NOT DISTINCT FROM $6
          AND ($5::bigint IS NULL OR judged.now < $5)
        RETURNING old.protocol AS old_protocol, old.state AS old_state,
                  old.terminal AS old_terminal, old.bytes AS old_bytes, flows.bytes
     ), added AS (
        INSERT INTO answers (handle, attempt, schema, meta, seal, body, bytes)
        SELECT $3, $19, $20, $21, $22, $23, $25 FROM moved WHERE $24
     ), gone AS (
        DELETE FROM answers USING moved
        WHERE answers.handle = $3 AND answers.attempt = ANY ($26)
     ), counted AS (
        INSERT INTO tally_deltas (protocol, state, flows, terminal, bytes)
        SELECT change.*
        FROM moved, LATERAL (VALUES
            (old_protocol, old_state, -1, -(old_terminal::int), -old_bytes),
            ($12, $13, 1, $14::int, moved.bytes)
        ) AS change
        WHERE (old_protocol, old_state, old_terminal, old_bytes)
              IS DISTINCT FROM ($12, $13, $14, moved.bytes)
     )
     SELECT EXISTS (SELECT 1 FROM moved) AS done,
            EXISTS (SELECT 1 FROM old) AND (judged.now >= $5) IS TRUE AS late
     FROM judged"
);

/// As [`REPLACE`], up to `$6`.
const REMOVE: &str = concat!(
    "WITH ",
    judged!(),
    ", old AS (
        SELECT handle FROM flows WHERE handle = $3 AND version = $4
          AND claim IS NOT DISTINCT FROM $6
     ), moved AS (
        DELETE FROM flows USING judged
        WHERE flows.handle = $3 AND flows.version = $4
          AND flows.claim IS NOT DISTINCT FROM $6
          AND ($5::bigint IS NULL OR judged.now < $5)
        RETURNING protocol, state, terminal, bytes
     ), gone AS (
        DELETE FROM answers USING moved WHERE answers.handle = $3
     ), counted AS (
        INSERT INTO tally_deltas (protocol, state, flows, terminal, bytes)
        SELECT protocol, state, -1, -(terminal::int), -bytes FROM moved
     )
     SELECT EXISTS (SELECT 1 FROM moved) AS done,
            EXISTS (SELECT 1 FROM old) AND (judged.now >= $5) IS TRUE AS late
     FROM judged"
);

impl PostgresRecords {
    pub(super) async fn create_flow(
        &self,
        row: &Row,
        key: Option<&StartKey>,
        max_flows: u64,
    ) -> Result<Created, StoreError> {
        let added = Added::new(row, key, 0)?;
        for _ in 0..TRIES {
            let bound = self.room.bound_to_check(max_flows);
            let bound = bound.map(number).transpose()?;
            let asked = || match bound {
                None => added.bound_to(CREATE),
                Some(bound) => added.bound_to(CREATE_WITHIN).bind(bound),
            };
            let answer = self.pool.row(asked).await?;
            let columns = Columns::of_flow(&answer, &row.handle);
            let stored = bound.map(|_| columns.count("stored")).transpose()?;
            if columns.get("created")? {
                self.room.one_more(stored);
                return Ok(Created::Created);
            }
            if columns.get::<Option<&str>>("existing")?.is_some() {
                return columns.handle("existing").map(Created::Existing);
            }
            if let Some(stored) = stored.filter(|stored| *stored >= max_flows) {
                self.room.holds(stored);
                let full = format!("flows.max ({max_flows}) flows are stored");
                return Ok(Created::Full(full));
            }
            // Another creation took the start key while this one waited for it.
            let Some(key) = key else { break };
            if let Some(handle) = self.named(key).await? {
                return Ok(Created::Existing(handle));
            }
        }
        let server = self.pool.server();
        Err(StoreError::unavailable(format!(
            "PostgreSQL at {server} has a flow with this handle or start key, and shows none; try again"
        )))
    }

    pub(super) async fn carry_flow(
        &self,
        row: &Row,
        key: Option<&StartKey>,
        answers: &[Answer],
    ) -> Result<bool, StoreError> {
        let held = answers.iter().map(|answer| answer.bytes).sum();
        let added = Added::new(row, key, held)?;
        let schemas = answers.iter().map(|answer| schema(&answer.sealed));
        let schemas = schemas.collect::<Result<Vec<i16>, _>>()?;
        let sizes = answers.iter().map(|answer| number(answer.bytes));
        let sizes = sizes.collect::<Result<Vec<i64>, _>>()?;
        let column = |of: fn(&Answer) -> &[u8]| answers.iter().map(of).collect::<Vec<_>>();
        let text = |of: fn(&Answer) -> &str| answers.iter().map(of).collect::<Vec<_>>();
        let carried = || {
            added
                .bound_to(CARRY)
                .bind(text(|answer| answer.attempt.as_str()))
                .bind(schemas.as_slice())
                .bind(text(|answer| &answer.sealed.text))
                .bind(column(|answer| &answer.sealed.seal))
                .bind(column(|answer| &answer.body))
                .bind(sizes.as_slice())
        };
        let answer = self.pool.row(carried).await?;
        Columns::of_flow(&answer, &row.handle).get("created")
    }

    pub(super) async fn change(
        &self,
        change: &Change,
        timing: Timing,
    ) -> Result<Replaced, StoreError> {
        let over = number(change.over)?;
        let begun = |text: &'static str| {
            sqlx::query(text)
                .bind(timing.floor.0)
                .bind(timing.server)
                .bind(change.handle.as_str())
                .bind(over)
                .bind(change.not_after.map(|tick| tick.0))
                .bind(change.fence.as_deref())
        };
        let answer = match &change.next {
            None => self.pool.row(|| begun(REMOVE)).await?,
            Some(next) => {
                let moved = Moved::new(next)?;
                self.pool.row(|| moved.bound_to(begun(REPLACE))).await?
            }
        };
        let columns = Columns::of_flow(&answer, &change.handle);
        Ok(if columns.get("done")? {
            Replaced::Done
        } else if columns.get("late")? {
            Replaced::TooLate
        } else {
            Replaced::Conflict
        })
    }
}
