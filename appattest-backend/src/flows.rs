//! Flows: one registration, then hashes issued to it, each good for one verdict.
//!
//! A flow has one hash at a time: a newly issued one takes the place of the last. The hash is
//! bound to the flow, and the flow to its key.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::{
    clock::after,
    reason::Reason,
    store::{StoreError, Unit},
};

/// How long hashes may be asked for after a registration.
pub const FLOW_TTL: SignedDuration = SignedDuration::from_mins(15);
/// How long a client data hash for an assertion lives.
pub const HASH_TTL: SignedDuration = SignedDuration::from_mins(5);

/// Opens a flow for a key; tells when it expires.
///
/// # Errors
///
/// [`StoreError::Full`] at the bound.
pub fn open(
    unit: &mut Unit<'_>,
    flow_id: Uuid,
    key_id: &[u8; 32],
) -> Result<Timestamp, StoreError> {
    if unit.counts.flows >= unit.bounds.flows {
        return Err(StoreError::Full("flows"));
    }
    let expires_at = after(unit.now, FLOW_TTL);
    unit.sql
        .prepare_cached("INSERT INTO flows VALUES (?1, ?2, ?3)")?
        .execute(params![
            flow_id.as_bytes(),
            key_id,
            expires_at.as_millisecond()
        ])?;
    unit.counts.flows += 1;
    Ok(expires_at)
}

/// When the flow expires, if it is alive and this key's.
///
/// # Errors
///
/// [`StoreError`] where the state cannot be read.
pub fn alive(
    unit: &Unit<'_>,
    flow_id: Uuid,
    key_id: &[u8; 32],
) -> Result<Option<Timestamp>, StoreError> {
    let expires_at = check_flow(unit.sql, flow_id, key_id)?.ok();
    let alive = expires_at.filter(|expires_at| unit.now.as_millisecond() < *expires_at);
    Ok(alive.and_then(|expires_at| Timestamp::from_millisecond(expires_at).ok()))
}

/// The flow's expiry, if the flow is this key's.
fn check_flow(
    sql: &Connection,
    flow_id: Uuid,
    key_id: &[u8; 32],
) -> Result<Result<i64, Reason>, StoreError> {
    let row: Option<([u8; 32], i64)> = sql
        .prepare_cached("SELECT key_id, expires_at FROM flows WHERE flow_id = ?1")?
        .query_row([flow_id.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(match row {
        None => Err(Reason::UnknownFlow),
        Some((owner, _)) if owner != *key_id => Err(Reason::KeyFlowMismatch),
        Some((_, expires_at)) => Ok(expires_at),
    })
}

/// May a hash be issued to this flow for this key?
///
/// # Errors
///
/// Inside, the reason why not; outside, [`StoreError`] where the state cannot be read.
pub fn check_open(
    sql: &Connection,
    flow_id: Uuid,
    key_id: &[u8; 32],
    now: Timestamp,
) -> Result<Result<(), Reason>, StoreError> {
    Ok(check_flow(sql, flow_id, key_id)?.and_then(|expires_at| {
        match now.as_millisecond() < expires_at {
            true => Ok(()),
            false => Err(Reason::ExpiredFlow),
        }
    }))
}

/// Issues a hash to a flow, in the place of the last one; tells when it expires.
///
/// # Errors
///
/// [`StoreError`] where the state cannot be written.
pub fn issue_hash(unit: &Unit<'_>, flow_id: Uuid, hash: &[u8]) -> Result<Timestamp, StoreError> {
    let expires_at = after(unit.now, HASH_TTL);
    unit.sql
        .prepare_cached(
            "INSERT OR REPLACE INTO hashes (flow_id, hash, expires_at, spent)
             VALUES (?1, ?2, ?3, 0)",
        )?
        .execute(params![
            flow_id.as_bytes(),
            hash,
            expires_at.as_millisecond()
        ])?;
    Ok(expires_at)
}

/// Is this the hash that the flow of this key holds, unexpired and unspent?
///
/// # Errors
///
/// Inside, the reason why not; outside, [`StoreError`] where the state cannot be read.
pub fn check_hash(
    sql: &Connection,
    flow_id: Uuid,
    key_id: &[u8; 32],
    hash: &[u8],
    now: Timestamp,
) -> Result<Result<(), Reason>, StoreError> {
    if let Err(reason) = check_flow(sql, flow_id, key_id)? {
        return Ok(Err(reason));
    }
    let row: Option<(Vec<u8>, i64, bool)> = sql
        .prepare_cached("SELECT hash, expires_at, spent FROM hashes WHERE flow_id = ?1")?
        .query_row([flow_id.as_bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    Ok(match row {
        None => Err(Reason::HashNotIssued),
        Some((issued, _, _)) if !bool::from(issued.ct_eq(hash)) => Err(Reason::HashMismatch),
        Some((_, _, true)) => Err(Reason::HashConsumed),
        Some((_, expires_at, false)) if now.as_millisecond() >= expires_at => {
            Err(Reason::HashExpired)
        }
        Some((_, _, false)) => Ok(()),
    })
}

/// Spends the hash of a flow: its assertion has been judged.
///
/// # Errors
///
/// [`StoreError`] where the state cannot be written.
pub fn spend_hash(unit: &Unit<'_>, flow_id: Uuid) -> Result<(), StoreError> {
    unit.sql
        .prepare_cached("UPDATE hashes SET spent = 1 WHERE flow_id = ?1")?
        .execute([flow_id.as_bytes()])?;
    Ok(())
}
