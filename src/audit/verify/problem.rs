//! What is wrong with a chain, and where.

use std::fmt;

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where; nowhere if there is no record at all.
    pub place: Option<Place>,
    /// The number of the record there, as far as it is known.
    pub seq: Option<u64>,
    /// What.
    pub what: What,
}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A line is no record of an audit stream, and no record names it as left behind by a crash.
    NoRecord,
    /// The record's hash does not fit its bytes.
    Hash,
    /// The record is chained to another one than the one before it.
    Chained,
    /// It says that it closes bytes that are not there as it names them.
    Recovered,
    /// Records are missing.
    Gap {
        /// The first that is.
        expected: u64,
        /// What stands in its place.
        found: u64,
    },
    /// The first file neither begins the chain nor was begun by a rotation.
    Headless,
    /// A record stands after one that follows it.
    Reordered {
        /// The record.
        seq: u64,
        /// Where it stands.
        stands: Place,
    },
    /// The record stands here again.
    Doubled,
    /// Another record has this number already.
    Twice,
    /// The files are not given oldest first.
    Older {
        /// The first record that was read.
        first: u64,
    },
    /// The head that was noted speaks of another record with this number.
    Head,
    /// Records that the head speaks of are not at the end.
    Truncated {
        /// The last record that the head speaks of.
        head: u64,
    },
    /// The head that was noted speaks of a record before the first one here.
    Unreached {
        /// The record that it speaks of.
        head: u64,
    },
    /// The end is no whole record.
    Torn {
        /// How many bytes.
        bytes: u64,
    },
}

impl Problem {
    /// The gap, explained: the record that is missing stands there.
    pub(super) fn reordered(self, seq: u64, stands: Place) -> Self {
        Self {
            what: What::Reordered { seq, stands },
            ..self
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.file, self.line)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(out, "{place}: ")?;
        }
        if let Some(seq) = self.seq {
            write!(out, "seq {seq}: ")?;
        }
        self.what.fmt(out)
    }
}

impl fmt::Display for What {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRecord => out.write_str("edited: this is no record of an audit stream"),
            Self::Hash => out.write_str("edited: its hash does not fit its bytes"),
            Self::Chained => {
                out.write_str("edited: it is chained to another record than the one before it")
            }
            Self::Recovered => {
                out.write_str("edited: what a crash left behind is not there as it names it")
            }
            Self::Gap { expected, found } if found - expected == 1 => {
                write!(out, "gap: record {expected} is missing before it")
            }
            Self::Gap { expected, found } => write!(
                out,
                "gap: records {expected} to {} are missing before it",
                found - 1
            ),
            Self::Headless => out.write_str(
                "gap: the file begins with it, and no rotation began the file; records before it were cut \
                 off",
            ),
            Self::Reordered { seq, stands } => {
                write!(out, "reordered: record {seq} stands at {stands}, after it")
            }
            Self::Doubled => out.write_str("doubled: the record stands here again"),
            Self::Twice => out.write_str("edited: another record has this number"),
            Self::Older { first } => write!(
                out,
                "reordered: it is older than record {first}; give files oldest first"
            ),
            Self::Head => out.write_str("edited: the head that was noted tells another hash"),
            Self::Truncated { head } => write!(
                out,
                "truncated: this is the last record, and the head that was noted is {head}"
            ),
            Self::Unreached { head } => write!(
                out,
                "gap: the head that was noted, {head}, lies before it; give the older files too"
            ),
            Self::Torn { bytes } => write!(
                out,
                "torn: the last {bytes} bytes are no whole record; the service closes them with a \
                 record when it starts again"
            ),
        }
    }
}
