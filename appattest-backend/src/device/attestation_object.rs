//! The CBOR of an attestation: the credential's COSE key, and the object around it all.

use sha2::{Digest as _, Sha256};

use super::{
    AttestationDefect as Defect,
    authenticator_data::{cbor_bytes, cbor_text},
};

const RECEIPT_LENGTH: usize = 3800;
/// `{1: 2, 3: -7, -1: 1, -2: X, -3: Y}` around X and Y.
const COSE_BEFORE_X: [u8; 10] = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
const COSE_BEFORE_Y: [u8; 3] = [0x22, 0x58, 0x20];

pub(super) fn cose_key(point: &[u8; 65], defect: Option<Defect>) -> Vec<u8> {
    let mut cose = COSE_BEFORE_X.to_vec();
    cose.extend(point.iter().skip(1).take(32));
    cose.extend(COSE_BEFORE_Y);
    cose.extend(point.iter().skip(33));
    if defect == Some(Defect::MalformedCoseKey) {
        // The algorithm, -7, becomes -8 (EdDSA).
        flip(&mut cose, 4);
    }
    cose
}

pub(super) fn object(chain: &[Vec<u8>], data: &[u8], defect: Option<Defect>) -> Vec<u8> {
    let certificates = match defect {
        Some(Defect::MissingIntermediate) => 1,
        _ => 2,
    };
    let mut entries = 3;
    let mut body = Vec::new();
    cbor_text(&mut body, "fmt");
    match defect {
        Some(Defect::WrongFormat) => cbor_text(&mut body, "apple"),
        _ => cbor_text(&mut body, "apple-appattest"),
    }
    cbor_text(&mut body, "attStmt");
    body.push(0xa2);
    cbor_text(&mut body, "x5c");
    body.push(0x80 | certificates);
    for certificate in chain.iter().take(usize::from(certificates)) {
        cbor_bytes(&mut body, certificate);
    }
    cbor_text(&mut body, "receipt");
    cbor_bytes(&mut body, &receipt());
    match defect {
        Some(Defect::MissingMember) => entries -= 1,
        _ => {
            cbor_text(&mut body, "authData");
            cbor_bytes(&mut body, data);
        }
    }
    match defect {
        Some(Defect::DuplicateCborKey) => {
            entries += 1;
            cbor_text(&mut body, "authData");
            cbor_bytes(&mut body, data);
        }
        Some(Defect::UnsignedEntry) => {
            entries += 1;
            cbor_text(&mut body, "cdHash");
            cbor_bytes(&mut body, &[0xcd; 20]);
        }
        Some(Defect::DeepCbor) => {
            entries += 1;
            cbor_text(&mut body, "deep");
            body.extend([0x81; 100]);
            body.push(0xf6);
        }
        Some(Defect::TrailingCbor) => body.push(0),
        Some(Defect::TruncatedCbor) => body.truncate(body.len() - 1),
        _ => {}
    }
    let mut object = vec![0xa0 | entries];
    object.extend(body);
    object
}

/// Filler of a real receipt's size: nothing binds a receipt to an attestation.
fn receipt() -> Vec<u8> {
    let mut out = Vec::with_capacity(RECEIPT_LENGTH + 32);
    let mut block: [u8; 32] = Sha256::digest(b"simulated receipt").into();
    while out.len() < RECEIPT_LENGTH {
        out.extend(block);
        block = Sha256::digest(block).into();
    }
    out.truncate(RECEIPT_LENGTH);
    out
}

/// Flips the lowest bit of one byte.
pub(super) fn flip(bytes: &mut [u8], index: usize) {
    if let Some(byte) = bytes.get_mut(index) {
        *byte ^= 1;
    }
}
