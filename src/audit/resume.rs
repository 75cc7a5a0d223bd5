//! Where the chain of a file that is there goes on. Its end is verified first.

use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom};
use std::path::Path;

use super::file::Appender;
use super::head::{Head, Noted};
use super::verify::{Input, Torn, Verdict, What, verify};

/// How much of the end is verified: far more than is ever written at once.
const WINDOW: u64 = 4 * 1024 * 1024;

/// A file that can be gone on with.
pub(super) struct Resumed {
    pub(super) appender: Appender,
    /// Where the chain stands.
    pub(super) head: Head,
    /// What a crash left behind, to be closed by a record.
    pub(super) torn: Option<Torn>,
    /// Whether records are there, and no head beside them tells whether those were all.
    pub(super) is_headless: bool,
}

/// Opens the file and verifies its end.
pub(super) fn open(path: &Path) -> Result<Resumed, String> {
    let at = |error: io::Error| format!("{}: {error}", path.display());
    let appender = Appender::open(path).map_err(at)?;
    let head = Head::read_beside(path).map_err(|error| {
        let path = path.display();
        format!("{path}.head: {error}. {}", put_aside(&path))
    })?;
    let (verdict, is_part) = end_of(&appender, path, head).map_err(at)?;
    if is_part && verdict.head.is_none() {
        let path = path.display();
        return Err(format!(
            "{path}: its end holds no record. {}",
            put_aside(&path)
        ));
    }
    judge(verdict, head, appender).map_err(|why| {
        let path = path.display();
        format!("{why}. {}", put_aside(&path))
    })
}

fn put_aside(path: &dyn std::fmt::Display) -> String {
    format!(
        "Keep it as it is for whoever looks into it (appattest-integrator audit verify {path}): \
         move {path} and {path}.head away, and start again with a new chain"
    )
}

/// What the end of the file holds, and whether that is a part of the file only.
fn end_of(appender: &Appender, path: &Path, head: Option<Head>) -> io::Result<(Verdict, bool)> {
    let heads: Vec<Noted> = head.map(Noted::from).into_iter().collect();
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
    Ok((verify(vec![input], heads)?, begin > 0))
}

/// Whether the chain may go on after this end.
fn judge(verdict: Verdict, head: Option<Head>, appender: Appender) -> Result<Resumed, String> {
    let last = verdict.head;
    if let Some(problem) = verdict.problem {
        // After a loss of power anything may stand behind what was synced; the head tells where.
        let is_after_head = match (head, last) {
            (Some(head), Some(last)) => last.seq >= head.seq,
            (_, None) => true,
            (None, Some(_)) => false,
        };
        let is_crash = match problem.what {
            What::Torn { .. } => true,
            What::NoRecord | What::Hash => verdict.torn.is_some() && is_after_head,
            // A file that was cut to nothing, or that somebody else made: the head goes on.
            What::Truncated { .. } => last.is_none() && verdict.torn.is_none(),
            _ => false,
        };
        if !is_crash {
            return Err(problem.to_string());
        }
    }
    Ok(Resumed {
        appender,
        head: last.or(head).unwrap_or(Head::NONE),
        torn: verdict.torn,
        is_headless: last.is_some() && head.is_none(),
    })
}
