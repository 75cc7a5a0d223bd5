//! Authenticator data as the releases write it.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// Which release's bytes are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Up to iOS 26: no extension map.
    #[default]
    Classic,
    /// iOS 27: an extension map, and flags that announce more than there is.
    Ios27,
    /// macOS 27: an extension map with a code-directory hash and without a bundle version, and
    /// flags that announce less than there is.
    Macos27,
}

const ATTESTED: u8 = 0x40;
const ATTESTED_AND_EXTENDED: u8 = 0xc0;

impl Form {
    /// The flags byte, with the attested-credential bit set even where no credential follows.
    pub(super) fn flags(self) -> u8 {
        match self {
            Form::Classic | Form::Macos27 => ATTESTED,
            Form::Ios27 => ATTESTED_AND_EXTENDED,
        }
    }

    /// The extension map, CBOR.
    pub(super) fn extensions(self, bundle_version: &str, validation_category: u32) -> Vec<u8> {
        let entries = match self {
            Form::Classic => return Vec::new(),
            Form::Ios27 => 2,
            Form::Macos27 => 3,
        };
        let mut out = vec![0xa0 | entries];
        if self == Form::Ios27 {
            cbor_text(&mut out, "apple_bundle_version_01");
            cbor_text(&mut out, bundle_version);
        }
        cbor_text(&mut out, "apple_validation_category_01");
        cbor_bytes(&mut out, &validation_category.to_le_bytes());
        if self == Form::Macos27 {
            cbor_text(&mut out, "apple_cd_hash_hash_01");
            cbor_bytes(&mut out, &[0xcd; 32]);
            cbor_text(&mut out, "apple_cd_hash_type_01");
            cbor_bytes(&mut out, &[2]);
        }
        out
    }
}

/// The 37 bytes that assertions and attestations begin with.
pub(super) fn head(rp_id_hash: &[u8; 32], flags: u8, counter: u32) -> Vec<u8> {
    let mut out = rp_id_hash.to_vec();
    out.push(flags);
    out.extend(counter.to_be_bytes());
    out
}

pub(super) fn cbor_text(out: &mut Vec<u8>, text: &str) {
    cbor_head(out, 0x60, text.len());
    out.extend_from_slice(text.as_bytes());
}

pub(super) fn cbor_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    cbor_head(out, 0x40, bytes.len());
    out.extend_from_slice(bytes);
}

/// Major type and shortest length (RFC 8949, section 4.2.1); nothing here reaches 64 KiB.
fn cbor_head(out: &mut Vec<u8>, major: u8, length: usize) {
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if short < 24 => out.push(major | short),
        (Ok(short), _) => out.extend([major | 24, short]),
        (_, length) => {
            out.push(major | 25);
            out.extend(length.unwrap_or(u16::MAX).to_be_bytes());
        }
    }
}
