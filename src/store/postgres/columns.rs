//! From rows to records: what cannot be what it claims is refused with where it stands.

use std::fmt::Display;

use bytes::Bytes;
use integrator_core::flow::ids::{AttemptId, FlowHandle};
use integrator_core::flow::time::Tick;
use sqlx::postgres::PgRow;
use sqlx::{Decode, Postgres, Row as _, Type};

use super::KIND;
use crate::store::operations::StoreError;
use crate::store::records::{Answer, Head, Sealed};

/// A row, and what it is a row of.
pub(super) struct Columns<'r> {
    row: &'r PgRow,
    of: Of<'r>,
}

enum Of<'r> {
    Flow(&'r FlowHandle),
    Other(&'r str),
}

impl<'r> Columns<'r> {
    /// A row of a flow.
    pub(super) fn of_flow(row: &'r PgRow, handle: &'r FlowHandle) -> Self {
        let of = Of::Flow(handle);
        Self { row, of }
    }

    /// A row of something else, or of a flow that is not known yet.
    pub(super) fn of(row: &'r PgRow, of: &'r str) -> Self {
        let of = Of::Other(of);
        Self { row, of }
    }

    /// A column that has this type.
    pub(super) fn get<T>(&self, column: &str) -> Result<T, StoreError>
    where
        T: Decode<'r, Postgres> + Type<Postgres>,
    {
        let value = self.row.try_get(column);
        value.map_err(|error| self.unreadable(column, error))
    }

    /// A number that is not negative.
    pub(super) fn count(&self, column: &str) -> Result<u64, StoreError> {
        let number: i64 = self.get(column)?;
        u64::try_from(number)
            .map_err(|_| self.unreadable(column, format!("{number} is less than nothing")))
    }

    pub(super) fn tick(&self, column: &str) -> Result<Tick, StoreError> {
        self.get(column).map(Tick)
    }

    pub(super) fn handle(&self, column: &str) -> Result<FlowHandle, StoreError> {
        let text: &str = self.get(column)?;
        let handle = FlowHandle::parse(text);
        handle.ok_or_else(|| self.unreadable(column, format!("{text:?} is not a flow handle")))
    }

    pub(super) fn head(&self) -> Result<Head, StoreError> {
        Ok(Head {
            version: self.count("version")?,
            sealed: self.sealed("schema", "head", "seal")?,
        })
    }

    /// Where columns of the flow and of the answer stand in one row, those of the answer are
    /// called by these names.
    pub(super) fn answer(&self) -> Result<Answer, StoreError> {
        Ok(Answer {
            attempt: AttemptId::new(self.get("attempt")?),
            sealed: self.sealed("answer_schema", "meta", "answer_seal")?,
            body: Bytes::from(self.get::<Vec<u8>>("body")?),
            bytes: self.count("answer_bytes")?,
        })
    }

    fn sealed(&self, schema: &str, text: &str, seal: &str) -> Result<Sealed, StoreError> {
        let number: i16 = self.get(schema)?;
        let number = u16::try_from(number)
            .map_err(|_| self.unreadable(schema, format!("{number} is less than nothing")))?;
        let bytes: &[u8] = self.get(seal)?;
        let length = bytes.len();
        let bytes = bytes
            .try_into()
            .map_err(|_| self.unreadable(seal, format!("it has {length} bytes and not 32")))?;
        Ok(Sealed {
            schema: number,
            text: self.get(text)?,
            seal: bytes,
        })
    }

    fn unreadable(&self, column: &str, reason: impl Display) -> StoreError {
        let of = match self.of {
            Of::Flow(handle) => format!("flow {}", handle.as_str()),
            Of::Other(of) => of.to_owned(),
        };
        StoreError::Unreadable {
            coordinates: format!("the column {column} of {of} in the {KIND} store"),
            reason: reason.to_string(),
        }
    }
}

/// A number as the database takes it.
pub(super) fn number(count: u64) -> Result<i64, StoreError> {
    i64::try_from(count)
        .map_err(|_| StoreError::unavailable(format!("{count} is more than a bigint holds")))
}

/// The version of a format as the database takes it.
pub(super) fn schema(sealed: &Sealed) -> Result<i16, StoreError> {
    let schema = sealed.schema;
    i16::try_from(schema)
        .map_err(|_| StoreError::unavailable(format!("{schema} is more than a smallint holds")))
}

/// A bound on rows as the database takes it.
pub(super) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
