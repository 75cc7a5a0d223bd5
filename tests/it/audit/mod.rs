//! The audit stream: what is written, how it goes on, and that every change of it is found.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot arrange what it needs fails"
)]

mod changes;
mod command;
mod emptied;
mod giving_up;
mod stream;

use std::fs;
use std::io::Cursor;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use appattest_integrator::audit::verify::{Input, Verdict, verify};
use appattest_integrator::audit::{Noted, OpenError, Options, Stream};
use appattest_integrator::clock::ManualClock;
use appattest_integrator::orchestrator::ReloadOutcome;
use appattest_integrator::telemetry::metrics::Metrics;
use tempfile::TempDir;

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with a stream, which may be open.
pub(crate) struct Site {
    folder: TempDir,
    clock: Arc<ManualClock>,
    metrics: Arc<Metrics>,
}

impl Site {
    pub(crate) fn new() -> Self {
        let started = "2026-01-17T12:00:00Z".parse().expect("a time");
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            clock: Arc::new(ManualClock::at(started)),
            metrics: Arc::new(Metrics::new().expect("metrics")),
        }
    }

    /// A stream of so many records that has ended in order.
    pub(crate) fn of(records: u64) -> Self {
        let site = Self::new();
        site.record(records);
        site
    }

    /// Opens, writes so many records, the last of which tells the end, and ends.
    pub(crate) fn record(&self, records: u64) {
        let stream = self.open().expect("it opens");
        (1..records).for_each(|_| stream.audit().reloaded(&ReloadOutcome::Loaded));
        stream.stop();
    }

    pub(crate) fn open(&self) -> Result<Stream, OpenError> {
        self.open_for(1000)
    }

    fn open_for(&self, waiting_max: usize) -> Result<Stream, OpenError> {
        let options = Options {
            path: self.path(),
            waiting_max,
        };
        Stream::open(options, self.clock.clone(), self.metrics.clone())
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("audit.log")
    }

    /// Waits until the file holds something.
    fn begun(&self) {
        until("the file holds something", || {
            self.path().metadata().is_ok_and(|file| file.len() > 0)
        });
    }

    pub(crate) fn old(&self) -> PathBuf {
        self.folder.path().join("audit.log.1")
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        fs::read(self.path()).expect("it is there")
    }

    pub(crate) fn head(&self) -> Noted {
        Noted::read_beside(&self.path())
            .expect("it can be read")
            .expect("it is there")
    }

    /// Moves the file away and puts what leads to a folder in its place. Comes back once the writer
    /// has found that it cannot write.
    fn block(&self) {
        let failures = "integrator_audit_write_failures_total";
        let before = self.metric(failures);
        let folder = self.folder.path().join("folder");
        symlink(self.folder.path(), &folder).expect("made");
        self.replace_by(&folder);
        until("the file takes no writes", || {
            self.metric(failures) > before
        });
    }

    /// Moves the file away and another in its place, at one stroke: a writer that found the place
    /// empty would begin a file there.
    fn replace_by(&self, other: &Path) {
        fs::hard_link(self.path(), self.old()).expect("linked");
        fs::rename(other, self.path()).expect("renamed");
    }

    /// Takes away what stands in the place of the file.
    fn unblock(&self) {
        fs::remove_file(self.path()).expect("removed");
    }

    /// A sample of the metrics.
    fn metric(&self, name: &str) -> u64 {
        let now = "2026-01-17T12:00:00Z".parse().expect("a time");
        let text = self.metrics.render(None, &[], now).expect("metrics");
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|value| value.trim().parse().ok())
            .expect("a number")
    }

    /// The verdict on files of this folder, against the head beside the newest.
    fn verdict(&self, paths: &[&Path]) -> Verdict {
        let files: Vec<Vec<u8>> = paths
            .iter()
            .map(|path| fs::read(path).expect("it is there"))
            .collect();
        judge(&files, &[self.head()])
    }
}

/// Looks until it holds; fails where that never comes.
fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = tokio::time::Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "it never came to: {what}");
        std::thread::yield_now();
    }
}

/// The verdict on files with these bytes.
pub(crate) fn judge(files: &[Vec<u8>], heads: &[Noted]) -> Verdict {
    let inputs = files.iter().enumerate().map(|(number, bytes)| Input {
        name: format!("file {number}"),
        bytes: Box::new(Cursor::new(bytes)),
        in_use: false,
    });
    verify(inputs.collect(), heads).expect("memory can be read")
}

/// The problem in words; nothing where the chain is whole.
pub(crate) fn problem(verdict: &Verdict) -> String {
    let problem = verdict.problem.as_ref();
    problem.map(ToString::to_string).unwrap_or_default()
}

/// Why the stream is not gone on with.
fn refusal(site: &Site) -> String {
    let refused = site.open().err().map(|error| error.to_string());
    refused.expect("it is refused")
}
