//! Base64 as clients write it (RFC 4648): standard or URL-safe, padded or not.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose},
};

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const EITHER_PADDING: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Decodes either alphabet, with canonical padding or none. A text that mixes the alphabets, has
/// white space, or has stray bits in its last character, is nothing.
#[must_use]
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let engine = match text.contains(['-', '_']) {
        true => &URL_SAFE,
        false => &EITHER_PADDING,
    };
    engine.decode(text).ok()
}

/// The one form that is written: standard, padded.
#[must_use]
pub fn encode_base64(bytes: &[u8]) -> String {
    general_purpose::STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_alphabets_and_both_paddings_mean_the_same_bytes() {
        for text in ["+/8=", "+/8", "-_8=", "-_8"] {
            assert_eq!(decode_base64(text), Some(vec![0xfb, 0xff]), "{text}");
        }
        assert_eq!(encode_base64(&[0xfb, 0xff]), "+/8=");
    }

    #[test]
    fn ambiguous_or_damaged_text_is_refused() {
        for text in ["+_8=", "+/9=", "+/8==", "+/ 8=", "+/8=\n", "A", "====", "é"] {
            assert_eq!(decode_base64(text), None, "{text}");
        }
    }
}
