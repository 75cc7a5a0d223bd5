//! Apple's steps for an attestation ("Validating apps that connect to your server", steps 1 to 9).

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{Acceptance, TrustRoot, leaf::Leaf};
use crate::{
    app_id::AppId,
    decoder::{AttestationObject, AttestedData, Extensions},
    environment::Environment,
    reason::Reason,
};

/// What a valid attestation proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedAttestation {
    /// The attested key: `04 || X || Y`.
    pub public_key: [u8; 65],
    /// The application that the key was made in.
    pub app: AppId,
    /// The environment that attested it.
    pub environment: Environment,
    /// What iOS 27 and macOS 27 add.
    pub extensions: Extensions,
}

/// Verifies an attestation of the key `key_id` that was made for `client_data_hash` (raw bytes of
/// any length), with certificates judged at `at`.
///
/// # Errors
///
/// The first [`Reason`] found, in the order of Apple's steps.
pub fn verify_attestation(
    object: &[u8],
    key_id: &[u8; 32],
    client_data_hash: &[u8],
    acceptance: &Acceptance,
    root: &TrustRoot,
    at: Timestamp,
) -> Result<VerifiedAttestation, Reason> {
    let object = AttestationObject::decode(object)?;
    let data = AttestedData::decode(object.authenticator_data)?;
    root.check(object.leaf, object.intermediate, at)?;
    let leaf = Leaf::read(object.leaf)?;

    let nonce: [u8; 32] = Sha256::new()
        .chain_update(object.authenticator_data)
        .chain_update(client_data_hash)
        .finalize()
        .into();
    require(same(&nonce, &leaf.nonce), Reason::NonceMismatch)?;
    let hashed_key: [u8; 32] = Sha256::digest(leaf.public_key).into();
    require(same(&hashed_key, key_id), Reason::KeyIdMismatch)?;
    let app = acceptance.app(&data.rp_id_hash)?;
    require(data.counter == 0, Reason::CounterNotZero)?;
    let environment = Environment::from_aaguid(&data.aaguid).ok_or(Reason::AaguidUnknown)?;
    let environment = acceptance.environment(environment)?;
    require(
        same(&data.credential_id, key_id),
        Reason::CredentialIdMismatch,
    )?;
    require(
        same(&data.public_key, &leaf.public_key),
        Reason::CoseKeyMismatch,
    )?;
    Ok(VerifiedAttestation {
        public_key: leaf.public_key,
        app: app.clone(),
        environment,
        extensions: data.extensions,
    })
}

fn require(condition: bool, reason: Reason) -> Result<(), Reason> {
    match condition {
        true => Ok(()),
        false => Err(reason),
    }
}

fn same(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}
