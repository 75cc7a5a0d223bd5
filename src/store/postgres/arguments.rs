//! Flows and answers as the arguments of the statements that change them.

use integrator_core::flow::ids::AttemptId;

use super::columns::{number, schema};
use super::pool::Statement;
use crate::store::operations::StoreError;
use crate::store::records::{NextRow, Row};
use crate::store::stored::StartKey;

/// A flow that is stored anew.
pub(super) struct Added<'a> {
    row: &'a Row,
    key: Option<&'a str>,
    version: i64,
    schema: i16,
    bytes: i64,
}

impl<'a> Added<'a> {
    pub(super) fn new(
        row: &'a Row,
        key: Option<&'a StartKey>,
        bytes: u64,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            row,
            key: key.map(|key| &*key.0),
            version: number(row.head.version)?,
            schema: schema(&row.head.sealed)?,
            bytes: number(bytes)?,
        })
    }

    /// Binds `$1` to `$16`.
    pub(super) fn bound_to(&self, text: &'static str) -> Statement {
        let Row { handle, head, .. } = self.row;
        let statement = sqlx::query(text)
            .bind(handle.as_str())
            .bind(self.version)
            .bind(self.schema)
            .bind(&*head.sealed.text)
            .bind(head.sealed.seal.as_slice());
        with_facts(statement, self.row)
            .bind(self.key)
            .bind(self.bytes)
            .bind(self.row.claim.as_deref())
    }
}

/// What takes a flow's place.
pub(super) struct Moved<'a> {
    next: &'a NextRow,
    version: i64,
    schema: i16,
    answer_schema: i16,
    answer_bytes: i64,
}

impl<'a> Moved<'a> {
    pub(super) fn new(next: &'a NextRow) -> Result<Self, StoreError> {
        let answer = next.answer.as_ref();
        Ok(Self {
            next,
            version: number(next.row.head.version)?,
            schema: schema(&next.row.head.sealed)?,
            answer_schema: answer.map_or(Ok(0), |answer| schema(&answer.sealed))?,
            answer_bytes: answer.map_or(Ok(0), |answer| number(answer.bytes))?,
        })
    }

    /// Binds `$7` to `$27`.
    pub(super) fn bound_to(&self, begun: Statement) -> Statement {
        let NextRow {
            row,
            answer,
            dropped,
        } = self.next;
        let answer = answer.as_ref();
        let sealed = &row.head.sealed;
        let dropped: Vec<&str> = dropped.iter().map(AttemptId::as_str).collect();
        let statement = begun
            .bind(self.version)
            .bind(self.schema)
            .bind(&*sealed.text)
            .bind(sealed.seal.as_slice());
        with_facts(statement, row)
            .bind(answer.map(|answer| answer.attempt.as_str()))
            .bind(self.answer_schema)
            .bind(answer.map(|answer| &*answer.sealed.text))
            .bind(answer.map(|answer| answer.sealed.seal.as_slice()))
            .bind(answer.map(|answer| &*answer.body))
            .bind(answer.is_some())
            .bind(self.answer_bytes)
            .bind(dropped)
            .bind(row.claim.as_deref())
    }
}

/// The facts of a flow, in the order of the columns.
fn with_facts(statement: Statement, row: &Row) -> Statement {
    let facts = &row.facts;
    statement
        .bind(facts.due.0)
        .bind(&*facts.protocol)
        .bind(&*facts.state)
        .bind(facts.terminal)
        .bind(facts.issued_ms)
        .bind(&*facts.correlation_id)
        .bind(facts.flow_id.as_ref().map(|key| key.0.as_slice()))
        .bind(facts.verify_run_id.as_ref().map(|key| key.0.as_slice()))
}
