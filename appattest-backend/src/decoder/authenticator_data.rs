//! Authenticator data (WebAuthn section 6.1, as Apple writes it), by length and position.
//!
//! ```text
//! assertion:    rpIdHash[32] flags[1] counter[4]                                     [extensions]
//! attestation:  rpIdHash[32] flags[1] counter[4] aaguid[16] length[2]=32 id[32] key[77] [extensions]
//! ```

use super::{DecodeError, Extensions};

/// Length in bytes of the COSE form of an ES256 key, the only one that Apple writes.
pub const COSE_KEY_LENGTH: usize = 77;

/// `{1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: X, -3: Y}`, up to X.
const COSE_BEFORE_X: [u8; 10] = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
/// Between X and Y.
const COSE_BEFORE_Y: [u8; 3] = [0x22, 0x58, 0x20];
const CREDENTIAL_ID_LENGTH: u16 = 32;

/// Authenticator data of an assertion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssertionData {
    /// SHA-256 of the application id.
    pub rp_id_hash: [u8; 32],
    /// Uses of the key so far, this one included.
    pub counter: u32,
    /// What iOS 27 and macOS 27 add.
    pub extensions: Extensions,
}

impl AssertionData {
    /// Reads 37 bytes and, where more follow, one extension map.
    ///
    /// # Errors
    ///
    /// [`DecodeError::AuthenticatorDataLength`] or [`DecodeError::Extensions`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut cursor = Cursor::new(bytes);
        let (rp_id_hash, counter) = cursor.head()?;
        Ok(Self {
            rp_id_hash,
            counter,
            extensions: Extensions::decode(cursor.rest)?,
        })
    }
}

/// Authenticator data of an attestation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestedData {
    /// SHA-256 of the application id.
    pub rp_id_hash: [u8; 32],
    /// Must be zero: the key has not been used.
    pub counter: u32,
    /// Names the environment.
    pub aaguid: [u8; 16],
    /// The key id.
    pub credential_id: [u8; 32],
    /// The public key as an uncompressed point: `04 || X || Y`.
    pub public_key: [u8; 65],
    /// What iOS 27 and macOS 27 add.
    pub extensions: Extensions,
}

impl AttestedData {
    /// Reads 164 bytes and, where more follow, one extension map.
    ///
    /// # Errors
    ///
    /// [`DecodeError::AuthenticatorDataLength`], [`DecodeError::CredentialIdLength`],
    /// [`DecodeError::CoseKey`] or [`DecodeError::Extensions`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut cursor = Cursor::new(bytes);
        let (rp_id_hash, counter) = cursor.head()?;
        let aaguid = cursor.take()?;
        let id_length = u16::from_be_bytes(cursor.take()?);
        if id_length != CREDENTIAL_ID_LENGTH {
            return Err(DecodeError::CredentialIdLength(id_length));
        }
        let credential_id = cursor.take()?;
        let public_key = point(&cursor.take()?)?;
        Ok(Self {
            rp_id_hash,
            counter,
            aaguid,
            credential_id,
            public_key,
            extensions: Extensions::decode(cursor.rest)?,
        })
    }
}

/// The uncompressed point in a COSE key of Apple's one shape.
fn point(cose: &[u8; COSE_KEY_LENGTH]) -> Result<[u8; 65], DecodeError> {
    let coordinates = || {
        let (x, rest) = cose
            .strip_prefix(&COSE_BEFORE_X)?
            .split_first_chunk::<32>()?;
        let y = rest.strip_prefix(&COSE_BEFORE_Y)?;
        Some((x, y))
    };
    let (x, y) = coordinates().ok_or(DecodeError::CoseKey)?;
    let mut point = [0x04; 65];
    for (place, byte) in point.iter_mut().skip(1).zip(x.iter().chain(y)) {
        *place = *byte;
    }
    Ok(point)
}

struct Cursor<'b> {
    rest: &'b [u8],
    length: usize,
}

impl<'b> Cursor<'b> {
    fn new(bytes: &'b [u8]) -> Self {
        Self {
            rest: bytes,
            length: bytes.len(),
        }
    }

    /// The 37 bytes that both forms begin with. The flags are passed over: they lie.
    fn head(&mut self) -> Result<([u8; 32], u32), DecodeError> {
        let rp_id_hash = self.take()?;
        let _flags: [u8; 1] = self.take()?;
        Ok((rp_id_hash, u32::from_be_bytes(self.take()?)))
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(DecodeError::AuthenticatorDataLength(self.length))?;
        self.rest = rest;
        Ok(*taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_flags_without_the_data_they_announce_are_ignored() {
        let mut bytes = [7_u8; 37];
        bytes[32] = 0xff;
        bytes[33..].copy_from_slice(&[0, 0, 1, 2]);
        let data = AssertionData::decode(&bytes).unwrap();
        assert_eq!(data.counter, 258);
        assert_eq!(data.extensions, Extensions::default());
    }

    #[test]
    fn data_of_every_shorter_length_is_too_short() {
        for length in 0..37 {
            assert_eq!(
                AssertionData::decode(&vec![0; length]),
                Err(DecodeError::AuthenticatorDataLength(length))
            );
        }
    }

    #[test]
    fn an_unusual_credential_id_length_has_an_error_of_its_own() {
        let mut bytes = [0_u8; 164];
        bytes[54] = 31;
        assert_eq!(
            AttestedData::decode(&bytes),
            Err(DecodeError::CredentialIdLength(31))
        );
    }

    #[test]
    fn a_key_of_another_shape_is_refused() {
        let mut bytes = [0_u8; 164];
        bytes[54] = 32;
        assert_eq!(AttestedData::decode(&bytes), Err(DecodeError::CoseKey));
    }
}
