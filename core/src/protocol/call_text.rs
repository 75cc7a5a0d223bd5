//! The `call` of a step as a definition spells it.

use super::limits::PATH_BYTES_MAX;
use super::name::quoted;

/// A call: as much of it as could be read, and what is wrong with the rest.
#[derive(Debug, Default)]
pub(super) struct CallText<'d> {
    pub(super) method: Option<MethodText>,
    /// The path as it is written.
    pub(super) path: &'d str,
    pub(super) pieces: Vec<PieceText<'d>>,
    pub(super) problems: Vec<String>,
}

/// A part of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PieceText<'d> {
    Written(&'d str),
    Source(&'d str),
}

/// The methods of the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MethodText {
    Post,
    Get,
}

/// Reads a call such as `POST /app-attest/register`.
pub(super) fn parse(text: &str) -> CallText<'_> {
    let mut call = CallText::default();
    let (method, path) = text.split_once(' ').unwrap_or((text, ""));
    call.method = match method {
        "POST" => Some(MethodText::Post),
        "GET" => Some(MethodText::Get),
        _ => None,
    };
    if call.method.is_none() || !path.starts_with('/') {
        call.problems.push(format!(
            "{} is no call; write the method POST or GET, one space, and a path that starts with \"/\"",
            quoted(text)
        ));
        return call;
    }
    call.path = path;
    call.take_pieces();
    call.check_path();
    call
}

impl<'d> CallText<'d> {
    /// Splits the path into what is sent as written and the sources between.
    fn take_pieces(&mut self) {
        let mut rest = self.path;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((source, after)) = after.split_once('}') else {
                self.problems
                    .push("\"{\" in a path needs its \"}\"".to_owned());
                break;
            };
            if !before.ends_with('/') || !(after.is_empty() || after.starts_with('/')) {
                self.problems.push(format!(
                    "the source {} must be a whole segment of the path, between slashes",
                    quoted(source)
                ));
            }
            self.pieces.push(PieceText::Written(before));
            self.pieces.push(PieceText::Source(source));
            rest = after;
        }
        if !rest.is_empty() {
            self.pieces.push(PieceText::Written(rest));
        }
    }

    /// What is sent is the path as written: so it holds only what needs no
    /// encoding, and nothing that whoever reads a URL would normalise away.
    fn check_path(&mut self) {
        if self.path.len() > PATH_BYTES_MAX {
            let message = format!("a path is at most {PATH_BYTES_MAX} bytes long");
            self.problems.push(message);
        }
        if self.path.starts_with("//") {
            let message = "a path starts with one \"/\": two would start a host name";
            self.problems.push(message.to_owned());
        }
        let plain: String = self
            .pieces
            .iter()
            .copied()
            .map(PieceText::written)
            .collect();
        if let Some(bad) = plain
            .chars()
            .find(|character| !is_path_character(*character))
        {
            let message = format!(
                "a path may not hold {bad:?}: write letters, digits, \"/\" and -._~!$&'()*+,;=:@ as they are, anything else as %XX of its UTF-8 bytes"
            );
            self.problems.push(message);
        }
        if plain
            .split('%')
            .skip(1)
            .any(|after| !starts_with_hex_pair(after))
        {
            let message = "\"%\" in a path is followed by two hexadecimal digits";
            self.problems.push(message.to_owned());
        }
        if plain.split('/').any(is_dot_segment) {
            let message = "a path may not hold the segments \".\" and \"..\" (nor as %2e): they would be resolved on the way";
            self.problems.push(message.to_owned());
        }
    }
}

impl<'d> PieceText<'d> {
    /// What is sent as it is written.
    fn written(self) -> &'d str {
        match self {
            Self::Written(text) => text,
            Self::Source(_) => "",
        }
    }
}

fn is_path_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "/-._~!$&'()*+,;=:@%".contains(character)
}

fn starts_with_hex_pair(text: &str) -> bool {
    let pair = text.as_bytes().get(..2);
    pair.is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit))
}

fn is_dot_segment(segment: &str) -> bool {
    let decoded = segment.replace("%2e", ".").replace("%2E", ".");
    matches!(decoded.as_str(), "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_call_is_read_as_written() {
        let call = parse("POST /app-attest/register");
        assert_eq!(call.method, Some(MethodText::Post));
        assert_eq!(call.pieces, [PieceText::Written("/app-attest/register")]);
        assert!(call.problems.is_empty());
        assert!(parse("POST /").problems.is_empty());
        assert!(parse("GET /a%20b/~c;d=(e)/").problems.is_empty());
    }

    #[test]
    fn sources_are_whole_segments() {
        let call = parse("GET /orders/{start.response:/id}/lines/{flow:/flowID}");
        let pieces = [
            PieceText::Written("/orders/"),
            PieceText::Source("start.response:/id"),
            PieceText::Written("/lines/"),
            PieceText::Source("flow:/flowID"),
        ];
        assert_eq!(call.pieces, pieces);
        assert!(call.problems.is_empty(), "{:?}", call.problems);
        for text in [
            "GET /a{flow:/flowID}",
            "GET /{flow:/flowID}b",
            "GET /{flow:/flowID",
        ] {
            assert!(!parse(text).problems.is_empty(), "{text}");
        }
    }

    #[test]
    fn what_would_not_travel_as_written_is_refused() {
        let bad = [
            "",
            "POST",
            "POST ",
            "POST a",
            "post /a",
            "PUT /a",
            "POST  /a",
            "POST //host/a",
            "POST /a b",
            "POST /a?b",
            "POST /a#b",
            "POST /ä",
            "POST /a\\b",
            "POST /a\u{7f}",
            "POST /a%",
            "POST /a%2",
            "POST /a%zz",
            "POST /.",
            "POST /a/../b",
            "POST /a/%2e%2E/b",
            "POST /.%2e",
            "POST /a}",
        ];
        for text in bad {
            assert!(!parse(text).problems.is_empty(), "{text:?}");
        }
    }

    #[test]
    fn a_path_is_bounded() {
        let fits = format!("POST /{}", "a".repeat(PATH_BYTES_MAX - 1));
        assert!(parse(&fits).problems.is_empty());
        assert!(!parse(&format!("{fits}a")).problems.is_empty());
    }
}
