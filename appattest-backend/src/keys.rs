//! Registered keys and their counters.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{
    environment::Environment,
    store::{StoreError, Unit},
    validator::{RegisteredKey, VerifiedAttestation},
};

/// What became of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// The key is new; its counter is zero.
    New,
    /// The key was known, for the same application and environment; its counter stays.
    Known,
    /// The key is known for another application or environment.
    Conflict,
}

/// Remembers an attested key. The counter of a known key is never set back: an old attestation
/// shown again must not make old assertions good.
///
/// # Errors
///
/// [`StoreError::Full`] at the bound.
pub fn register(
    unit: &mut Unit<'_>,
    key_id: &[u8; 32],
    attested: &VerifiedAttestation,
) -> Result<Registration, StoreError> {
    if let Some(known) = find(unit.sql, key_id)? {
        let same = known.rp_id_hash == attested.app.rp_id_hash()
            && known.environment == attested.environment;
        return Ok(match same {
            true => Registration::Known,
            false => Registration::Conflict,
        });
    }
    if unit.counts.keys >= unit.bounds.keys {
        return Err(StoreError::Full("keys"));
    }
    unit.sql
        .prepare_cached("INSERT INTO keys VALUES (?1, ?2, ?3, ?4, 0)")?
        .execute(params![
            key_id,
            attested.public_key,
            attested.app.rp_id_hash(),
            attested.environment.as_str()
        ])?;
    unit.counts.keys += 1;
    Ok(Registration::New)
}

/// The key of this id, if it is registered.
///
/// # Errors
///
/// [`StoreError`] where the state cannot be read.
pub fn find(sql: &Connection, key_id: &[u8; 32]) -> Result<Option<RegisteredKey>, StoreError> {
    let row: Option<([u8; 65], [u8; 32], String)> = sql
        .prepare_cached("SELECT public_key, rp_id_hash, environment FROM keys WHERE key_id = ?1")?
        .query_row([key_id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((public_key, rp_id_hash, environment)) = row else {
        return Ok(None);
    };
    Ok(Some(RegisteredKey {
        public_key,
        rp_id_hash,
        environment: Environment::from_name(&environment).ok_or(StoreError::Corrupt {
            table: "keys",
            what: "unknown environment",
        })?,
    }))
}

/// Compares and advances the counter in one statement: of any number of assertions with one
/// counter, one wins. False where the counter is not greater than the stored one.
///
/// # Errors
///
/// [`StoreError`] where the state cannot be written.
pub fn advance(unit: &Unit<'_>, key_id: &[u8; 32], counter: u32) -> Result<bool, StoreError> {
    let advanced = unit
        .sql
        .prepare_cached("UPDATE keys SET counter = ?2 WHERE key_id = ?1 AND counter < ?2")?
        .execute(params![key_id, counter])?;
    Ok(advanced == 1)
}
