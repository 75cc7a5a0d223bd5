//! Where the chain of a file that is there goes on. Its end is verified first.

use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom};
use std::path::Path;

use super::file::Appender;
use super::head::{Head, Noted};
use super::kept::Kept;
use super::verify::{Input, Problem, Torn, Verdict, What, verify_end};

/// How much of the end is verified: far more than is ever written at once.
const WINDOW: u64 = 4 * 1024 * 1024;
/// How the first record of a chain begins.
const FIRST: &[u8] = b"{\"seq\":1,";

/// A file that can be gone on with.
pub(super) struct Resumed {
    pub(super) appender: Appender,
    /// Where the chain stands, and what the last run left to be told.
    pub(super) kept: Kept,
    /// What a crash left behind, to be closed by a record.
    pub(super) torn: Option<Torn>,
    /// Whether records are there, and no head beside them tells whether those were all.
    pub(super) is_headless: bool,
}

/// Opens the file and verifies its end.
pub(super) fn open(path: &Path) -> Result<Resumed, String> {
    let at = |error: io::Error| format!("{}: {error}", path.display());
    if !path.try_exists().map_err(at)? {
        begin_next(path)?;
    }
    let appender = Appender::open(path).map_err(at)?;
    let kept = kept(path)?;
    let (verdict, is_part) = end_of(&appender, path, kept).map_err(at)?;
    let refused = |why: String| format!("{why}. {}", put_aside(&path.display()));
    if verdict.head.is_none()
        && (is_part || !is_beginning(&verdict, kept, &appender).map_err(at)?)
    {
        return Err(refused(no_record(path, kept)));
    }
    if let Some(problem) = verdict
        .problem
        .as_ref()
        .filter(|problem| !is_crash(problem, &verdict, kept))
    {
        return Err(refused(problem.to_string()));
    }
    Ok(resumed(&verdict, kept, appender))
}

fn kept(path: &Path) -> Result<Option<Kept>, String> {
    Kept::read(path).map_err(|error| {
        let path = path.display();
        format!("{path}.head: {error}. {}", put_aside(&path))
    })
}

/// Notes that a file is begun, so that it is not taken for one that was emptied if a crash comes
/// before its first record.
fn begin_next(path: &Path) -> Result<(), String> {
    let Some(kept) = kept(path)? else {
        return Ok(());
    };
    let begins = Kept {
        begins: true,
        ..kept
    };
    let written = begins.write(path);
    written.map_err(|error| format!("{}.head: {error}", path.display()))
}

fn no_record(path: &Path, kept: Option<Kept>) -> String {
    let path = path.display();
    match kept {
        Some(Kept { head, .. }) if head.seq > 0 => format!(
            "{path}: its end holds no record, and {path}.head tells of {} records: they were removed",
            head.seq
        ),
        _ => format!(
            "{path}: its end holds no record of an audit stream; if it is another file, name one of \
             its own in log.audit"
        ),
    }
}

fn put_aside(path: &dyn std::fmt::Display) -> String {
    format!(
        "Keep it as it is for whoever looks into it (appattest-integrator audit verify {path}): \
         move {path} and {path}.head away, and start again with a new chain"
    )
}

/// What the end of the file holds, and whether that is a part of the file only.
fn end_of(appender: &Appender, path: &Path, kept: Option<Kept>) -> io::Result<(Verdict, bool)> {
    let heads: Vec<Noted> = kept.map(|kept| kept.head.into()).into_iter().collect();
    let (verdict, is_part) = read_end(appender, path, &heads)?;
    match &verdict.problem {
        // The head lags where it could not be written for long: then it is older than the window.
        Some(problem) if is_part && matches!(problem.what, What::Unreached { .. }) => {
            read_end(appender, path, &[])
        }
        _ => Ok((verdict, is_part)),
    }
}

fn read_end(appender: &Appender, path: &Path, heads: &[Noted]) -> io::Result<(Verdict, bool)> {
    let mut file = appender.file();
    let length = file.metadata()?.len();
    let begin = length.saturating_sub(WINDOW);
    file.seek(SeekFrom::Start(begin))?;
    let mut bytes = BufReader::new(file);
    if begin > 0 {
        // The window begins somewhere in a line.
        bytes.skip_until(b'\n')?;
    }
    let input = Input {
        name: path.display().to_string(),
        bytes: Box::new(bytes),
        in_use: false,
    };
    Ok((verify_end(input, heads)?, begin > 0))
}

/// Whether an end without a record is that of a file that was being begun.
fn is_beginning(verdict: &Verdict, kept: Option<Kept>, appender: &Appender) -> io::Result<bool> {
    match (kept.filter(|kept| kept.head.seq > 0), verdict.torn) {
        (Some(kept), _) => Ok(kept.begins),
        (None, None) => Ok(true),
        (None, Some(torn)) => Ok(!torn.has_lines && !torn.is_ended && appender.begins(FIRST)?),
    }
}

/// Whether a crash explains what is wrong with the end.
fn is_crash(problem: &Problem, verdict: &Verdict, kept: Option<Kept>) -> bool {
    match (&problem.what, verdict.head) {
        // A file that is being begun has not reached the head of the one before it.
        (What::Truncated { .. }, last) => last.is_none(),
        (What::Torn { .. }, _) => true,
        // After a loss of power anything may stand behind what was synced; the head tells where.
        (What::NoRecord | What::Hash, None) => verdict.torn.is_some(),
        (What::NoRecord | What::Hash, Some(last)) => {
            verdict.torn.is_some() && kept.is_some_and(|kept| last.seq >= kept.head.seq)
        }
        _ => false,
    }
}

fn resumed(verdict: &Verdict, kept: Option<Kept>, appender: Appender) -> Resumed {
    let last = verdict.head;
    let noted = kept.map_or(Head::NONE, |kept| kept.head);
    Resumed {
        appender,
        kept: Kept {
            head: last.unwrap_or(noted),
            begins: last.is_none() && noted.seq > 0,
            owed: kept.and_then(|kept| kept.owed_after(last)),
        },
        torn: verdict.torn,
        is_headless: last.is_some() && kept.is_none(),
    }
}
