//! Recorded answers: the same key gets the same bytes, never a second verdict.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, ToSql, params};
use sha2::{Digest as _, Sha256};

use crate::{
    authority::Answer,
    clock::after,
    reason::Reason,
    store::{StoreError, Unit},
};

/// How long an answer is kept, unless newer ones need its room.
pub const ANSWER_TTL: SignedDuration = SignedDuration::from_hours(24);

const MAX_LENGTH: usize = 255;

/// The value of an `Idempotency-Key` header: 1 to 255 visible ASCII characters, bare or quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads a header value. The quoted form (a structured-field string) means the same key.
    ///
    /// # Errors
    ///
    /// [`Reason::InvalidIdempotencyKey`].
    pub fn parse(value: &[u8]) -> Result<Self, Reason> {
        let bare = value
            .strip_prefix(b"\"")
            .and_then(|rest| rest.strip_suffix(b"\""))
            .unwrap_or(value);
        let allowed = (1..=MAX_LENGTH).contains(&bare.len())
            && bare.iter().all(|byte| (0x21..=0x7e).contains(byte));
        match (allowed, std::str::from_utf8(bare)) {
            (true, Ok(text)) => Ok(Self(text.to_owned())),
            _ => Err(Reason::InvalidIdempotencyKey),
        }
    }
}

/// A request that names a key: the key, and what it may be repeated with.
#[derive(Clone, Debug)]
pub struct Keyed {
    key: IdempotencyKey,
    fingerprint: [u8; 32],
}

impl Keyed {
    /// Ties a key to a path and a body.
    #[must_use]
    pub fn new(key: IdempotencyKey, path: &str, body: &[u8]) -> Self {
        let fingerprint = Sha256::new()
            .chain_update(path)
            .chain_update([0])
            .chain_update(body)
            .finalize()
            .into();
        Self { key, fingerprint }
    }

    /// The answer to give instead of a new one, if the key has been used.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the state cannot be read.
    pub fn recorded(&self, sql: &Connection, now: Timestamp) -> Result<Option<Answer>, StoreError> {
        let row: Option<(Vec<u8>, u16, Vec<u8>)> = sql
            .prepare_cached(
                "SELECT fingerprint, status, body FROM answers WHERE key = ?1 AND expires_at > ?2",
            )?
            .query_row(params![self.key.0, now.as_millisecond()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        Ok(row.map(|(fingerprint, status, body)| {
            if fingerprint == self.fingerprint {
                Answer::recorded(status, body)
            } else {
                Answer::error(422, Reason::IdempotencyKeyReused, None)
            }
        }))
    }

    /// Records an answer in the transaction that it tells of. At the bound the oldest go.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the state cannot be written.
    pub fn record(&self, unit: &mut Unit<'_>, answer: &Answer) -> Result<(), StoreError> {
        // An expired answer of the same key may not have been swept yet.
        drop_rows(unit, "DELETE FROM answers WHERE key = ?1", &self.key.0)?;
        if unit.counts.answers >= unit.bounds.answers {
            let room = i64::try_from(unit.bounds.answers.div_ceil(100)).unwrap_or(i64::MAX);
            let oldest = "DELETE FROM answers WHERE number IN
                          (SELECT number FROM answers ORDER BY number LIMIT ?1)";
            drop_rows(unit, oldest, room)?;
        }
        unit.sql
            .prepare_cached(
                "INSERT INTO answers (key, fingerprint, status, body, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                self.key.0,
                self.fingerprint,
                answer.status(),
                answer.body(),
                after(unit.now, ANSWER_TTL).as_millisecond()
            ])?;
        unit.counts.answers += 1;
        Ok(())
    }
}

fn drop_rows(unit: &mut Unit<'_>, sql: &str, which: impl ToSql) -> Result<(), StoreError> {
    let gone = unit.sql.prepare_cached(sql)?.execute([which])?;
    let gone = u64::try_from(gone).unwrap_or(u64::MAX);
    unit.counts.answers = unit.counts.answers.saturating_sub(gone);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_and_bare_are_the_same_key() {
        assert_eq!(
            IdempotencyKey::parse(b"\"a-1\""),
            IdempotencyKey::parse(b"a-1")
        );
    }

    #[test]
    fn other_values_are_refused() {
        for value in [&b""[..], b"\"\"", b"a b", b"\xff", b"\x7f", &[b'a'; 256]] {
            assert_eq!(
                IdempotencyKey::parse(value),
                Err(Reason::InvalidIdempotencyKey)
            );
        }
    }
}
