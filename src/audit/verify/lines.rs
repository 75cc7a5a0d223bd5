//! A file's lines, each with its place. A line that is longer than a record may be comes in pieces.

use std::io::{self, BufRead, Read as _};

use super::super::record::LINE_MAX;
use super::Input;
use super::problem::Place;

/// A line, or a piece of one that is too long.
pub(super) struct Piece {
    /// Its bytes, without the end of the line.
    pub(super) bytes: Vec<u8>,
    /// Whether it is a whole line that could be a record.
    pub(super) is_line: bool,
    /// Whether the line ends with it.
    pub(super) is_ended: bool,
    /// Where it stands.
    pub(super) place: Place,
}

pub(super) struct Pieces<'a> {
    name: String,
    bytes: Box<dyn BufRead + 'a>,
    line: u64,
    within: bool,
}

impl<'a> Pieces<'a> {
    pub(super) fn of(input: Input<'a>) -> Self {
        Self {
            name: input.name,
            bytes: input.bytes,
            line: 1,
            within: false,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The next piece; none at the end of the file.
    pub(super) fn next(&mut self) -> io::Result<Option<Piece>> {
        let mut bytes = Vec::new();
        let most = LINE_MAX as u64 + 1;
        let read = self
            .bytes
            .by_ref()
            .take(most)
            .read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(None);
        }
        let is_ended = bytes.pop_if(|last| *last == b'\n').is_some();
        let piece = Piece {
            bytes,
            is_line: is_ended && !self.within,
            is_ended,
            place: Place {
                file: self.name.clone(),
                line: self.line,
            },
        };
        self.within = !is_ended;
        self.line += u64::from(is_ended);
        Ok(Some(piece))
    }
}
