//! Registration challenges: made here, remembered, good for one verdict.
//!
//! The attestation's client data hash is the SHA-256 of the challenge. A challenge is spent when
//! its attestation has been judged, for good or ill, in the transaction that records the verdict;
//! a request that could not be judged (malformed, a store that fails) leaves it whole. It is
//! remembered what it was spent on and which flow that opened, so that the very same
//! registration, whose answer was lost, can be repeated while the challenge lives.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use crate::{
    clock::after,
    reason::Reason,
    store::{StoreError, Unit},
};

/// How long a registration challenge lives: it must outlive a client that backs off from Apple's
/// service and tries again with the same key and the same hash.
pub const CHALLENGE_TTL: SignedDuration = SignedDuration::from_mins(15);

/// A registration challenge as it is stored.
#[derive(Clone, Debug)]
pub struct Challenge {
    /// The bytes that the client hashes.
    pub bytes: Vec<u8>,
    expires_at: i64,
    spent: bool,
    spent_on: Option<Vec<u8>>,
    /// The flow that the accepted registration opened.
    pub flow_id: Option<Uuid>,
}

impl Challenge {
    /// May the registration with this fingerprint be judged at `now`?
    ///
    /// # Errors
    ///
    /// [`Reason::ExpiredChallenge`] or [`Reason::ConsumedChallenge`].
    pub fn admit(&self, registration: &[u8; 32], now: Timestamp) -> Result<(), Reason> {
        if now.as_millisecond() >= self.expires_at {
            return Err(Reason::ExpiredChallenge);
        }
        if self.spent && self.spent_on.as_deref() != Some(registration) {
            return Err(Reason::ConsumedChallenge);
        }
        Ok(())
    }
}

/// Stores a new challenge; tells when it expires.
///
/// # Errors
///
/// [`StoreError::Full`] at the bound.
pub fn issue(unit: &mut Unit<'_>, id: Uuid, bytes: &[u8; 32]) -> Result<Timestamp, StoreError> {
    if unit.counts.challenges >= unit.bounds.challenges {
        return Err(StoreError::Full("challenges"));
    }
    let expires_at = after(unit.now, CHALLENGE_TTL);
    unit.sql
        .prepare_cached("INSERT INTO challenges (id, challenge, expires_at) VALUES (?1, ?2, ?3)")?
        .execute(params![id.as_bytes(), bytes, expires_at.as_millisecond()])?;
    unit.counts.challenges += 1;
    Ok(expires_at)
}

/// The challenge of this id, if it is known.
///
/// # Errors
///
/// [`StoreError`] where the state cannot be read.
pub fn find(sql: &Connection, id: Uuid) -> Result<Option<Challenge>, StoreError> {
    Ok(sql
        .prepare_cached(
            "SELECT challenge, expires_at, spent, spent_on, flow_id FROM challenges WHERE id = ?1",
        )?
        .query_row([id.as_bytes()], |row| {
            Ok(Challenge {
                bytes: row.get(0)?,
                expires_at: row.get(1)?,
                spent: row.get(2)?,
                spent_on: row.get(3)?,
                flow_id: row.get::<_, Option<[u8; 16]>>(4)?.map(Uuid::from_bytes),
            })
        })
        .optional()?)
}

/// Spends a challenge, on this registration where it was accepted, on nothing where it was
/// rejected. What an earlier acceptance spent it on stays.
///
/// # Errors
///
/// [`StoreError`] where the state cannot be written.
pub fn spend(unit: &Unit<'_>, id: Uuid, accepted: Option<&[u8; 32]>) -> Result<(), StoreError> {
    unit.sql
        .prepare_cached(
            "UPDATE challenges SET spent = 1, spent_on = coalesce(spent_on, ?2) WHERE id = ?1",
        )?
        .execute(params![id.as_bytes(), accepted])?;
    Ok(())
}

/// Remembers which flow a challenge's accepted registration opened.
///
/// # Errors
///
/// [`StoreError`] where the state cannot be written.
pub fn remember_flow(unit: &Unit<'_>, id: Uuid, flow_id: Uuid) -> Result<(), StoreError> {
    unit.sql
        .prepare_cached("UPDATE challenges SET flow_id = ?2 WHERE id = ?1")?
        .execute(params![id.as_bytes(), flow_id.as_bytes()])?;
    Ok(())
}
