//! Columns of a row as what they must be. What cannot be that is a damaged row, never a driver's
//! error: whoever is told must learn which row it is.

use std::fmt::Display;

use integrator_core::flow::ids::{AttemptId, FlowHandle};
use rusqlite::Row;
use rusqlite::types::FromSql;

use crate::store::operations::StoreError;
use crate::store::records::{Answer, Head, Sealed};

/// Where a row lies.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    /// A flow's own row.
    Record(&'a FlowHandle),
    /// One of its answers.
    Answer(&'a FlowHandle),
    /// Some row of a table.
    Table(&'static str),
}

impl Place<'_> {
    pub(super) fn unreadable(self, reason: impl Display) -> StoreError {
        let coordinates = match self {
            Self::Record(handle) => {
                format!("the record of flow {} in the sqlite store", handle.as_str())
            }
            Self::Answer(handle) => {
                format!("an answer of flow {} in the sqlite store", handle.as_str())
            }
            Self::Table(name) => format!("a row of table {name} in the sqlite store"),
        };
        StoreError::Unreadable {
            coordinates,
            reason: reason.to_string(),
        }
    }

    /// A column of any type that SQLite knows.
    pub(super) fn get<T: FromSql>(self, row: &Row<'_>, column: &str) -> Result<T, StoreError> {
        let value = row.get(column);
        value.map_err(|error| self.unreadable(format!("its column {column}: {error}")))
    }

    /// A column that counts something.
    pub(super) fn count(self, row: &Row<'_>, column: &str) -> Result<u64, StoreError> {
        let value: i64 = self.get(row, column)?;
        u64::try_from(value)
            .map_err(|_| self.unreadable(format!("its column {column} is {value}, below zero")))
    }

    /// A column that names a flow.
    pub(super) fn handle(self, row: &Row<'_>, column: &str) -> Result<FlowHandle, StoreError> {
        let text: String = self.get(row, column)?;
        FlowHandle::parse(&text)
            .ok_or_else(|| self.unreadable(format!("its column {column} is no flow handle")))
    }

    fn sealed(self, row: &Row<'_>, text: &str) -> Result<Sealed, StoreError> {
        let schema: i64 = self.get(row, "schema")?;
        let seal: Vec<u8> = self.get(row, "seal")?;
        Ok(Sealed {
            schema: u16::try_from(schema)
                .map_err(|_| self.unreadable(format!("its column schema is {schema}")))?,
            text: self.get(row, text)?,
            seal: seal.as_slice().try_into().map_err(|_| {
                let length = seal.len();
                self.unreadable(format!("its seal has {length} bytes in place of 32"))
            })?,
        })
    }

    /// A flow's head: `version`, `schema`, `seal` and `head`.
    pub(super) fn head(self, row: &Row<'_>) -> Result<Head, StoreError> {
        Ok(Head {
            version: self.count(row, "version")?,
            sealed: self.sealed(row, "head")?,
        })
    }

    /// An answer: `attempt`, `bytes`, `schema`, `seal`, `record` and `body`.
    pub(super) fn answer(self, row: &Row<'_>) -> Result<Answer, StoreError> {
        let attempt: String = self.get(row, "attempt")?;
        let body: Vec<u8> = self.get(row, "body")?;
        Ok(Answer {
            attempt: AttemptId::new(&attempt),
            sealed: self.sealed(row, "record")?,
            body: body.into(),
            bytes: self.count(row, "bytes")?,
        })
    }
}

/// A number as SQLite keeps it.
pub(super) fn integer(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number)
        .map_err(|_| StoreError::unavailable(format!("SQLite keeps no number as high as {number}")))
}

/// A limit as SQLite takes it.
pub(super) fn bound(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
