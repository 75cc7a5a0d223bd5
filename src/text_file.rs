//! Reads a small text file whole: bounded, and UTF-8 or nothing.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Why a file could not be taken as text.
#[derive(Debug)]
pub(crate) enum TextFileError {
    /// The operating system refused.
    Unreadable(io::Error),
    /// More than the bound, in bytes.
    TooLarge(u64),
    /// The line (from 1) that holds the first byte that is not UTF-8.
    NotUtf8(usize),
}

impl fmt::Display for TextFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TextFileError::Unreadable(error) => write!(f, "cannot be read: {error}"),
            TextFileError::TooLarge(most) => {
                write!(f, "is too large; allowed: at most {most} bytes")
            }
            TextFileError::NotUtf8(line) => {
                write!(f, "is not UTF-8 (line {line}); save it as UTF-8 text")
            }
        }
    }
}

/// The text of `path`, at most `most` bytes of it.
pub(crate) fn read(path: &Path, most: u64) -> Result<String, TextFileError> {
    let file = File::open(path).map_err(TextFileError::Unreadable)?;
    read_from(file, most)
}

/// The text that `source` gives, at most `most` bytes of it.
pub(crate) fn read_from(source: impl Read, most: u64) -> Result<String, TextFileError> {
    let mut bytes = Vec::new();
    source
        .take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(TextFileError::Unreadable)?;
    if bytes.len() as u64 > most {
        return Err(TextFileError::TooLarge(most));
    }
    String::from_utf8(bytes).map_err(|error| {
        let readable = error.utf8_error().valid_up_to();
        let newlines = error
            .as_bytes()
            .iter()
            .take(readable)
            .filter(|byte| **byte == b'\n')
            .count();
        TextFileError::NotUtf8(newlines + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_exactly_the_bound_is_read_and_one_byte_more_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        std::fs::write(&path, "abcd").unwrap();
        assert_eq!(read(&path, 4).unwrap(), "abcd");
        assert_eq!(
            read(&path, 3).unwrap_err().to_string(),
            "is too large; allowed: at most 3 bytes"
        );
    }

    #[test]
    fn bytes_that_are_not_utf8_are_refused_with_their_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        std::fs::write(&path, b"one\ntwo \xff\n").unwrap();
        assert_eq!(
            read(&path, 99).unwrap_err().to_string(),
            "is not UTF-8 (line 2); save it as UTF-8 text"
        );
    }
}
