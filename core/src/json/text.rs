//! Strings: what an escaped one means, and how one is written.

use std::borrow::Cow;

/// Decodes the text between the quotes of a checked string.
///
/// The result is WTF-8: UTF-8, but a lone surrogate escape becomes the three
/// bytes that it would have, so that any two strings compare as they should.
pub(super) fn decode(inner: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = inner.iter().position(|byte| *byte == b'\\') else {
        return Cow::Borrowed(inner);
    };
    let mut out = Vec::with_capacity(inner.len());
    let (plain, mut rest) = inner.split_at(first);
    out.extend_from_slice(plain);
    while let Some((byte, after)) = rest.split_first() {
        rest = match byte {
            b'\\' => decode_escape(&mut out, after),
            _ => {
                out.push(*byte);
                after
            }
        };
    }
    Cow::Owned(out)
}

/// Decodes the escape after a backslash and returns what follows it.
fn decode_escape<'a>(out: &mut Vec<u8>, escape: &'a [u8]) -> &'a [u8] {
    let Some((letter, after)) = escape.split_first() else {
        return escape;
    };
    match letter {
        b'u' => return decode_unicode(out, after),
        b'b' => out.push(0x08),
        b'f' => out.push(0x0c),
        b'n' => out.push(b'\n'),
        b'r' => out.push(b'\r'),
        b't' => out.push(b'\t'),
        other => out.push(*other),
    }
    after
}

fn decode_unicode<'a>(out: &mut Vec<u8>, digits: &'a [u8]) -> &'a [u8] {
    let Some((unit, after)) = code_unit(digits) else {
        return &[];
    };
    let low = after.strip_prefix(b"\\u").and_then(code_unit);
    if let (0xd800..=0xdbff, Some((low @ 0xdc00..=0xdfff, rest))) = (unit, low) {
        push_code_point(out, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
        return rest;
    }
    push_code_point(out, unit);
    after
}

/// Four hexadecimal digits, and what follows them.
fn code_unit(text: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_at_checked(4)?;
    let digits = core::str::from_utf8(digits).ok()?;
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
}

/// Writes a code point as (generalized) UTF-8: surrogates have three bytes.
fn push_code_point(out: &mut Vec<u8>, code_point: u32) {
    if let Some(character) = char::from_u32(code_point) {
        let mut buffer = [0; 4];
        out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
        return;
    }
    let [_, _, high, low] = code_point.to_be_bytes();
    out.extend_from_slice(&[
        0xe0 | high >> 4,
        0x80 | (high & 0x0f) << 2 | low >> 6,
        0x80 | low & 0x3f,
    ]);
}

/// Writes `text` as a JSON string, quotes included.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x00..=0x1f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}
