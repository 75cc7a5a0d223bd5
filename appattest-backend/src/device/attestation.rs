//! What `attestKey` would return.

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use super::{
    AttestationDefect as Defect, Device, DeviceError, TestPki,
    attestation_object::{cose_key, flip, object},
    authenticator_data::head,
    certificate::{
        COMMON_NAME, Draft, ORGANIZATION, ORGANIZATIONAL_UNIT, STATE, leaf_extensions,
        nonce_extension, p256_key,
    },
    der::name,
    issuer::SignatureHash,
};
use crate::{
    clock::after,
    entropy::{Entropy, random},
    environment::Environment,
};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// Another application than any that a test accepts.
pub(super) const STRANGE_APP: &str = "AAAAAAAAAA.simulated.stranger";

/// What to attest.
#[derive(Clone, Copy, Debug)]
pub struct AttestationOrder<'a> {
    /// Who issues the leaf.
    pub pki: &'a TestPki,
    /// What the server asked for.
    pub client_data_hash: &'a [u8],
    /// The moment of issue: the leaf is valid from a day before to two days after.
    pub at: Timestamp,
    /// What is to be wrong.
    pub defect: Option<Defect>,
}

/// What the device sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// The key id that is sent along.
    pub key_id: [u8; 32],
    /// The attestation object.
    pub object: Vec<u8>,
}

impl Device {
    /// Attests this device's key.
    ///
    /// # Errors
    ///
    /// [`DeviceError::Entropy`], or [`DeviceError::Key`] if a key cannot sign.
    pub fn attest(
        &self,
        order: &AttestationOrder<'_>,
        entropy: &dyn Entropy,
    ) -> Result<Attestation, DeviceError> {
        let stranger: [u8; 32] = random(entropy)?;
        let other = Device::generate(entropy, self.profile())?;
        let data = self.attested_data(&other, &stranger, order.defect);
        let mut nonce: [u8; 32] = Sha256::new()
            .chain_update(&data)
            .chain_update(order.client_data_hash)
            .finalize()
            .into();
        if order.defect == Some(Defect::WrongNonce) {
            nonce = stranger;
        }
        let chain = self.chain(order, &nonce, entropy)?;
        let key_id = match order.defect {
            Some(Defect::WrongKeyId) => stranger,
            _ => self.key_id(),
        };
        Ok(Attestation {
            key_id,
            object: object(&chain, &data, order.defect),
        })
    }

    fn attested_data(
        &self,
        other: &Device,
        stranger: &[u8; 32],
        defect: Option<Defect>,
    ) -> Vec<u8> {
        let profile = self.profile();
        let rp_id_hash = match defect {
            Some(Defect::WrongRpId) => Sha256::digest(STRANGE_APP).into(),
            _ => profile.app.rp_id_hash(),
        };
        let counter = u32::from(defect == Some(Defect::NonzeroCounter));
        let aaguid = match (defect, profile.environment) {
            (Some(Defect::WrongAaguid), _) => b"appattestsandbox",
            (Some(Defect::OtherEnvironment), Environment::Production) => {
                Environment::Development.aaguid()
            }
            (Some(Defect::OtherEnvironment), Environment::Development) => {
                Environment::Production.aaguid()
            }
            (_, environment) => environment.aaguid(),
        };
        let point = match defect {
            Some(Defect::WrongCoseKey) => other.point(),
            _ => self.point(),
        };
        let credential_id = match defect {
            Some(Defect::WrongCredentialId) => *stranger,
            _ => self.key_id(),
        };
        let mut data = head(&rp_id_hash, profile.form.flags(), counter);
        data.extend(aaguid);
        match defect {
            Some(Defect::ShortCredentialId) => {
                data.extend([0, 16]);
                data.extend(credential_id.iter().take(16));
            }
            _ => {
                data.extend([0, 32]);
                data.extend(credential_id);
            }
        }
        let cose = cose_key(&point, defect);
        data.extend(cose);
        if defect == Some(Defect::TruncatedAuthenticatorData) {
            data.truncate(data.len() - 1);
            return data;
        }
        data.extend(
            profile
                .form
                .extensions(&profile.bundle_version, profile.validation_category),
        );
        if defect == Some(Defect::TrailingAuthenticatorData) {
            data.extend([0, 0]);
        }
        data
    }

    /// Leaf and intermediate, or what stands in their place.
    fn chain(
        &self,
        order: &AttestationOrder<'_>,
        nonce: &[u8; 32],
        entropy: &dyn Entropy,
    ) -> Result<Vec<Vec<u8>>, DeviceError> {
        let at = order.at;
        let own = order.pki.intermediate();
        let foreign;
        let (issuer, intermediate) = match order.defect {
            Some(Defect::WrongRoot) => {
                foreign = TestPki::generate(entropy, at)?;
                let issuer = foreign.intermediate();
                (issuer, issuer.certificate().to_vec())
            }
            Some(Defect::NonCaIntermediate) => (own, order.pki.spoiled_intermediate(at, false)?),
            Some(Defect::ExpiredIntermediate) => {
                let before = TestPki::long_before(at);
                (own, order.pki.spoiled_intermediate(before, true)?)
            }
            _ => (own, own.certificate().to_vec()),
        };
        let draft = self.leaf(order, issuer.name(), nonce, entropy)?;
        let mut leaf = issuer.sign(&draft, SignatureHash::Sha256)?;
        match order.defect {
            // The serial number stands at a fixed place near the start.
            Some(Defect::TamperedLeaf) => flip(&mut leaf, 18),
            Some(Defect::MalformedLeaf) => leaf.truncate(leaf.len() / 2),
            _ => {}
        }
        Ok(vec![leaf, intermediate])
    }

    fn leaf(
        &self,
        order: &AttestationOrder<'_>,
        issuer: &[u8],
        nonce: &[u8; 32],
        entropy: &dyn Entropy,
    ) -> Result<Draft, DeviceError> {
        let mut serial: [u8; 8] = random(entropy)?;
        serial[0] = 0x17;
        let (from, to) = match order.defect {
            Some(Defect::ExpiredLeaf) => (-73, -1),
            Some(Defect::NotYetValidLeaf) => (1, 73),
            _ => (-24, 48),
        };
        let common_name: String = self.key_id().iter().map(|b| format!("{b:02x}")).collect();
        let mut extensions = leaf_extensions(self.profile().form != super::Form::Classic);
        match order.defect {
            Some(Defect::MissingNonce) => {}
            Some(Defect::MalformedNonce) => {
                let short: Vec<u8> = nonce.iter().copied().take(31).collect();
                extensions.push(nonce_extension(&short, false));
            }
            Some(Defect::DuplicateExtension) => {
                extensions.push(nonce_extension(nonce, false));
                extensions.push(nonce_extension(nonce, false));
            }
            Some(Defect::CriticalExtension) => extensions.push(nonce_extension(nonce, true)),
            _ => extensions.push(nonce_extension(nonce, false)),
        }
        Ok(Draft {
            serial,
            issuer: issuer.to_vec(),
            subject: name(&[
                (COMMON_NAME, &common_name),
                (ORGANIZATIONAL_UNIT, "AAA Certification"),
                (ORGANIZATION, "Simulated Devices"),
                (STATE, "California"),
            ]),
            not_before: after(order.at, HOUR * from),
            not_after: after(order.at, HOUR * to),
            key: p256_key(&self.point()),
            extensions,
        })
    }
}
