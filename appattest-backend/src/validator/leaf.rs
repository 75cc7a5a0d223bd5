//! What the leaf certificate says: the key that was attested, and the nonce it was attested for.

use p256::PublicKey;
use x509_cert::{
    certificate::{CertificateInner, Raw},
    der::{Decode as _, oid::ObjectIdentifier},
};

use crate::reason::Reason;

/// Apple's extension that holds the nonce.
const NONCE_EXTENSION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113635.100.8.2");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// `SEQUENCE { [1] EXPLICIT OCTET STRING (32 bytes) }`, up to the bytes.
const NONCE_PREFIX: [u8; 6] = [0x30, 0x24, 0xa1, 0x22, 0x04, 0x20];

/// The two facts that the leaf vouches for.
#[derive(Debug)]
pub(super) struct Leaf {
    /// `04 || X || Y`, a point on P-256.
    pub(super) public_key: [u8; 65],
    /// SHA-256 of authenticator data and client data hash.
    pub(super) nonce: [u8; 32],
}

impl Leaf {
    /// Reads a leaf whose chain has been checked.
    pub(super) fn read(der: &[u8]) -> Result<Self, Reason> {
        let certificate =
            CertificateInner::<Raw>::from_der(der).map_err(|_| Reason::CertificateMalformed)?;
        Ok(Self {
            public_key: public_key(&certificate)?,
            nonce: nonce(&certificate)?,
        })
    }
}

fn public_key(certificate: &CertificateInner<Raw>) -> Result<[u8; 65], Reason> {
    let info = certificate.tbs_certificate().subject_public_key_info();
    let bytes = info.subject_public_key.raw_bytes();
    if info.algorithm.oid != EC_PUBLIC_KEY {
        return Err(Reason::LeafKeyInvalid);
    }
    PublicKey::from_sec1_bytes(bytes).map_err(|_| Reason::LeafKeyInvalid)?;
    <[u8; 65]>::try_from(bytes).map_err(|_| Reason::LeafKeyInvalid)
}

fn nonce(certificate: &CertificateInner<Raw>) -> Result<[u8; 32], Reason> {
    let extensions = certificate.tbs_certificate().extensions();
    let mut nonces = extensions
        .into_iter()
        .flatten()
        .filter(|extension| extension.extn_id == NONCE_EXTENSION);
    let only = nonces.next().ok_or(Reason::NonceMissing)?;
    if nonces.next().is_some() {
        return Err(Reason::NonceDuplicate);
    }
    only.extn_value
        .as_bytes()
        .strip_prefix(&NONCE_PREFIX)
        .and_then(|nonce| <[u8; 32]>::try_from(nonce).ok())
        .ok_or(Reason::NonceMalformed)
}
