//! A simulated device: mints structurally real attestations and assertions under a test root.
//!
//! It shares no code with `decoder` and `validator` but base64 and the environments' names: it
//! writes DER and CBOR byte for byte, so that what one side gets wrong the other does not repeat.
//! Nothing that it makes is accepted under Apple's root.

mod assertion;
mod attestation;
mod attestation_object;
mod authenticator_data;
mod certificate;
pub mod cli;
mod defect;
mod der;
mod issuer;
mod key_file;

use thiserror::Error;

use crate::entropy::NoEntropy;

pub use self::{
    assertion::AssertionOrder,
    attestation::{Attestation, AttestationOrder},
    authenticator_data::Form,
    defect::{AssertionDefect, AttestationDefect},
    issuer::StoredPki,
    issuer::TestPki,
    key_file::{Device, Profile, StoredDevice},
};

/// Why the device cannot do what it is asked.
#[derive(Debug, Error)]
pub enum DeviceError {
    /// No randomness for a key.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
    /// A stored or drawn key is not a key.
    #[error("not a usable private key")]
    Key,
    /// The defect needs an earlier assertion by this key.
    #[error("this defect repeats an earlier assertion, and the key has made too few")]
    NothingToRepeat,
}
