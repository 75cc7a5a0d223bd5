//! Texts of callers and backends in a log line: whatever they hold, the line stays one line, and
//! says nothing to the terminal or the editor that shows it.

use std::fmt::Write;

use crate::printable::commands;

/// The longest text that a line holds, in bytes; of a longer one the beginning is written.
const MAX_BYTES: usize = 16 * 1024;

/// Writes a text as a JSON string.
pub(super) fn json(out: &mut String, text: &str) {
    out.push('"');
    for character in told(text).chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            character if commands(character) => {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    // Writing to a String cannot fail.
                    let _infallible = write!(out, "\\u{unit:04x}");
                }
            }
            character => out.push(character),
        }
    }
    close(out, text);
}

/// Writes a text as it is where it is one plain word, else quoted.
pub(super) fn word(out: &mut String, text: &str) {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'=');
    if !text.is_empty() && text.len() <= MAX_BYTES && text.bytes().all(is_plain) {
        out.push_str(text);
    } else {
        json(out, text);
    }
}

/// Writes what happened: as it is where it can be taken for nothing else, else quoted.
pub(super) fn phrase(out: &mut String, text: &str) {
    let is_plain = |character| !commands(character) && !matches!(character, '"' | '\\' | '=');
    if text.len() <= MAX_BYTES && text.chars().all(is_plain) {
        out.push_str(text);
    } else {
        json(out, text);
    }
}

fn close(out: &mut String, text: &str) {
    if told(text).len() < text.len() {
        out.push('…');
    }
    out.push('"');
}

fn told(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_BYTES))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_json(text: &str) -> String {
        let mut out = String::new();
        json(&mut out, text);
        out
    }

    fn as_word(text: &str) -> String {
        let mut out = String::new();
        word(&mut out, text);
        out
    }

    #[test]
    fn what_a_text_would_do_to_a_reader_is_written_as_an_escape() {
        assert_eq!(
            as_json("a\n\"b\\\u{1b}[2J\u{9b}\u{2028}\u{202e}\u{e0041}\u{7f}é"),
            "\"a\\n\\\"b\\\\\\u001b[2J\\u009b\\u2028\\u202e\\udb40\\udc41\\u007fé\""
        );
    }

    #[test]
    fn every_text_is_read_back_from_json_as_it_was() {
        let every: String = (0..=0xffff).filter_map(char::from_u32).collect();
        for part in every.as_bytes().chunks(4096) {
            let text = String::from_utf8_lossy(part);
            let read: String = serde_json::from_str(&as_json(&text)).unwrap();
            assert_eq!(read, text);
        }
    }

    #[test]
    fn a_plain_word_stands_bare_and_whatever_could_be_taken_for_more_is_quoted() {
        assert_eq!(
            as_word("/v1/flows/{flowHandle}/status"),
            "/v1/flows/{flowHandle}/status"
        );
        for (text, written) in [
            ("", "\"\""),
            ("a b", "\"a b\""),
            ("a=b", "\"a=b\""),
            ("x\nlevel=ERROR", "\"x\\nlevel=ERROR\""),
            ("\"", "\"\\\"\""),
            ("é", "\"é\""),
        ] {
            assert_eq!(as_word(text), written);
        }
    }

    #[test]
    fn of_a_long_text_the_beginning_is_written() {
        let long = "é".repeat(MAX_BYTES);

        assert_eq!(as_json(&long).len(), MAX_BYTES + "\"…\"".len());
        assert_eq!(as_word(&long), as_json(&long));
    }
}
