//! Certificates as Apple shapes them, or misshapes them on request.

use jiff::Timestamp;

use super::der::{bits, boolean_true, integer, name, octets, oid, sequence, time, tlv};

pub(super) const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
pub(super) const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];
pub(super) const ORGANIZATIONAL_UNIT: &[u8] = &[0x55, 0x04, 0x0b];
pub(super) const STATE: &[u8] = &[0x55, 0x04, 0x08];

const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
/// 1.2.840.113635.100.8.2
const NONCE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x63, 0x64, 0x08, 0x02];
/// 1.2.840.113635.100.4.24
const APP_ATTEST_USAGE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x63, 0x64, 0x04, 0x18];

/// A certificate before it is signed.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) serial: [u8; 8],
    /// The issuer's name, DER.
    pub(super) issuer: Vec<u8>,
    /// The subject's name, DER.
    pub(super) subject: Vec<u8>,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    /// The subject's public key, DER.
    pub(super) key: Vec<u8>,
    /// Extensions, DER.
    pub(super) extensions: Vec<Vec<u8>>,
}

impl Draft {
    /// The part that is signed.
    pub(super) fn to_be_signed(&self, algorithm: &[u8]) -> Vec<u8> {
        sequence(&[
            &tlv(0xa0, &integer(&[2])),
            &integer(&self.serial),
            algorithm,
            &self.issuer,
            &sequence(&[&time(self.not_before), &time(self.not_after)]),
            &self.subject,
            &self.key,
            &tlv(0xa3, &tlv(0x30, &self.extensions.concat())),
        ])
    }
}

pub(super) fn p256_key(point: &[u8]) -> Vec<u8> {
    sequence(&[&sequence(&[&oid(EC_PUBLIC_KEY), &oid(P256)]), &bits(point)])
}

pub(super) fn p384_key(point: &[u8]) -> Vec<u8> {
    sequence(&[&sequence(&[&oid(EC_PUBLIC_KEY), &oid(P384)]), &bits(point)])
}

/// The name of an authority of the simulated vendor.
pub(super) fn authority_name(common_name: &str) -> Vec<u8> {
    name(&[
        (COMMON_NAME, common_name),
        (ORGANIZATION, "Simulated Devices"),
        (STATE, "California"),
    ])
}

/// Extensions of an authority; without the constraint it is none.
pub(super) fn authority_extensions(is_ca: bool, path_length: Option<u8>) -> Vec<Vec<u8>> {
    let constraint = match (is_ca, path_length) {
        (false, _) => sequence(&[]),
        (true, None) => sequence(&[&boolean_true()]),
        (true, Some(length)) => sequence(&[&boolean_true(), &integer(&[length])]),
    };
    vec![
        extension(BASIC_CONSTRAINTS, true, &constraint),
        // keyCertSign, cRLSign
        extension(KEY_USAGE, true, &tlv(0x03, &[1, 0x06])),
    ]
}

/// Extensions of a leaf, but for the nonce.
pub(super) fn leaf_extensions(with_usage: bool) -> Vec<Vec<u8>> {
    let mut extensions = vec![
        extension(BASIC_CONSTRAINTS, true, &sequence(&[])),
        // digitalSignature, nonRepudiation, keyEncipherment, dataEncipherment
        extension(KEY_USAGE, true, &tlv(0x03, &[4, 0xf0])),
    ];
    if with_usage {
        let purposes = sequence(&[&oid(APP_ATTEST_USAGE)]);
        extensions.push(extension(EXTENDED_KEY_USAGE, false, &purposes));
    }
    extensions
}

pub(super) fn nonce_extension(nonce: &[u8], critical: bool) -> Vec<u8> {
    let value = sequence(&[&tlv(0xa1, &octets(nonce))]);
    extension(NONCE, critical, &value)
}

fn extension(id: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let criticality = match critical {
        true => boolean_true(),
        false => Vec::new(),
    };
    sequence(&[&oid(id), &criticality, &octets(value)])
}
