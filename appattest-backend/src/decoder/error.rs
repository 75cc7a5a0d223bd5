//! Why bytes could not be taken apart.

use thiserror::Error;

/// A failure to decode an App Attest object. Each one has a reason of its own on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// Not CBOR, or not of the type expected at this place.
    #[error("not well-formed CBOR of the expected shape at byte {position}")]
    Malformed {
        /// Offset of the offending item from the start of what is decoded.
        position: usize,
    },
    /// A whole object was read and bytes follow it.
    #[error("{0} bytes follow the object")]
    TrailingBytes(usize),
    /// A map names the same key twice, so two readers could see two objects.
    #[error("a map has the same key twice")]
    DuplicateKey,
    /// A member that the object must have is absent.
    #[error("the object has no {0}")]
    MissingMember(&'static str),
    /// Nested deeper than [`super::MAX_DEPTH`].
    #[error("nested too deeply")]
    TooDeep,
    /// `fmt` names something else than `apple-appattest`.
    #[error("the attestation format is not apple-appattest")]
    UnsupportedFormat,
    /// `x5c` does not hold exactly a leaf and an intermediate.
    #[error("x5c holds {0} certificates, not 2")]
    CertificateCount(u64),
    /// Authenticator data is shorter than its fixed part.
    #[error("authenticator data of {0} bytes is too short")]
    AuthenticatorDataLength(usize),
    /// The credential id is not 32 bytes long.
    #[error("the credential id is {0} bytes long, not 32")]
    CredentialIdLength(u16),
    /// The credential key is not the COSE form of an ES256 key.
    #[error("the credential key is not a COSE ES256 key")]
    CoseKey,
    /// What follows the fixed part of authenticator data is not one extension map.
    #[error("the extension map cannot be read: {0}")]
    Extensions(Box<DecodeError>),
}
