//! Apple's steps for an assertion, but for the counter, which only the store can judge.

use p256::ecdsa::{Signature, VerifyingKey, signature::Verifier as _};
use sha2::{Digest as _, Sha256};

use super::Acceptance;
use crate::{
    decoder::{AssertionData, AssertionObject, Extensions},
    environment::Environment,
    reason::Reason,
};

/// What is known of the key that made the assertion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredKey {
    /// `04 || X || Y`.
    pub public_key: [u8; 65],
    /// SHA-256 of the application id that the key was registered for.
    pub rp_id_hash: [u8; 32],
    /// The environment that attested it.
    pub environment: Environment,
}

/// What a valid assertion proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedAssertion {
    /// The signed counter: the caller compares and stores it in one step.
    pub counter: u32,
    /// What iOS 27 and macOS 27 add.
    pub extensions: Extensions,
}

/// Verifies that `key` signed `client_data_hash` (raw bytes of any length).
///
/// The signed message is `SHA-256(authenticatorData || clientDataHash)`, which ECDSA hashes once
/// more. Apple does not normalise signatures: high and low S are both accepted.
///
/// # Errors
///
/// The first [`Reason`] found.
pub fn verify_assertion(
    object: &[u8],
    client_data_hash: &[u8],
    key: &RegisteredKey,
    acceptance: &Acceptance,
) -> Result<VerifiedAssertion, Reason> {
    let object = AssertionObject::decode(object)?;
    let data = AssertionData::decode(object.authenticator_data)?;
    let verifying_key =
        VerifyingKey::from_sec1_bytes(&key.public_key).map_err(|_| Reason::LeafKeyInvalid)?;
    let signature =
        Signature::from_der(object.signature).map_err(|_| Reason::SignatureMalformed)?;
    let nonce = Sha256::new()
        .chain_update(object.authenticator_data)
        .chain_update(client_data_hash)
        .finalize();
    verifying_key
        .verify(&nonce, &signature)
        .map_err(|_| Reason::SignatureInvalid)?;
    // Also what the key was registered for must still be accepted: the policy may have changed.
    let app = acceptance.app(&data.rp_id_hash)?;
    if app.rp_id_hash() != key.rp_id_hash {
        return Err(Reason::RpIdHashMismatch);
    }
    acceptance.environment(key.environment)?;
    Ok(VerifiedAssertion {
        counter: data.counter,
        extensions: data.extensions,
    })
}
