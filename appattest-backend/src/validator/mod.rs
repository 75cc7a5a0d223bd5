//! What the authority believes, and why: Apple's steps for attestations and assertions.
//!
//! Everything that a verdict depends on is an argument: the trust anchor, the time for
//! certificates, the accepted applications and environments, the hash, the key. Nothing is
//! stored here.

mod assertion;
mod attestation;
mod chain;
mod leaf;

use crate::{app_id::AppId, environment::Environment, reason::Reason};

pub use self::{
    assertion::{RegisteredKey, VerifiedAssertion, verify_assertion},
    attestation::{VerifiedAttestation, verify_attestation},
    chain::{TrustAnchorError, TrustRoot},
};

/// Which applications and environments are accepted.
#[derive(Clone, Debug)]
pub struct Acceptance {
    /// Applications whose keys are accepted.
    pub apps: Vec<AppId>,
    /// Environments whose keys are accepted.
    pub environments: Vec<Environment>,
}

impl Acceptance {
    /// The accepted application of this hash.
    fn app(&self, rp_id_hash: &[u8; 32]) -> Result<&AppId, Reason> {
        self.apps
            .iter()
            .find(|app| app.rp_id_hash() == *rp_id_hash)
            .ok_or(Reason::RpIdHashMismatch)
    }

    fn environment(&self, environment: Environment) -> Result<Environment, Reason> {
        match self.environments.contains(&environment) {
            true => Ok(environment),
            false => Err(Reason::EnvironmentNotAccepted),
        }
    }
}
