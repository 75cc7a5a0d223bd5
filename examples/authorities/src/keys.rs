//! Key agreement and what is derived from it: X25519 (RFC 7748), HKDF-SHA-256 (RFC 5869),
//! HMAC-SHA-256 (RFC 2104).

use appattest_backend::decoder::{decode_base64, encode_base64};
use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::{digest, hkdf, hmac, rand};
use serde::{Deserialize, Serialize};

/// A key that two sides share, or the secret of an invite; base64 in JSON.
#[derive(Clone, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Secret([u8; 32]);

/// One side's key pair.
pub struct KeyPair {
    private: PrivateKey,
    /// What the other side is given.
    pub public: [u8; 32],
}

/// The SHA-256 of a text: what stands for it where parts of fixed lengths are bound together.
#[must_use]
pub fn digest(text: &str) -> Vec<u8> {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    digest.as_ref().to_vec()
}

impl KeyPair {
    /// A new one; fails where the machine has no randomness.
    pub fn generate() -> Result<Self, Unspecified> {
        let private = PrivateKey::generate(&X25519)?;
        let public = private.compute_public_key()?;
        let public = public.as_ref().try_into().map_err(|_| Unspecified)?;
        Ok(Self { private, public })
    }

    /// The secret shared with the holder of the other key; fails for what is no key.
    pub fn agree(&self, other: &[u8]) -> Result<Secret, Unspecified> {
        let other = UnparsedPublicKey::new(&X25519, other);
        agree(&self.private, other, Unspecified, |shared| {
            shared.try_into().map(Secret).map_err(|_| Unspecified)
        })
    }
}

impl Secret {
    /// One that nobody can guess; fails where the machine has no randomness.
    pub fn random() -> Result<Self, Unspecified> {
        let mut bytes = [0; 32];
        rand::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Its bytes, which salt what is derived.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// A key for one purpose, from this shared secret and what both sides know.
    pub fn derive(&self, salt: &[u8], label: &str, context: &[&[u8]]) -> Result<Self, Unspecified> {
        let mut info = vec![label.as_bytes()];
        info.extend(context);
        let mut derived = [0; 32];
        hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
            .extract(&self.0)
            .expand(&info, hkdf::HKDF_SHA256)?
            .fill(&mut derived)?;
        Ok(Self(derived))
    }

    /// Six digits that two people compare, derived without salt.
    pub fn digits(&self, label: &str, context: &[&[u8]]) -> Result<String, Unspecified> {
        let Self([a, b, c, d, ..]) = self.derive(&[], label, context)?;
        let number = u32::from_be_bytes([a, b, c, d]) % 1_000_000;
        Ok(format!("{number:06}"))
    }

    /// Proves knowledge of this key for one purpose. All parts of a context but the last have
    /// fixed lengths.
    #[must_use]
    fn tag(&self, label: &str, context: &[&[u8]]) -> String {
        encode_base64(hmac::sign(&self.hmac(), &message(label, context)).as_ref())
    }

    /// Whether a base64 text is that proof; compared in constant time.
    #[must_use]
    pub fn is_tag(&self, text: &str, label: &str, context: &[&[u8]]) -> bool {
        let tag = decode_base64(text).unwrap_or_default();
        hmac::verify(&self.hmac(), &message(label, context), &tag).is_ok()
    }

    /// The host's proof of this key, for an operator that proves to have it too.
    #[must_use]
    pub fn confirm(&self, proof: &str, context: &[&[u8]]) -> Option<String> {
        let is_proven = self.is_tag(proof, "operator-confirms", context);
        is_proven.then(|| self.tag("host-confirms", context))
    }

    fn hmac(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.0)
    }
}

impl TryFrom<String> for Secret {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = decode_base64(&text).and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or("a key is 32 bytes in base64")
    }
}

impl From<Secret> for String {
    fn from(secret: Secret) -> Self {
        encode_base64(&secret.0)
    }
}

fn message(label: &str, context: &[&[u8]]) -> Vec<u8> {
    [label.as_bytes(), &context.concat()].concat()
}
