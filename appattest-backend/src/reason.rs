//! The closed list of reasons that the authority gives. Each one stands in `docs/BACKEND.md`.

use std::fmt;

use crate::decoder::DecodeError;

macro_rules! reasons {
    ($($name:ident = $code:literal: $description:literal,)+) => {
        /// Why a request was refused, an object rejected, or an answer not given.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason {
            $(#[doc = $description] $name,)+
        }

        impl Reason {
            /// Every reason, in the order of the documentation.
            pub const ALL: &'static [Reason] = &[$(Reason::$name,)+];

            /// The name on the wire.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Reason::$name => $code,)+ }
            }

            /// One sentence for a person.
            #[must_use]
            pub fn description(self) -> &'static str {
                match self { $(Reason::$name => $description,)+ }
            }
        }
    };
}

reasons! {
    MalformedJson = "MALFORMED_JSON": "The body is not one JSON object without doubled known members.",
    MissingMember = "MISSING_MEMBER": "A required member is absent or null.",
    InvalidMember = "INVALID_MEMBER": "A member has the wrong type or shape.",
    InvalidBase64 = "INVALID_BASE64": "A member is not base64.",
    InvalidKeyId = "INVALID_KEY_ID": "The key id is not 32 bytes.",
    ClientDataHashNotAllowed = "CLIENT_DATA_HASH_NOT_ALLOWED": "The caller may not choose the hash under this challenge policy, or beside a challengeID.",
    InvalidIdempotencyKey = "INVALID_IDEMPOTENCY_KEY": "The Idempotency-Key header is not one value of 1 to 255 visible ASCII characters.",
    IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED": "The Idempotency-Key was used with another path or body.",
    NotFound = "NOT_FOUND": "There is no such path.",
    MethodNotAllowed = "METHOD_NOT_ALLOWED": "The path does not take this method.",
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE": "The body must be application/json.",
    PayloadTooLarge = "PAYLOAD_TOO_LARGE": "The body is larger than 128 KiB.",
    RequestTimeout = "REQUEST_TIMEOUT": "The body did not arrive in time.",
    UnreadableBody = "UNREADABLE_BODY": "The body could not be read to its end.",

    UnknownChallenge = "UNKNOWN_CHALLENGE": "No such registration challenge is known.",
    ExpiredChallenge = "EXPIRED_CHALLENGE": "The registration challenge has expired.",
    ConsumedChallenge = "CONSUMED_CHALLENGE": "The registration challenge has already been used.",
    UnknownKey = "UNKNOWN_KEY": "No such key is registered.",
    UnknownFlow = "UNKNOWN_FLOW": "No such flow is known.",
    ExpiredFlow = "EXPIRED_FLOW": "The flow has expired.",
    KeyFlowMismatch = "KEY_FLOW_MISMATCH": "The flow belongs to another key.",
    HashNotIssued = "CLIENT_DATA_HASH_NOT_ISSUED": "No client data hash was issued to this flow.",
    HashMismatch = "CLIENT_DATA_HASH_MISMATCH": "The client data hash is not the one last issued to this flow.",
    HashExpired = "CLIENT_DATA_HASH_EXPIRED": "The client data hash has expired.",
    HashConsumed = "CLIENT_DATA_HASH_CONSUMED": "The client data hash has already been used.",

    ObjectMalformed = "OBJECT_MALFORMED": "The object is not CBOR of the expected shape.",
    ObjectTrailingBytes = "OBJECT_TRAILING_BYTES": "Bytes follow the object.",
    ObjectDuplicateKey = "OBJECT_DUPLICATE_KEY": "A map of the object names a key twice.",
    ObjectMissingMember = "OBJECT_MISSING_MEMBER": "A member of the object is absent.",
    ObjectTooDeep = "OBJECT_TOO_DEEP": "The object is nested too deeply.",
    FormatUnsupported = "ATTESTATION_FORMAT_UNSUPPORTED": "The attestation format is not apple-appattest.",
    CertificateCount = "CERTIFICATE_COUNT_INVALID": "x5c does not hold exactly a leaf and an intermediate certificate.",
    AuthenticatorDataLength = "AUTHENTICATOR_DATA_TOO_SHORT": "Authenticator data is shorter than its fixed part.",
    CredentialIdLength = "CREDENTIAL_ID_LENGTH_INVALID": "The credential id is not 32 bytes.",
    CoseKeyMalformed = "COSE_KEY_MALFORMED": "The credential key is not a COSE ES256 key.",
    ExtensionsMalformed = "EXTENSIONS_MALFORMED": "What follows authenticator data is not one well-formed extension map.",

    CertificateMalformed = "CERTIFICATE_MALFORMED": "A certificate cannot be read.",
    ChainUntrusted = "CERTIFICATE_CHAIN_UNTRUSTED": "The certificates do not lead to the trust anchor.",
    CertificateSignature = "CERTIFICATE_SIGNATURE_INVALID": "A certificate's signature does not verify.",
    CertificateExpired = "CERTIFICATE_EXPIRED": "A certificate has expired.",
    CertificateNotYetValid = "CERTIFICATE_NOT_YET_VALID": "A certificate is not valid yet.",
    CertificateConstraint = "CERTIFICATE_CONSTRAINT_VIOLATED": "A certificate is used as what its basic constraints do not allow.",
    CertificateCritical = "CERTIFICATE_CRITICAL_EXTENSION": "A certificate has a critical extension that is not understood.",
    LeafKeyInvalid = "LEAF_KEY_INVALID": "The leaf's key is not a point on P-256.",
    NonceMissing = "NONCE_EXTENSION_MISSING": "The leaf has no nonce extension.",
    NonceDuplicate = "NONCE_EXTENSION_DUPLICATE": "The leaf has more than one nonce extension.",
    NonceMalformed = "NONCE_EXTENSION_MALFORMED": "The leaf's nonce extension is not of the one shape it may have.",
    NonceMismatch = "NONCE_MISMATCH": "The attestation was not made for this client data hash.",
    KeyIdMismatch = "KEYID_MISMATCH": "The key id is not the SHA-256 of the attested public key.",
    CredentialIdMismatch = "CREDENTIAL_ID_MISMATCH": "The credential id is not the key id.",
    CoseKeyMismatch = "COSE_KEY_MISMATCH": "The credential key is not the leaf's key.",
    RpIdHashMismatch = "RPID_HASH_MISMATCH": "The object was made for an application that is not accepted here.",
    AaguidUnknown = "AAGUID_UNKNOWN": "The aaguid is not one of App Attest's.",
    EnvironmentNotAccepted = "ENVIRONMENT_NOT_ACCEPTED": "The key is of an environment that is not accepted here.",
    CounterNotZero = "COUNTER_NOT_ZERO": "The counter of an attestation is not zero.",
    KeyConflict = "KEY_CONFLICT": "The key is already registered for another application or environment.",

    SignatureMalformed = "SIGNATURE_MALFORMED": "The signature is not a DER-encoded ECDSA signature.",
    SignatureInvalid = "SIGNATURE_INVALID": "The signature does not verify with the registered key.",
    CounterNotGreater = "COUNTER_NOT_GREATER": "The counter is not greater than the last one accepted.",

    Overloaded = "OVERLOADED": "Too many requests are waiting.",
    CapacityExhausted = "CAPACITY_EXHAUSTED": "A store bound is reached.",
    StoreUnavailable = "STORE_UNAVAILABLE": "The state could not be read or written.",
    Internal = "INTERNAL": "A bug.",
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl std::error::Error for Reason {}

impl From<DecodeError> for Reason {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Malformed { .. } => Reason::ObjectMalformed,
            DecodeError::TrailingBytes(_) => Reason::ObjectTrailingBytes,
            DecodeError::DuplicateKey => Reason::ObjectDuplicateKey,
            DecodeError::MissingMember(_) => Reason::ObjectMissingMember,
            DecodeError::TooDeep => Reason::ObjectTooDeep,
            DecodeError::UnsupportedFormat => Reason::FormatUnsupported,
            DecodeError::CertificateCount(_) => Reason::CertificateCount,
            DecodeError::AuthenticatorDataLength(_) => Reason::AuthenticatorDataLength,
            DecodeError::CredentialIdLength(_) => Reason::CredentialIdLength,
            DecodeError::CoseKey => Reason::CoseKeyMalformed,
            DecodeError::Extensions(_) => Reason::ExtensionsMalformed,
        }
    }
}
