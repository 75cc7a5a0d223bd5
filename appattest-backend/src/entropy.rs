//! Randomness, injected. The one place where it is drawn from the machine.

use std::fmt;

use thiserror::Error;
use uuid::Uuid;

/// The machine gave no randomness.
#[derive(Clone, Copy, Debug, Error)]
#[error("the machine gave no randomness")]
pub struct NoEntropy;

/// Gives random bytes.
pub trait Entropy: fmt::Debug + Send + Sync {
    /// Fills `bytes` with randomness.
    ///
    /// # Errors
    ///
    /// [`NoEntropy`], where the source has none to give.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy>;
}

/// The randomness of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where randomness is drawn"
    )]
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        getrandom::fill(bytes).map_err(|_| NoEntropy)
    }
}

/// `N` random bytes.
///
/// # Errors
///
/// [`NoEntropy`], where the source has none to give.
pub fn random<const N: usize>(entropy: &dyn Entropy) -> Result<[u8; N], NoEntropy> {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes)?;
    Ok(bytes)
}

/// A random UUID (RFC 9562, version 4).
///
/// # Errors
///
/// [`NoEntropy`], where the source has none to give.
pub fn random_uuid(entropy: &dyn Entropy) -> Result<Uuid, NoEntropy> {
    Ok(uuid::Builder::from_random_bytes(random(entropy)?).into_uuid())
}
