//! The attestation object: `{fmt, attStmt: {x5c: [leaf, intermediate], receipt}, authData}`.

use super::{DecodeError, cbor::Reader};

const FORMAT: &str = "apple-appattest";

/// The parts of an attestation object, borrowed from its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttestationObject<'b> {
    /// The credential certificate, DER.
    pub leaf: &'b [u8],
    /// The certificate of the authority that issued the leaf, DER.
    pub intermediate: &'b [u8],
    /// Apple's receipt, opaque here: the nonce does not bind it.
    pub receipt: &'b [u8],
    /// Authenticator data, bound by the nonce.
    pub authenticator_data: &'b [u8],
}

impl<'b> AttestationObject<'b> {
    /// Takes an attestation object apart. Unknown members are passed over: some iOS releases add
    /// an unsigned `cdHash`.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`] but those of authenticator data, which is not looked into here.
    pub fn decode(bytes: &'b [u8]) -> Result<Self, DecodeError> {
        let mut format = None;
        let mut statement = None;
        let mut authenticator_data = None;
        let mut reader = Reader::new(bytes);
        reader.map(|reader, key| {
            match key {
                "fmt" => format = Some(reader.text()?),
                "attStmt" => statement = Some(Statement::read(reader)?),
                "authData" => authenticator_data = Some(reader.bytes()?),
                _ => reader.skip()?,
            }
            Ok(())
        })?;
        reader.end()?;
        if format.ok_or(DecodeError::MissingMember("fmt"))? != FORMAT {
            return Err(DecodeError::UnsupportedFormat);
        }
        let statement = statement.ok_or(DecodeError::MissingMember("attStmt"))?;
        Ok(Self {
            leaf: statement.leaf,
            intermediate: statement.intermediate,
            receipt: statement.receipt,
            authenticator_data: authenticator_data.ok_or(DecodeError::MissingMember("authData"))?,
        })
    }
}

struct Statement<'b> {
    leaf: &'b [u8],
    intermediate: &'b [u8],
    receipt: &'b [u8],
}

impl<'b> Statement<'b> {
    fn read(reader: &mut Reader<'b>) -> Result<Self, DecodeError> {
        let mut certificates = None;
        let mut receipt = None;
        reader.map(|reader, key| {
            match key {
                "x5c" => certificates = Some(read_certificates(reader)?),
                "receipt" => receipt = Some(reader.bytes()?),
                _ => reader.skip()?,
            }
            Ok(())
        })?;
        let (leaf, intermediate) = certificates.ok_or(DecodeError::MissingMember("x5c"))?;
        Ok(Self {
            leaf,
            intermediate,
            receipt: receipt.ok_or(DecodeError::MissingMember("receipt"))?,
        })
    }
}

fn read_certificates<'b>(reader: &mut Reader<'b>) -> Result<(&'b [u8], &'b [u8]), DecodeError> {
    match reader.array()? {
        2 => Ok((reader.bytes()?, reader.bytes()?)),
        count => Err(DecodeError::CertificateCount(count)),
    }
}
