//! The test PKI: a root and an intermediate, both P-384, as Apple's are.

use jiff::{SignedDuration, Timestamp};
use p384::ecdsa::{DerSignature, SigningKey, signature::hazmat::PrehashSigner as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256, Sha384};

use super::{
    DeviceError,
    certificate::{Draft, authority_extensions, authority_name, p384_key},
    der::{bits, oid, sequence},
};
use crate::{
    clock::after,
    decoder::{decode_base64, encode_base64},
    entropy::{Entropy, random},
};

const DAY: SignedDuration = SignedDuration::from_hours(24);
const ROOT_DAYS: i32 = 20 * 365;
const INTERMEDIATE_DAYS: i32 = 10 * 365;

/// Which hash a certificate is signed over. Apple: SHA-256 for leaves, SHA-384 for authorities.
#[derive(Clone, Copy, Debug)]
pub(super) enum SignatureHash {
    Sha256,
    Sha384,
}

/// A test root, and an intermediate under it.
#[derive(Clone, Debug)]
pub struct TestPki {
    root: Issuer,
    intermediate: Issuer,
}

/// One authority: its key, its name, its certificate.
#[derive(Clone)]
pub(super) struct Issuer {
    key: SigningKey,
    name: Vec<u8>,
    certificate: Vec<u8>,
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Issuer").finish_non_exhaustive()
    }
}

impl TestPki {
    /// Makes a root and an intermediate that are valid from a day before `at`.
    ///
    /// # Errors
    ///
    /// [`DeviceError::Entropy`].
    pub fn generate(entropy: &dyn Entropy, at: Timestamp) -> Result<Self, DeviceError> {
        let [a, b, c, d]: [u8; 4] = random(entropy)?;
        // Two test roots have two names, as roots of two vendors would.
        let suffix = format!("{a:02x}{b:02x}{c:02x}{d:02x}");
        let root = Issuer::self_signed(
            draw_key(entropy)?,
            &format!("Simulated App Attestation Root CA {suffix}"),
            at,
        )?;
        let name = authority_name(&format!("Simulated App Attestation CA {suffix}"));
        let key = draw_key(entropy)?;
        let certificate = root.authority(&key, &name, at, true)?;
        Ok(Self {
            root,
            intermediate: Issuer {
                key,
                name,
                certificate,
            },
        })
    }

    /// The root as PEM: what `--trust-anchor` takes.
    #[must_use]
    pub fn root_pem(&self) -> String {
        let text = encode_base64(&self.root.certificate);
        let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
        for (index, character) in text.chars().enumerate() {
            if index > 0 && index % 64 == 0 {
                pem.push('\n');
            }
            pem.push(character);
        }
        pem.push_str("\n-----END CERTIFICATE-----\n");
        pem
    }

    /// The PKI, private keys included, as it is kept in a file.
    #[must_use]
    pub fn to_stored(&self) -> StoredPki {
        StoredPki {
            root: self.root.to_stored(),
            intermediate: self.intermediate.to_stored(),
        }
    }

    /// The PKI from its file.
    ///
    /// # Errors
    ///
    /// [`DeviceError::Key`], where the file was not written by [`TestPki::to_stored`].
    pub fn from_stored(stored: &StoredPki) -> Result<Self, DeviceError> {
        Ok(Self {
            root: Issuer::from_stored(&stored.root)?,
            intermediate: Issuer::from_stored(&stored.intermediate)?,
        })
    }

    pub(super) fn intermediate(&self) -> &Issuer {
        &self.intermediate
    }

    /// The intermediate as one that may not issue, or no longer.
    pub(super) fn spoiled_intermediate(
        &self,
        at: Timestamp,
        is_ca: bool,
    ) -> Result<Vec<u8>, DeviceError> {
        self.root
            .authority(&self.intermediate.key, &self.intermediate.name, at, is_ca)
    }

    /// How long before `at` an intermediate must be made to have expired by then.
    pub(super) fn long_before(at: Timestamp) -> Timestamp {
        after(at, -(DAY * (INTERMEDIATE_DAYS + 2)))
    }
}

impl Issuer {
    fn self_signed(key: SigningKey, name: &str, at: Timestamp) -> Result<Self, DeviceError> {
        let name = authority_name(name);
        let mut root = Self {
            key,
            name,
            certificate: Vec::new(),
        };
        let draft = Draft {
            serial: [1; 8],
            issuer: root.name.clone(),
            subject: root.name.clone(),
            not_before: after(at, -DAY),
            not_after: after(at, DAY * ROOT_DAYS),
            key: root.public_key(),
            extensions: authority_extensions(true, None),
        };
        root.certificate = root.sign(&draft, SignatureHash::Sha384)?;
        Ok(root)
    }

    fn authority(
        &self,
        key: &SigningKey,
        name: &[u8],
        at: Timestamp,
        is_ca: bool,
    ) -> Result<Vec<u8>, DeviceError> {
        let point = key.verifying_key().to_sec1_point(false);
        let draft = Draft {
            serial: [2; 8],
            issuer: self.name.clone(),
            subject: name.to_vec(),
            not_before: after(at, -DAY),
            not_after: after(at, DAY * INTERMEDIATE_DAYS),
            key: p384_key(point.as_bytes()),
            extensions: authority_extensions(is_ca, Some(0)),
        };
        self.sign(&draft, SignatureHash::Sha384)
    }

    /// A certificate from a draft.
    pub(super) fn sign(&self, draft: &Draft, hash: SignatureHash) -> Result<Vec<u8>, DeviceError> {
        let algorithm = sequence(&[&oid(hash.algorithm())]);
        let body = draft.to_be_signed(&algorithm);
        let digest = match hash {
            SignatureHash::Sha256 => Sha256::digest(&body).to_vec(),
            SignatureHash::Sha384 => Sha384::digest(&body).to_vec(),
        };
        let signature: DerSignature = self
            .key
            .sign_prehash(&digest)
            .map_err(|_| DeviceError::Key)?;
        Ok(sequence(&[&body, &algorithm, &bits(signature.as_bytes())]))
    }

    pub(super) fn name(&self) -> &[u8] {
        &self.name
    }

    pub(super) fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    fn public_key(&self) -> Vec<u8> {
        p384_key(self.key.verifying_key().to_sec1_point(false).as_bytes())
    }

    fn to_stored(&self) -> StoredIssuer {
        StoredIssuer {
            key: encode_base64(&self.key.to_bytes()),
            name: encode_base64(&self.name),
            certificate: encode_base64(&self.certificate),
        }
    }

    fn from_stored(stored: &StoredIssuer) -> Result<Self, DeviceError> {
        let bytes = |text: &str| decode_base64(text).ok_or(DeviceError::Key);
        Ok(Self {
            key: SigningKey::from_slice(&bytes(&stored.key)?).map_err(|_| DeviceError::Key)?,
            name: bytes(&stored.name)?,
            certificate: bytes(&stored.certificate)?,
        })
    }
}

impl SignatureHash {
    /// The content of the signature algorithm's identifier: `ecdsa-with-SHA…`.
    fn algorithm(self) -> &'static [u8] {
        match self {
            SignatureHash::Sha256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
            SignatureHash::Sha384 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03],
        }
    }
}

/// A [`TestPki`] as JSON.
#[derive(Clone, Deserialize, Serialize)]
pub struct StoredPki {
    root: StoredIssuer,
    intermediate: StoredIssuer,
}

#[derive(Clone, Deserialize, Serialize)]
struct StoredIssuer {
    key: String,
    name: String,
    certificate: String,
}

fn draw_key(entropy: &dyn Entropy) -> Result<SigningKey, DeviceError> {
    SigningKey::from_slice(&random::<48>(entropy)?).map_err(|_| DeviceError::Key)
}
