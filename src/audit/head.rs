//! The head of a chain: which record is its last, and that record's hash. Kept beside the file, and
//! best kept elsewhere as well.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::hash::{DIGITS, Hash};

/// The fewest digits that say which hash is meant: 64 bits.
const DIGITS_MIN: usize = 16;
/// More than any head takes.
const FILE_MAX: u64 = 256;

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

    /// Writes it beside `file`: wholly, or the one before stays.
    pub(super) fn write_beside(&self, file: &Path) -> io::Result<()> {
        let next = with_ending(file, ".head.new");
        let mut options = File::options();
        let options = options.write(true).create(true).truncate(true).mode(0o600);
        let mut out = options.open(&next)?;
        writeln!(out, "{self}")?;
        out.sync_data()?;
        fs::rename(&next, beside(file))
    }

    /// The head beside `file`; none where there is none.
    pub(super) fn read_beside(file: &Path) -> io::Result<Option<Self>> {
        let Some(noted) = Noted::read_beside(file)? else {
            return Ok(None);
        };
        match Hash::parse(noted.digits.as_bytes()) {
            Some(hash) => Ok(Some(Self {
                seq: noted.seq,
                hash,
            })),
            None => Err(io::Error::new(ErrorKind::InvalidData, "its hash is cut")),
        }
    }
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
        let opened = match File::open(beside(file)) {
            Ok(opened) => opened,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut text = String::new();
        opened.take(FILE_MAX).read_to_string(&mut text)?;
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let noted = line.parse();
        noted
            .map(Some)
            .map_err(|why: String| io::Error::new(ErrorKind::InvalidData, why))
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

fn beside(file: &Path) -> PathBuf {
    with_ending(file, ".head")
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
