//! Every kind of bad device, with the reason that it must meet. Some oddities are harmless.

use clap::ValueEnum;

use crate::reason::Reason;

/// What can be wrong with an attestation. One thing each: the rest is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AttestationDefect {
    /// Issued under another root.
    WrongRoot,
    /// The leaf's time is over.
    ExpiredLeaf,
    /// The leaf's time has not come.
    NotYetValidLeaf,
    /// The intermediate's time is over.
    ExpiredIntermediate,
    /// The intermediate may not issue certificates.
    NonCaIntermediate,
    /// The leaf was changed after it was signed.
    TamperedLeaf,
    /// The leaf is no certificate.
    MalformedLeaf,
    /// x5c holds the leaf alone.
    MissingIntermediate,
    /// Made for another client data hash.
    WrongNonce,
    /// The leaf has no nonce.
    MissingNonce,
    /// The nonce is 31 bytes long.
    MalformedNonce,
    /// The leaf has the nonce twice.
    DuplicateExtension,
    /// The nonce extension is critical.
    CriticalExtension,
    /// The key id sent along is of another key.
    WrongKeyId,
    /// Made in another application.
    WrongRpId,
    /// The aaguid is of another kind of authenticator.
    WrongAaguid,
    /// Made in the other environment.
    OtherEnvironment,
    /// The credential id is of another key.
    WrongCredentialId,
    /// The credential id is 16 bytes long.
    ShortCredentialId,
    /// The credential key is another one.
    WrongCoseKey,
    /// The credential key is of another algorithm.
    MalformedCoseKey,
    /// The key has been used.
    NonzeroCounter,
    /// Authenticator data ends early.
    TruncatedAuthenticatorData,
    /// Bytes follow the extension map or the credential.
    TrailingAuthenticatorData,
    /// A byte follows the object.
    TrailingCbor,
    /// The object names a member twice.
    DuplicateCborKey,
    /// The object ends early.
    TruncatedCbor,
    /// The object has no authenticator data.
    MissingMember,
    /// An unknown member is nested a hundred deep.
    DeepCbor,
    /// Another attestation format.
    WrongFormat,
    /// Harmless: an unsigned `cdHash` member, as some releases add.
    UnsignedEntry,
}

impl AttestationDefect {
    /// The reason that the authority must give; none where the oddity is harmless.
    #[must_use]
    pub fn expected(self) -> Option<Reason> {
        Some(match self {
            AttestationDefect::WrongRoot => Reason::ChainUntrusted,
            AttestationDefect::ExpiredLeaf | AttestationDefect::ExpiredIntermediate => {
                Reason::CertificateExpired
            }
            AttestationDefect::NotYetValidLeaf => Reason::CertificateNotYetValid,
            AttestationDefect::NonCaIntermediate => Reason::CertificateConstraint,
            AttestationDefect::TamperedLeaf => Reason::CertificateSignature,
            AttestationDefect::MalformedLeaf => Reason::CertificateMalformed,
            AttestationDefect::MissingIntermediate => Reason::CertificateCount,
            AttestationDefect::WrongNonce => Reason::NonceMismatch,
            AttestationDefect::MissingNonce => Reason::NonceMissing,
            AttestationDefect::MalformedNonce => Reason::NonceMalformed,
            AttestationDefect::DuplicateExtension => Reason::NonceDuplicate,
            AttestationDefect::CriticalExtension => Reason::CertificateCritical,
            AttestationDefect::WrongKeyId => Reason::KeyIdMismatch,
            AttestationDefect::WrongRpId => Reason::RpIdHashMismatch,
            AttestationDefect::WrongAaguid => Reason::AaguidUnknown,
            AttestationDefect::OtherEnvironment => Reason::EnvironmentNotAccepted,
            AttestationDefect::WrongCredentialId => Reason::CredentialIdMismatch,
            AttestationDefect::ShortCredentialId => Reason::CredentialIdLength,
            AttestationDefect::WrongCoseKey => Reason::CoseKeyMismatch,
            AttestationDefect::MalformedCoseKey => Reason::CoseKeyMalformed,
            AttestationDefect::NonzeroCounter => Reason::CounterNotZero,
            AttestationDefect::TruncatedAuthenticatorData => Reason::AuthenticatorDataLength,
            AttestationDefect::TrailingAuthenticatorData => Reason::ExtensionsMalformed,
            AttestationDefect::TrailingCbor => Reason::ObjectTrailingBytes,
            AttestationDefect::DuplicateCborKey => Reason::ObjectDuplicateKey,
            AttestationDefect::TruncatedCbor => Reason::ObjectMalformed,
            AttestationDefect::MissingMember => Reason::ObjectMissingMember,
            AttestationDefect::DeepCbor => Reason::ObjectTooDeep,
            AttestationDefect::WrongFormat => Reason::FormatUnsupported,
            AttestationDefect::UnsignedEntry => return None,
        })
    }
}

/// What can be wrong with an assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AssertionDefect {
    /// One bit of the signature is flipped.
    TamperedSignature,
    /// The signature is no DER.
    MalformedSignature,
    /// The counter was raised after signing.
    TamperedCounter,
    /// Signed for another hash.
    WrongClientDataHash,
    /// Hashed once where twice is due.
    SingleHash,
    /// Signed by another key.
    OtherKey,
    /// Made in another application.
    WrongRpId,
    /// The counter of the assertion before.
    ReusedCounter,
    /// A counter below that of the assertion before.
    OutOfOrder,
    /// The assertion before, byte for byte; for the client data hash that it was signed for.
    Replayed,
    /// Authenticator data ends early.
    TruncatedAuthenticatorData,
    /// Bytes that are no extension map follow authenticator data.
    TrailingAuthenticatorData,
    /// A byte follows the object.
    TrailingCbor,
    /// The object names a member twice.
    DuplicateCborKey,
    /// The object ends early.
    TruncatedCbor,
    /// The object has no signature.
    MissingMember,
    /// Harmless: S in the upper half.
    HighS,
    /// Harmless: S in the lower half.
    LowS,
    /// Harmless: an unsigned `cdHash` member, as some releases add.
    UnsignedEntry,
}

impl AssertionDefect {
    /// The reason that the authority must give; none where the oddity is harmless.
    #[must_use]
    pub fn expected(self) -> Option<Reason> {
        Some(match self {
            AssertionDefect::TamperedSignature
            | AssertionDefect::TamperedCounter
            | AssertionDefect::WrongClientDataHash
            | AssertionDefect::SingleHash
            | AssertionDefect::OtherKey => Reason::SignatureInvalid,
            AssertionDefect::MalformedSignature => Reason::SignatureMalformed,
            AssertionDefect::WrongRpId => Reason::RpIdHashMismatch,
            AssertionDefect::ReusedCounter
            | AssertionDefect::OutOfOrder
            | AssertionDefect::Replayed => Reason::CounterNotGreater,
            AssertionDefect::TruncatedAuthenticatorData => Reason::AuthenticatorDataLength,
            AssertionDefect::TrailingAuthenticatorData => Reason::ExtensionsMalformed,
            AssertionDefect::TrailingCbor => Reason::ObjectTrailingBytes,
            AssertionDefect::DuplicateCborKey => Reason::ObjectDuplicateKey,
            AssertionDefect::TruncatedCbor => Reason::ObjectMalformed,
            AssertionDefect::MissingMember => Reason::ObjectMissingMember,
            AssertionDefect::HighS | AssertionDefect::LowS | AssertionDefect::UnsignedEntry => {
                return None;
            }
        })
    }
}
