//! The head of a chain: which record is its last, and that record's hash. Best noted
//! elsewhere as well.

use std::fmt;
use std::io;
use std::path::Path;
use std::str::FromStr;

use super::hash::{DIGITS, Hash};
use super::kept::Kept;

/// The fewest digits that say which hash is meant: 64 bits.
const DIGITS_MIN: usize = 16;

/// Where a chain stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of the last record; 0 before the first.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
}

/// A head that was noted somewhere: a number, and a hash or how it begins. `SEQ:HASH` as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// The number of the record.
    pub seq: u64,
    digits: String,
}

impl Head {
    /// Before the first record.
    pub const NONE: Self = Self {
        seq: 0,
        hash: Hash::NONE,
    };
}

impl fmt::Display for Head {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.seq, self.hash)
    }
}

impl Noted {
    /// The head beside `file`; none where there is none.
    ///
    /// # Errors
    ///
    /// The system's, and where what is there is no head.
    pub fn read_beside(file: &Path) -> io::Result<Option<Self>> {
        let kept = Kept::read(file)?;
        Ok(kept.map(|kept| Self::from(kept.head)))
    }

    pub(super) fn digits(&self) -> &str {
        &self.digits
    }

    /// Whether it speaks of this record.
    pub(super) fn is_of(&self, hash: Hash) -> bool {
        hash.to_string().starts_with(&self.digits)
    }
}

impl FromStr for Noted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "a head is SEQ:HASH, a number and {DIGITS_MIN} to {DIGITS} hexadecimal digits \
                 in lower case"
            )
        };
        let (seq, digits) = text.split_once(':').ok_or_else(wrong)?;
        let is_digit = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
        let fits = (DIGITS_MIN..=DIGITS).contains(&digits.len()) && digits.bytes().all(is_digit);
        let seq = seq
            .bytes()
            .all(|digit| digit.is_ascii_digit())
            .then_some(seq);
        match seq.and_then(|seq| seq.parse().ok()).filter(|_| fits) {
            Some(seq) => Ok(Self {
                seq,
                digits: digits.to_owned(),
            }),
            None => Err(wrong()),
        }
    }
}

impl From<Head> for Noted {
    fn from(head: Head) -> Self {
        Self {
            seq: head.seq,
            digits: head.hash.to_string(),
        }
    }
}
