//! The assertion object: `{signature, authenticatorData}`.

use super::{DecodeError, cbor::Reader};

/// The parts of an assertion object, borrowed from its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssertionObject<'b> {
    /// An ECDSA signature, DER.
    pub signature: &'b [u8],
    /// Authenticator data, covered by the signature.
    pub authenticator_data: &'b [u8],
}

impl<'b> AssertionObject<'b> {
    /// Takes an assertion object apart. Unknown members are passed over, never trusted.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`] that a map of two byte strings can show.
    pub fn decode(bytes: &'b [u8]) -> Result<Self, DecodeError> {
        let mut signature = None;
        let mut authenticator_data = None;
        let mut reader = Reader::new(bytes);
        reader.map(|reader, key| {
            match key {
                "signature" => signature = Some(reader.bytes()?),
                "authenticatorData" => authenticator_data = Some(reader.bytes()?),
                _ => reader.skip()?,
            }
            Ok(())
        })?;
        reader.end()?;
        Ok(Self {
            signature: signature.ok_or(DecodeError::MissingMember("signature"))?,
            authenticator_data: authenticator_data
                .ok_or(DecodeError::MissingMember("authenticatorData"))?,
        })
    }
}
