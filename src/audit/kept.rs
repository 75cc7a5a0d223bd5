//! What is kept in `FILE.head`, beside the file: the head, and what the next start has to know.
//!
//! ```text
//! 6:81b5…
//! next
//! lost 5 after 6
//! ```

use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::hash::Hash;
use super::head::{Head, Noted};

/// More than all of it takes.
const FILE_MAX: u64 = 256;
const NEXT: &str = "next";

/// What stands beside a stream's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The last record that is known to be on the disk.
    pub head: Head,
    /// Whether a file is being begun that holds no record yet. Without this word such a file is
    /// one that somebody emptied.
    pub(super) begins: bool,
    /// Records that the last run could not write before it ended.
    pub(super) owed: Option<Owed>,
}

/// Records that the chain does not tell yet that it lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owed {
    pub(super) records: u64,
    /// The last record before them; a chain that goes beyond it has told them.
    pub(super) after: u64,
}

impl Kept {
    /// Nothing but a head.
    pub(super) const fn of(head: Head) -> Self {
        Self {
            head,
            begins: false,
            owed: None,
        }
    }

    /// What stands beside `file`; nothing where there is nothing.
    ///
    /// # Errors
    ///
    /// The system's, and where what is there cannot be understood.
    pub fn read(file: &Path) -> io::Result<Option<Self>> {
        let opened = match File::open(with_ending(file, ".head")) {
            Ok(opened) => opened,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut text = String::new();
        opened.take(FILE_MAX).read_to_string(&mut text)?;
        let kept = Self::parse(&text);
        kept.map(Some)
            .map_err(|why| io::Error::new(ErrorKind::InvalidData, why))
    }

    /// Records that were lost and that a chain which ends here does not tell yet.
    #[must_use]
    pub fn untold(&self, last: Option<Head>) -> u64 {
        self.owed_after(last).map_or(0, |owed| owed.records)
    }

    pub(super) fn owed_after(&self, last: Option<Head>) -> Option<Owed> {
        let is_untold = |owed: &Owed| last.is_none_or(|last| last.seq <= owed.after);
        self.owed.filter(is_untold)
    }

    /// Writes it beside `file`: wholly, or what was there stays.
    pub(super) fn write(&self, file: &Path) -> io::Result<()> {
        let next = with_ending(file, ".head.new");
        let mut options = File::options();
        let options = options.write(true).create(true).truncate(true).mode(0o600);
        let mut out = options.open(&next)?;
        write!(out, "{self}")?;
        out.sync_data()?;
        fs::rename(&next, with_ending(file, ".head"))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        let noted: Noted = lines.next().unwrap_or_default().parse()?;
        let hash = Hash::parse(noted.digits().as_bytes()).ok_or("its hash is cut")?;
        let mut kept = Self::of(Head {
            seq: noted.seq,
            hash,
        });
        for line in lines {
            match Owed::parse(line) {
                Some(owed) => kept.owed = Some(owed),
                None if line == NEXT => kept.begins = true,
                None => return Err("a line after the head cannot be understood".to_owned()),
            }
        }
        Ok(kept)
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}", self.head)?;
        if self.begins {
            writeln!(out, "{NEXT}")?;
        }
        match &self.owed {
            Some(Owed { records, after }) => writeln!(out, "lost {records} after {after}"),
            None => Ok(()),
        }
    }
}

impl Owed {
    fn parse(line: &str) -> Option<Self> {
        let (records, after) = line.strip_prefix("lost ")?.split_once(" after ")?;
        Some(Self {
            records: records.parse().ok()?,
            after: after.parse().ok()?,
        })
    }
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
