//! Whether files hold a chain whole. They are read once, line by line, from the oldest to the
//! newest; memory does not grow with them.

mod chain;
mod lines;
mod problem;

use std::io::{self, BufRead};

use self::chain::Chain;
pub use self::chain::Torn;
use self::lines::{Piece, Pieces};
pub use self::problem::{Place, Problem, What};
use super::head::{Head, Noted};
use super::record;

/// One file.
pub struct Input<'a> {
    /// What it is called in messages.
    pub name: String,
    /// Its bytes.
    pub bytes: Box<dyn BufRead + 'a>,
    /// Whether a service writes to it now, so that its last line may be under way.
    pub in_use: bool,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// What it is called in messages.
    pub name: String,
    /// Its records.
    pub records: u64,
    /// The first one's number and time.
    pub first: Option<(u64, String)>,
    /// The last one's.
    pub last: Option<(u64, String)>,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// What each file holds, up to the first problem.
    pub files: Vec<Contents>,
    /// The number of the first record.
    pub first: Option<u64>,
    /// Where the chain stands at its end.
    pub head: Option<Head>,
    /// Records that the service had no place for, as the chain tells.
    pub lost: u64,
    /// How often bytes that a crash left behind were closed by a record.
    pub recovered: u64,
    /// What stands after the last record and is none.
    pub torn: Option<Torn>,
    /// The first thing that is wrong.
    pub problem: Option<Problem>,
}

/// Reads files, the oldest first, and holds them against heads that were noted elsewhere.
///
/// # Errors
///
/// A file that cannot be read.
pub fn verify(inputs: Vec<Input<'_>>, heads: &[Noted]) -> io::Result<Verdict> {
    judge(Chain::new(heads), inputs)
}

/// Reads the end of a file, whatever it begins with.
pub(super) fn verify_end(input: Input<'_>, heads: &[Noted]) -> io::Result<Verdict> {
    judge(Chain::from_anywhere(heads), vec![input])
}

fn judge(mut chain: Chain<'_>, inputs: Vec<Input<'_>>) -> io::Result<Verdict> {
    let mut files = Vec::new();
    let mut inputs = inputs.into_iter();
    let mut problem = None;
    let mut newest_in_use = false;
    for input in inputs.by_ref() {
        newest_in_use = input.in_use;
        let mut pieces = Pieces::of(input);
        problem = read(&mut pieces, &mut chain, &mut files)?;
        if let Some(found) = problem.take() {
            problem = Some(explained(found, pieces, inputs)?);
            break;
        }
    }
    let problem = problem.or_else(|| chain.end(newest_in_use));
    Ok(chain.verdict(files, problem))
}

/// Reads one file to its end, or to the first problem.
fn read(
    pieces: &mut Pieces<'_>,
    chain: &mut Chain<'_>,
    files: &mut Vec<Contents>,
) -> io::Result<Option<Problem>> {
    let mut contents = Contents {
        name: pieces.name().to_owned(),
        records: 0,
        first: None,
        last: None,
    };
    let mut problem = None;
    chain.next_file();
    while let Some(piece) = pieces.next()? {
        match chain.take(&piece) {
            Ok(Some(stamp)) => {
                contents.records += 1;
                contents.first.get_or_insert_with(|| stamp.clone());
                contents.last = Some(stamp);
            }
            Ok(None) => {}
            Err(found) => {
                problem = Some(found);
                break;
            }
        }
    }
    files.push(contents);
    Ok(problem)
}

/// Looks through the rest for the records that are missing at a gap: they may stand elsewhere.
fn explained<'a>(
    problem: Problem,
    mut pieces: Pieces<'a>,
    mut later: impl Iterator<Item = Input<'a>>,
) -> io::Result<Problem> {
    let What::Gap { expected, .. } = problem.what else {
        return Ok(problem);
    };
    loop {
        while let Some(piece) = pieces.next()? {
            if is_record(&piece, expected) {
                return Ok(problem.reordered(expected, piece.place));
            }
        }
        match later.next() {
            Some(input) => pieces = Pieces::of(input),
            None => return Ok(problem),
        }
    }
}

fn is_record(piece: &Piece, seq: u64) -> bool {
    piece.is_line && record::read(&piece.bytes).is_ok_and(|record| record.seq == seq)
}
