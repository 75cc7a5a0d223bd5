//! What `generateAssertion` would return.

use p256::ecdsa::{
    Signature, SigningKey,
    signature::{Signer as _, hazmat::PrehashSigner as _},
};
use sha2::{Digest as _, Sha256};

use super::{
    AssertionDefect as Defect, Device, DeviceError,
    attestation::STRANGE_APP,
    attestation_object::flip,
    authenticator_data::{cbor_bytes, cbor_text, head},
};
use crate::entropy::Entropy;

/// What to assert.
#[derive(Clone, Copy, Debug, Default)]
pub struct AssertionOrder<'a> {
    /// What the server asked for.
    pub client_data_hash: &'a [u8],
    /// A counter to sign, in the place of the next one.
    pub counter: Option<u32>,
    /// What is to be wrong.
    pub defect: Option<Defect>,
}

impl Device {
    /// Makes an assertion; the device's counter follows it.
    ///
    /// # Errors
    ///
    /// [`DeviceError::NothingToRepeat`] for defects that need an earlier assertion;
    /// [`DeviceError::Entropy`], or [`DeviceError::Key`] if a key cannot sign.
    pub fn assert(
        &mut self,
        order: &AssertionOrder<'_>,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, DeviceError> {
        let last = self.counter();
        let back = |by: u32| {
            last.checked_sub(by)
                .filter(|_| last > 0)
                .ok_or(DeviceError::NothingToRepeat)
        };
        let counter = match order.defect {
            Some(Defect::Replayed) => {
                let before = self.last_assertion().ok_or(DeviceError::NothingToRepeat)?;
                return Ok(before.to_vec());
            }
            Some(Defect::ReusedCounter) => back(0)?,
            Some(Defect::OutOfOrder) => back(1)?,
            _ => order.counter.unwrap_or(last.saturating_add(1)),
        };
        let mut data = self.asserted_data(counter, order.defect);
        let signer = match order.defect {
            Some(Defect::OtherKey) => Device::generate(entropy, self.profile())?.into_key(),
            _ => self.key().clone(),
        };
        let signature = sign(&signer, &data, order)?;
        if order.defect == Some(Defect::TamperedCounter) {
            // The counter's last byte.
            flip(&mut data, 36);
        }
        let object = object(&signature, &data, order.defect);
        self.remember(counter, &object);
        Ok(object)
    }

    fn asserted_data(&self, counter: u32, defect: Option<Defect>) -> Vec<u8> {
        let profile = self.profile();
        let rp_id_hash = match defect {
            Some(Defect::WrongRpId) => Sha256::digest(STRANGE_APP).into(),
            _ => profile.app.rp_id_hash(),
        };
        let mut data = head(&rp_id_hash, profile.form.flags(), counter);
        match defect {
            Some(Defect::TruncatedAuthenticatorData) => data.truncate(36),
            Some(Defect::TrailingAuthenticatorData) => data.extend([0, 0]),
            _ => data.extend(
                profile
                    .form
                    .extensions(&profile.bundle_version, profile.validation_category),
            ),
        }
        data
    }
}

/// The DER signature over the nonce, which ECDSA hashes once more.
fn sign(key: &SigningKey, data: &[u8], order: &AssertionOrder<'_>) -> Result<Vec<u8>, DeviceError> {
    let mut nonce = Sha256::new()
        .chain_update(data)
        .chain_update(order.client_data_hash);
    if order.defect == Some(Defect::WrongClientDataHash) {
        nonce.update(b"another");
    }
    let nonce = nonce.finalize();
    let signature: Signature = match order.defect {
        Some(Defect::SingleHash) => key.sign_prehash(&nonce).map_err(|_| DeviceError::Key)?,
        _ => key.sign(&nonce),
    };
    let signature = match order.defect {
        Some(Defect::LowS) => signature.normalize_s(),
        Some(Defect::HighS) => upper(&signature)?,
        _ => signature,
    };
    let mut der = signature.to_der().as_bytes().to_vec();
    match order.defect {
        // The last byte of S.
        Some(Defect::TamperedSignature) => {
            let last = der.len() - 1;
            flip(&mut der, last);
        }
        Some(Defect::MalformedSignature) => flip(&mut der, 0),
        _ => {}
    }
    Ok(der)
}

/// The same signature with S in the upper half of the group's order.
fn upper(signature: &Signature) -> Result<Signature, DeviceError> {
    let low = signature.normalize_s();
    let (r, s) = low.split_scalars();
    Signature::from_scalars(r.to_bytes(), (-s).to_bytes()).map_err(|_| DeviceError::Key)
}

fn object(signature: &[u8], data: &[u8], defect: Option<Defect>) -> Vec<u8> {
    let mut entries = 2;
    let mut body = Vec::new();
    match defect {
        Some(Defect::MissingMember) => entries -= 1,
        _ => {
            cbor_text(&mut body, "signature");
            cbor_bytes(&mut body, signature);
        }
    }
    cbor_text(&mut body, "authenticatorData");
    cbor_bytes(&mut body, data);
    match defect {
        Some(Defect::DuplicateCborKey) => {
            entries += 1;
            cbor_text(&mut body, "signature");
            cbor_bytes(&mut body, signature);
        }
        Some(Defect::UnsignedEntry) => {
            entries += 1;
            cbor_text(&mut body, "cdHash");
            cbor_bytes(&mut body, &[0xcd; 20]);
        }
        Some(Defect::TrailingCbor) => body.push(0),
        Some(Defect::TruncatedCbor) => body.truncate(body.len() - 1),
        _ => {}
    }
    let mut object = vec![0xa0 | entries];
    object.extend(body);
    object
}
