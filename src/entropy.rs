//! The one place where randomness is drawn.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use integrator_core::flow::ids::{AttemptId, ClaimId, Draw, FlowHandle};
use thiserror::Error;

/// The system gave no random bytes. Nothing weaker takes their place.
#[derive(Clone, Debug, Error)]
#[error("the system's random source failed: {0}")]
pub struct EntropyError(pub String);

/// A source of random bytes.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`.
    ///
    /// # Errors
    ///
    /// [`EntropyError`] where the source fails; `bytes` are then not to be used.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError>;
}

/// The operating system's cryptographically secure source.
#[derive(Clone, Copy, Debug)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place that draws randomness"
    )]
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        getrandom::fill(bytes).map_err(|error| EntropyError(error.to_string()))
    }
}

/// Draws an unguessable flow handle: 24 bytes, base64url.
///
/// # Errors
///
/// [`EntropyError`] of the source.
pub fn flow_handle(entropy: &dyn Entropy) -> Result<FlowHandle, EntropyError> {
    let text = URL_SAFE_NO_PAD.encode(array::<24>(entropy)?);
    FlowHandle::parse(&text)
        .ok_or_else(|| EntropyError("24 bytes did not make a handle".to_owned()))
}

/// Draws the identifiers of a claim.
///
/// # Errors
///
/// [`EntropyError`] of the source.
pub fn draw(entropy: &dyn Entropy) -> Result<Draw, EntropyError> {
    Ok(Draw {
        claim: ClaimId(u128::from_le_bytes(array(entropy)?)),
        attempt: AttemptId::new(&uuid(entropy)?),
    })
}

/// Draws a version 4 UUID (RFC 9562), in lower case with hyphens.
///
/// # Errors
///
/// [`EntropyError`] of the source.
pub fn uuid(entropy: &dyn Entropy) -> Result<String, EntropyError> {
    let uuid = uuid::Builder::from_random_bytes(array(entropy)?).into_uuid();
    Ok(uuid.hyphenated().to_string())
}

/// Draws a fixed number of bytes.
///
/// # Errors
///
/// [`EntropyError`] of the source.
pub fn array<const LENGTH: usize>(entropy: &dyn Entropy) -> Result<[u8; LENGTH], EntropyError> {
    let mut bytes = [0; LENGTH];
    entropy.fill(&mut bytes)?;
    Ok(bytes)
}
