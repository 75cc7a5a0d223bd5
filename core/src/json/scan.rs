//! The grammar check: the only judge of what JSON is.

use core::ops::Range;

use super::error::{JsonError, JsonErrorKind};
use super::walk::skip_space;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A container that is open, by what closes it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Container {
    Object,
    Array,
}

impl Container {
    const fn closing(self) -> u8 {
        match self {
            Self::Object => b'}',
            Self::Array => b']',
        }
    }
}

/// Checks that `text` is one JSON value with white space around it, and
/// returns where the value lies.
pub(super) fn check(text: &[u8], max_depth: usize) -> Result<Range<usize>, JsonError> {
    if text.starts_with(BYTE_ORDER_MARK) {
        return Err(JsonError {
            offset: 0,
            kind: JsonErrorKind::ByteOrderMark,
        });
    }
    core::str::from_utf8(text).map_err(|error| JsonError {
        offset: error.valid_up_to(),
        kind: JsonErrorKind::NotUtf8,
    })?;
    Scanner {
        text,
        at: 0,
        open: Vec::new(),
        max_depth,
    }
    .document()
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    open: Vec<Container>,
    max_depth: usize,
}

impl Scanner<'_> {
    fn document(mut self) -> Result<Range<usize>, JsonError> {
        self.space();
        let start = self.at;
        loop {
            let whole = self.value()?;
            if whole && !self.another_follows()? {
                break;
            }
        }
        let end = self.at;
        self.space();
        match self.peek() {
            None => Ok(start..end),
            Some(_) => Err(self.error(JsonErrorKind::TrailingText)),
        }
    }

    /// Reads a scalar or an empty container (true), or opens a container and
    /// stands where its first value starts (false).
    fn value(&mut self) -> Result<bool, JsonError> {
        match self.peek() {
            Some(b'{') => self.open(Container::Object),
            Some(b'[') => self.open(Container::Array),
            Some(b'"') => self.string().map(|()| true),
            Some(b'-' | b'0'..=b'9') => self.number().map(|()| true),
            Some(b't') => self.literal(b"true"),
            Some(b'f') => self.literal(b"false"),
            Some(b'n') => self.literal(b"null"),
            _ => Err(self.unexpected()),
        }
    }

    fn open(&mut self, container: Container) -> Result<bool, JsonError> {
        if self.open.len() >= self.max_depth {
            let max = self.max_depth;
            return Err(self.error(JsonErrorKind::TooDeep { max }));
        }
        self.at += 1;
        self.space();
        if self.peek() == Some(container.closing()) {
            self.at += 1;
            return Ok(true);
        }
        self.open.push(container);
        if container == Container::Object {
            self.name()?;
        }
        Ok(false)
    }

    /// After a value: closes what ends here, and says whether the scanner now
    /// stands before another value.
    fn another_follows(&mut self) -> Result<bool, JsonError> {
        while let Some(container) = self.open.last().copied() {
            self.space();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.space();
                    if container == Container::Object {
                        self.name()?;
                    }
                    return Ok(true);
                }
                Some(byte) if byte == container.closing() => {
                    self.at += 1;
                    self.open.pop();
                }
                _ => return Err(self.unexpected()),
            }
        }
        Ok(false)
    }

    /// A member's name, the colon, and the space around it.
    fn name(&mut self) -> Result<(), JsonError> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected());
        }
        self.string()?;
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.unexpected());
        }
        self.at += 1;
        self.space();
        Ok(())
    }

    fn string(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(0x00..=0x1f) => return Err(self.error(JsonErrorKind::ControlCharacter)),
                Some(_) => self.at += 1,
                None => return Err(self.unexpected()),
            }
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        let digits = match self.text.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 0,
            Some(b'u') => 4,
            Some(_) => return Err(self.error(JsonErrorKind::BadEscape)),
            None => 0,
        };
        let hex = self.text.get(self.at + 2..self.at + 2 + digits);
        match hex {
            Some(hex) if hex.iter().all(u8::is_ascii_hexdigit) => {
                self.at += 2 + digits;
                Ok(())
            }
            Some(_) => Err(self.error(JsonErrorKind::BadEscape)),
            None => {
                self.at = self.text.len();
                Err(self.unexpected())
            }
        }
    }

    fn number(&mut self) -> Result<(), JsonError> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    /// At least one digit.
    fn digits(&mut self) -> Result<(), JsonError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        if count == 0 {
            return Err(self.unexpected());
        }
        Ok(())
    }

    fn literal(&mut self, word: &[u8]) -> Result<bool, JsonError> {
        for expected in word {
            if self.peek() != Some(*expected) {
                return Err(self.unexpected());
            }
            self.at += 1;
        }
        Ok(true)
    }

    fn space(&mut self) {
        self.at = skip_space(self.text, self.at);
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn unexpected(&self) -> JsonError {
        self.error(match self.peek() {
            Some(_) => JsonErrorKind::UnexpectedByte,
            None => JsonErrorKind::UnexpectedEnd,
        })
    }

    fn error(&self, kind: JsonErrorKind) -> JsonError {
        JsonError {
            offset: self.at,
            kind,
        }
    }
}
