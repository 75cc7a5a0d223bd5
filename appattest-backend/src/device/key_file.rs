//! One key of a simulated device: what it is for, how often it was used, and its file.

use p256::ecdsa::SigningKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{DeviceError, Form};
use crate::{
    app_id::AppId,
    decoder::{decode_base64, encode_base64},
    entropy::{Entropy, random},
    environment::Environment,
};

/// What a key is made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The application it lives in.
    pub app: AppId,
    /// The environment that attests it.
    pub environment: Environment,
    /// Which release's bytes it writes.
    pub form: Form,
    /// `CFBundleVersion`, where the form says it.
    pub bundle_version: String,
    /// How the application was distributed, where the form says it.
    pub validation_category: u32,
}

/// A simulated device with one key.
#[derive(Clone)]
pub struct Device {
    key: SigningKey,
    profile: Profile,
    counter: u32,
    last_assertion: Option<Vec<u8>>,
}

impl std::fmt::Debug for Device {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Device")
            .field("profile", &self.profile)
            .field("counter", &self.counter)
            .finish_non_exhaustive()
    }
}

impl Device {
    /// Makes a key.
    ///
    /// # Errors
    ///
    /// [`DeviceError::Entropy`].
    pub fn generate(entropy: &dyn Entropy, profile: &Profile) -> Result<Self, DeviceError> {
        Ok(Self {
            key: SigningKey::from_slice(&random::<32>(entropy)?).map_err(|_| DeviceError::Key)?,
            profile: profile.clone(),
            counter: 0,
            last_assertion: None,
        })
    }

    /// The key id: SHA-256 of the public key as an uncompressed point.
    #[must_use]
    pub fn key_id(&self) -> [u8; 32] {
        Sha256::digest(self.point()).into()
    }

    /// The public key: `04 || X || Y`.
    #[must_use]
    pub fn point(&self) -> [u8; 65] {
        let encoded = self.key.verifying_key().to_sec1_point(false);
        let mut point = [0; 65];
        for (place, byte) in point.iter_mut().zip(encoded.as_bytes()) {
            *place = *byte;
        }
        point
    }

    /// What the key is for.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The counter of the last assertion; zero before the first.
    #[must_use]
    pub fn counter(&self) -> u32 {
        self.counter
    }

    /// The same key in another setting, as a cloned or cheating device would have it.
    #[must_use]
    pub fn in_profile(&self, profile: Profile) -> Self {
        Self {
            profile,
            ..self.clone()
        }
    }

    /// The device, private key included, as it is kept in a file.
    #[must_use]
    pub fn to_stored(&self) -> StoredDevice {
        StoredDevice {
            key: encode_base64(&self.key.to_bytes()),
            app: self.profile.app.to_string(),
            environment: self.profile.environment,
            form: self.profile.form,
            bundle_version: self.profile.bundle_version.clone(),
            validation_category: self.profile.validation_category,
            counter: self.counter,
            last_assertion: self.last_assertion.as_deref().map(encode_base64),
        }
    }

    /// The device from its file.
    ///
    /// # Errors
    ///
    /// [`DeviceError::Key`], where the file was not written by [`Device::to_stored`].
    pub fn from_stored(stored: StoredDevice) -> Result<Self, DeviceError> {
        let bytes = |text: &str| decode_base64(text).ok_or(DeviceError::Key);
        Ok(Self {
            key: SigningKey::from_slice(&bytes(&stored.key)?).map_err(|_| DeviceError::Key)?,
            profile: Profile {
                app: stored.app.parse().map_err(|_| DeviceError::Key)?,
                environment: stored.environment,
                form: stored.form,
                bundle_version: stored.bundle_version,
                validation_category: stored.validation_category,
            },
            counter: stored.counter,
            last_assertion: stored.last_assertion.as_deref().map(bytes).transpose()?,
        })
    }

    pub(super) fn key(&self) -> &SigningKey {
        &self.key
    }

    pub(super) fn into_key(self) -> SigningKey {
        self.key
    }

    pub(super) fn last_assertion(&self) -> Option<&[u8]> {
        self.last_assertion.as_deref()
    }

    pub(super) fn remember(&mut self, counter: u32, assertion: &[u8]) {
        self.counter = counter;
        self.last_assertion = Some(assertion.to_vec());
    }
}

/// A [`Device`] as JSON.
#[derive(Clone, Deserialize, Serialize)]
pub struct StoredDevice {
    key: String,
    app: String,
    environment: Environment,
    form: Form,
    bundle_version: String,
    validation_category: u32,
    counter: u32,
    last_assertion: Option<String>,
}
