//! `audit`: whether files of the audit stream hold its chain whole.

use std::fmt::Write as _;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use super::output;
use crate::audit::verify::{Contents, Input, Verdict, verify};
use crate::audit::{Kept, Noted, is_in_use};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Say whether files hold every record of the chain, unchanged and in order
    ///
    /// The head that stands beside the newest file (FILE.head) is compared with it, if it is there.
    /// Exit codes: 0 whole, 1 not, 2 a file or a head that cannot be read.
    Verify {
        /// Files of one stream, the oldest first
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// A head that was noted elsewhere, as the log tells it; may be said again
        #[arg(long, value_name = "SEQ:HASH")]
        head: Vec<Noted>,
    },
}

/// Does it; the verdict is told.
pub(super) fn answer(command: &Command) -> ExitCode {
    let Command::Verify { files, head } = command;
    let judged = match judge(files, head.clone()) {
        Ok(judged) => judged,
        Err(why) => return output::unusable(&format!("appattest-integrator: {why}")),
    };
    let printed = output::print(&told(&judged));
    if judged.verdict.problem.is_some() {
        return ExitCode::FAILURE;
    }
    printed
}

struct Judged {
    verdict: Verdict,
    has_head: bool,
    /// Records that were lost and that the chain does not tell yet.
    untold: u64,
}

fn judge(files: &[PathBuf], mut heads: Vec<Noted>) -> Result<Judged, String> {
    // Heads first: a service that writes meanwhile adds records, and takes none away.
    let newest = files.last();
    let kept = newest.map_or(Ok(None), |newest| {
        Kept::read(newest).map_err(|error| format!("{}.head: {error}", newest.display()))
    })?;
    heads.extend(kept.map(|kept| Noted::from(kept.head)));
    let inputs: Result<Vec<Input<'_>>, String> = files.iter().map(|file| open(file)).collect();
    let verdict = verify(inputs?, &heads).map_err(|error| error.to_string())?;
    Ok(Judged {
        has_head: !heads.is_empty(),
        untold: kept.map_or(0, |kept| kept.untold(verdict.head)),
        verdict,
    })
}

fn open(path: &Path) -> Result<Input<'static>, String> {
    let at = |error: std::io::Error| format!("{}: {error}", path.display());
    let file = File::open(path).map_err(at)?;
    if !file.metadata().map_err(at)?.is_file() {
        return Err(format!("{}: no regular file", path.display()));
    }
    Ok(Input {
        name: path.display().to_string(),
        in_use: is_in_use(&file),
        bytes: Box::new(BufReader::new(file)),
    })
}

/// One line for each file, one for each thing that is worth knowing, and the verdict.
fn told(judged: &Judged) -> String {
    let Judged {
        verdict,
        has_head,
        untold,
    } = judged;
    let mut text = String::new();
    for file in &verdict.files {
        text.push_str(&line(file));
    }
    let mut note = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    if let Some(first) = verdict.first.filter(|first| *first > 1) {
        note(format!(
            "note: the chain begins before these files; they start with record {first}"
        ));
    }
    if verdict.lost > 0 {
        note(format!(
            "note: {} records were never written: too many waited for the disk, or it took none when \
             the service ended",
            verdict.lost
        ));
    }
    if *untold > 0 {
        note(format!(
            "note: {untold} records could not be written when the service ended; its next start \
             records that"
        ));
    }
    if verdict.recovered > 0 {
        note(format!(
            "note: what a crash left behind was closed by a record {} times",
            verdict.recovered
        ));
    }
    if !*has_head {
        note("note: no head to compare with; records cut from the end would not be seen".into());
    }
    match (&verdict.problem, &verdict.head) {
        (Some(problem), _) => note(format!("BROKEN {problem}")),
        (None, Some(head)) => note(format!("whole, head {head}")),
        (None, None) => note("whole, no records".into()),
    }
    text
}

fn line(file: &Contents) -> String {
    let mut text = format!("{}: ", file.name);
    // Writing to a string cannot fail.
    let _ = match (&file.first, &file.last) {
        (Some((first, begin)), Some((last, end))) => writeln!(
            text,
            "records {first} to {last} ({}), {begin} to {end}",
            file.records
        ),
        _ => writeln!(text, "no records"),
    };
    text
}
