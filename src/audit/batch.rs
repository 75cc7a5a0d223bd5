//! Records that go to the disk together.

use std::io;

use super::entry::Entry;
use super::file::Appender;
use super::head::Head;
use super::record;

/// A batch on its way to the disk.
pub(super) struct Batch {
    bytes: Vec<u8>,
    /// Bytes that close what a crash left, before the first record.
    closing: usize,
    written: usize,
    head: Head,
    records: u64,
}

impl Batch {
    /// The records of these entries, chained to `after`, behind the bytes that close what is there.
    pub(super) fn seal(closing: &[u8], after: Head, entries: &[Entry]) -> Self {
        let mut bytes = closing.to_vec();
        let mut head = after;
        for entry in entries {
            head = record::write(&mut bytes, &head, entry);
        }
        Self {
            bytes,
            closing: closing.len(),
            written: 0,
            head,
            records: entries.len() as u64,
        }
    }

    /// Writes what is not written yet. After an error it is gone on with where it stopped.
    pub(super) fn write_to(&mut self, appender: &Appender) -> io::Result<()> {
        while let Some(rest) = self
            .bytes
            .get(self.written..)
            .filter(|rest| !rest.is_empty())
        {
            self.written += appender.write(rest)?;
        }
        Ok(())
    }

    pub(super) const fn is_unwritten(&self) -> bool {
        self.written == 0
    }

    /// How many records are wholly in the file.
    pub(super) fn whole_records(&self) -> usize {
        let written = self.bytes.get(self.closing..self.written);
        let written = written.unwrap_or_default().iter();
        written.filter(|byte| **byte == b'\n').count()
    }

    /// Where the chain stands after it.
    pub(super) const fn head(&self) -> Head {
        self.head
    }

    pub(super) const fn records(&self) -> u64 {
        self.records
    }
}
