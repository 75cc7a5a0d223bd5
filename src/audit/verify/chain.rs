//! The chain as it is read: each record against the one before it, and against noted heads.

use sha2::{Digest as _, Sha256};

use super::super::entry::{LOST, RECOVERED, ROTATED};
use super::super::hash::Hash;
use super::super::head::{Head, Noted};
use super::super::record::{self, Record, Unread};
use super::lines::Piece;
use super::problem::{Place, Problem, What};
use super::{Contents, Verdict};

/// Bytes that are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Torn {
    /// How many; the end of the last line is none of them.
    pub bytes: u64,
    /// Their hash.
    pub sha256: Hash,
    /// Whether a line ends among them.
    pub has_lines: bool,
    /// Whether the end of a line follows them.
    pub is_ended: bool,
}

/// What was read so far.
pub(super) struct Chain<'a> {
    heads: &'a [Noted],
    /// Whether a record was read that a file may begin with.
    is_begun: bool,
    first: Option<u64>,
    last: Option<Head>,
    last_place: Option<Place>,
    stray: Option<Stray>,
    lost: u64,
    recovered: u64,
}

/// Lines that are no record; right only where the next record names them.
struct Stray {
    problem: Problem,
    digest: Sha256,
    bytes: u64,
    has_lines: bool,
    is_ended: bool,
    /// Whether another file began after it.
    is_left: bool,
}

impl<'a> Chain<'a> {
    pub(super) fn new(heads: &'a [Noted]) -> Self {
        Self {
            heads,
            is_begun: false,
            first: None,
            last: None,
            last_place: None,
            stray: None,
            lost: 0,
            recovered: 0,
        }
    }

    /// A chain of which the beginning is not looked at.
    pub(super) fn from_anywhere(heads: &'a [Noted]) -> Self {
        Self {
            is_begun: true,
            ..Self::new(heads)
        }
    }

    /// What a crash left at the end of a file is closed in that file or nowhere.
    pub(super) fn next_file(&mut self) {
        if let Some(stray) = &mut self.stray {
            stray.is_left = true;
        }
    }

    /// Takes the next line: a record's number and time, nothing for a line that is none.
    pub(super) fn take(&mut self, piece: &Piece) -> Result<Option<(u64, String)>, Problem> {
        let read = if piece.is_line {
            record::read(&piece.bytes)
        } else {
            Err(Unread::Shape)
        };
        match read {
            Ok(record) => self.follow(&record, &piece.place).map(Some),
            Err(unread) => {
                self.stray(piece, unread);
                Ok(None)
            }
        }
    }

    fn stray(&mut self, piece: &Piece, unread: Unread) {
        let stray = self.stray.get_or_insert_with(|| Stray {
            problem: unread_at(&piece.place, unread),
            digest: Sha256::new(),
            bytes: 0,
            has_lines: false,
            is_ended: false,
            is_left: false,
        });
        // The end of a line counts once something follows it.
        if stray.is_ended {
            stray.digest.update(b"\n");
            stray.bytes = stray.bytes.saturating_add(1);
            stray.has_lines = true;
        }
        stray.digest.update(&piece.bytes);
        stray.bytes = stray.bytes.saturating_add(piece.bytes.len() as u64);
        stray.is_ended = piece.is_ended;
    }

    fn follow(&mut self, record: &Record<'_>, place: &Place) -> Result<(u64, String), Problem> {
        let found = |what| {
            Err(Problem {
                place: Some(place.clone()),
                seq: Some(record.seq),
                what,
            })
        };
        let kind = record.string("kind").unwrap_or_default();
        let (Some(at), false) = (record.string("at"), kind.is_empty()) else {
            return found(What::NoRecord);
        };
        match self.stray.take() {
            Some(stray) if !stray.is_named_by(record, &kind) => return Err(stray.told()),
            None if kind == RECOVERED => return found(What::Recovered),
            Some(_) => self.recovered += 1,
            None => {}
        }
        if let Some(what) = self.misplaced(record) {
            return found(what);
        }
        // What a crash left in a file that had just been begun stands before its first record.
        self.is_begun |= record.seq == 1 || kind == ROTATED;
        if !self.is_begun && kind != RECOVERED {
            return found(What::Headless);
        }
        if kind == LOST {
            let records = record.number("records").unwrap_or_default();
            self.lost = self.lost.saturating_add(records);
        }
        self.first.get_or_insert(record.seq);
        self.last_place = Some(place.clone());
        self.last = Some(Head {
            seq: record.seq,
            hash: record.hash,
        });
        Ok((record.seq, at))
    }

    /// What is wrong with a record at this place.
    fn misplaced(&self, record: &Record<'_>) -> Option<What> {
        if record.seq == 0 {
            return Some(What::NoRecord);
        }
        let before = match self.last {
            Some(last) => last,
            // What the first record here is chained to stands elsewhere, or nowhere.
            None => Head {
                seq: record.seq - 1,
                hash: if record.seq == 1 {
                    Hash::NONE
                } else {
                    record.prev
                },
            },
        };
        let expected = before.seq.saturating_add(1);
        let first = self.first.unwrap_or(record.seq);
        if record.seq > expected {
            let found = record.seq;
            return Some(What::Gap { expected, found });
        }
        if record.seq < expected {
            return Some(match record.seq {
                seq if seq < first => What::Older { first },
                seq if seq == before.seq && record.hash != before.hash => What::Twice,
                _ => What::Doubled,
            });
        }
        if record.prev != before.hash {
            return Some(What::Chained);
        }
        let told = |head: &Noted| {
            let other = head.seq == record.seq && !head.is_of(record.hash);
            other || (self.last.is_none() && head.seq == before.seq && !head.is_of(before.hash))
        };
        if self.heads.iter().any(told) {
            return Some(What::Head);
        }
        let unreached = |head: &&Noted| self.last.is_none() && head.seq < before.seq;
        let head = self.heads.iter().find(unreached)?.seq;
        Some(What::Unreached { head })
    }

    /// What is wrong with the end. Of a file that is in use, the last line may be under way.
    pub(super) fn end(&self, in_use: bool) -> Option<Problem> {
        let stray = self.stray.as_ref();
        if let Some(stray) = stray.filter(|stray| stray.is_more_than_a_line()) {
            return Some(stray.told());
        }
        let last = self.last.map(|last| last.seq);
        let is_cut = |head: &&Noted| last.unwrap_or_default() < head.seq;
        if let Some(head) = self.heads.iter().find(is_cut) {
            return Some(Problem {
                place: self.last_place.clone(),
                seq: last,
                what: What::Truncated { head: head.seq },
            });
        }
        stray.filter(|_| !in_use).map(Stray::told)
    }

    pub(super) fn verdict(self, files: Vec<Contents>, problem: Option<Problem>) -> Verdict {
        Verdict {
            files,
            first: self.first,
            head: self.last,
            lost: self.lost,
            recovered: self.recovered,
            torn: self.stray.map(|stray| Torn {
                bytes: stray.bytes,
                sha256: Hash::end(stray.digest),
                has_lines: stray.has_lines,
                is_ended: stray.is_ended,
            }),
            problem,
        }
    }
}

impl Stray {
    /// Whether it cannot be what is left of one line that was being written.
    fn is_more_than_a_line(&self) -> bool {
        self.is_ended || self.has_lines
    }

    fn told(&self) -> Problem {
        if self.is_more_than_a_line() {
            return self.problem.clone();
        }
        Problem {
            what: What::Torn { bytes: self.bytes },
            ..self.problem.clone()
        }
    }

    /// Whether a crash left it behind and this record says so.
    fn is_named_by(&self, record: &Record<'_>, kind: &str) -> bool {
        kind == RECOVERED
            && !self.is_left
            && record.number("bytes") == Some(self.bytes)
            && record.string("sha256") == Some(Hash::end(self.digest.clone()).to_string())
    }
}

fn unread_at(place: &Place, unread: Unread) -> Problem {
    let (seq, what) = match unread {
        Unread::Shape => (None, What::NoRecord),
        Unread::Hash(seq) => (Some(seq), What::Hash),
    };
    Problem {
        place: Some(place.clone()),
        seq,
        what,
    }
}
