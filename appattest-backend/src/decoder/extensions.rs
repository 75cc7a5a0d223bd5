//! The map that iOS 27 and macOS 27 put after authenticator data.

use super::{DecodeError, cbor::Reader};

const BUNDLE_VERSION: &str = "apple_bundle_version_01";
const VALIDATION_CATEGORY: &str = "apple_validation_category_01";

/// What the extension map says. Classic objects have no map and say nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// `CFBundleVersion` of the application.
    pub bundle_version: Option<String>,
    /// How the application came to the device: 1 platform, 2 TestFlight, 3 development-signed,
    /// 4 App Store, 5 enterprise or ad hoc, 6 Developer ID, 10 none.
    pub validation_category: Option<u32>,
}

impl Extensions {
    /// Reads what follows the fixed part: nothing, or one map and nothing after it. Entries that
    /// we do not know (macOS adds its code-directory hash) are passed over.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Extensions`], around what is wrong with the map.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        Self::read(bytes).map_err(|error| DecodeError::Extensions(Box::new(error)))
    }

    fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut extensions = Self::default();
        let mut reader = Reader::new(bytes);
        reader.map(|reader, key| {
            match key {
                BUNDLE_VERSION => extensions.bundle_version = Some(reader.text()?.to_owned()),
                VALIDATION_CATEGORY => {
                    let category = <[u8; 4]>::try_from(reader.bytes()?)
                        .map_err(|_| DecodeError::Malformed { position: 0 })?;
                    extensions.validation_category = Some(u32::from_le_bytes(category));
                }
                _ => reader.skip()?,
            }
            Ok(())
        })?;
        reader.end()?;
        Ok(extensions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_that_ios_27_writes_is_read() {
        let mut bytes = vec![0xa2, 0x77];
        bytes.extend(b"apple_bundle_version_01");
        bytes.extend([0x61, b'1', 0x78, 0x1c]);
        bytes.extend(b"apple_validation_category_01");
        bytes.extend([0x44, 3, 0, 0, 0]);
        assert_eq!(bytes.len(), 62);
        let extensions = Extensions::decode(&bytes).unwrap();
        assert_eq!(extensions.bundle_version.as_deref(), Some("1"));
        assert_eq!(extensions.validation_category, Some(3));
        bytes.push(0);
        assert_eq!(
            Extensions::decode(&bytes),
            Err(DecodeError::Extensions(Box::new(
                DecodeError::TrailingBytes(1)
            )))
        );
    }
}
