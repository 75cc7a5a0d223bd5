//! As much DER (X.690) as a certificate takes, written and never read.

use jiff::Timestamp;

/// Tag, length, content.
pub(super) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len();
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let bytes = length.to_be_bytes();
            let significant = bytes.iter().skip_while(|byte| **byte == 0);
            let count = u8::try_from(significant.clone().count()).unwrap_or(8);
            out.push(0x80 | count);
            out.extend(significant);
        }
    }
    out.extend_from_slice(content);
    out
}

pub(super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// An object identifier, from its encoded content.
pub(super) fn oid(content: &[u8]) -> Vec<u8> {
    tlv(0x06, content)
}

pub(super) fn octets(content: &[u8]) -> Vec<u8> {
    tlv(0x04, content)
}

pub(super) fn boolean_true() -> Vec<u8> {
    tlv(0x01, &[0xff])
}

/// A bit string without unused bits.
pub(super) fn bits(content: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[0], content].concat())
}

/// A positive integer.
pub(super) fn integer(magnitude: &[u8]) -> Vec<u8> {
    let stripped: Vec<u8> = magnitude
        .iter()
        .copied()
        .skip_while(|byte| *byte == 0)
        .collect();
    match stripped.first() {
        Some(high) if high & 0x80 == 0 => tlv(0x02, &stripped),
        _ => tlv(0x02, &[&[0], stripped.as_slice()].concat()),
    }
}

/// A moment as certificates write it: two-digit years up to 2049 (RFC 5280, section 4.1.2.5).
pub(super) fn time(moment: Timestamp) -> Vec<u8> {
    let long = moment.strftime("%Y%m%d%H%M%SZ").to_string();
    match long.strip_prefix("20") {
        Some(short) if long.as_str() < "2050" => tlv(0x17, short.as_bytes()),
        _ => tlv(0x18, long.as_bytes()),
    }
}

/// A name with one UTF-8 attribute in each part.
pub(super) fn name(attributes: &[(&[u8], &str)]) -> Vec<u8> {
    let parts: Vec<Vec<u8>> = attributes
        .iter()
        .map(|(kind, value)| {
            let attribute = sequence(&[&oid(kind), &tlv(0x0c, value.as_bytes())]);
            tlv(0x31, &attribute)
        })
        .collect();
    tlv(0x30, &parts.concat())
}
