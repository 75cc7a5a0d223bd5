//! From bytes to parts, by length and position, before anything is believed.
//!
//! Apple's objects are CBOR (RFC 8949) around WebAuthn authenticator data. Since iOS 27 the flag
//! bits of authenticator data no longer say what follows (the attested-credential bit is set on
//! assertions that carry none, the extension bit is clear where extensions follow), so nothing in
//! here looks at them: lengths and positions decide. Decoding borrows from the input, allocates
//! in proportion to it, and recurses at most [`cbor::MAX_DEPTH`] deep.

mod assertion;
mod attestation;
mod authenticator_data;
mod base64;
mod cbor;
mod error;
mod extensions;

pub use self::{
    assertion::AssertionObject,
    attestation::AttestationObject,
    authenticator_data::{AssertionData, AttestedData, COSE_KEY_LENGTH},
    base64::{decode_base64, encode_base64},
    cbor::MAX_DEPTH,
    error::DecodeError,
    extensions::Extensions,
};
