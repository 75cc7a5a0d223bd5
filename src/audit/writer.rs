//! The one thread that writes: batch by batch, each synced, then the head.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::entry::Entry;
use super::file::Appender;
use super::head::Head;
use super::queue::Queue;
use super::record;
use super::resume::Resumed;
use crate::clock::Clock;
use crate::telemetry::metrics::Metrics;

/// Records that are synced together.
const BATCH_MAX: usize = 1024;
/// How often an idle writer looks whether something was lost, or whether it is to end.
const IDLE: Duration = Duration::from_millis(200);
/// How long a disk that refused is left alone.
const RETRY: Duration = Duration::from_millis(500);
/// Tries that are made once the service is stopping.
const LAST_TRIES: u32 = 4;
/// The log tells the head at least once in so many records,
const TELL_RECORDS: u64 = 10_000;
/// and in so much time, if there is a new one.
const TELL_EVERY: Duration = Duration::from_secs(3600);

/// What writes the file.
pub(super) struct Writer {
    path: PathBuf,
    appender: Appender,
    head: Head,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    /// What the log was told last, and when.
    told: (u64, Duration),
    /// Entries that stand before all others.
    first: Vec<Entry>,
    /// What has to be written to this very file before anything else: the end of a line that a
    /// crash cut, where the file lacks it.
    closing: Option<&'static [u8]>,
    is_failing: bool,
}

/// A batch on its way to the disk.
struct Batch {
    bytes: Vec<u8>,
    written: usize,
    head: Head,
    records: u64,
}

impl Writer {
    pub(super) fn new(
        path: PathBuf,
        resumed: Resumed,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let file = path.display().to_string();
        let Resumed {
            appender,
            head,
            torn,
            is_headless,
        } = resumed;
        tracing::info!(file, head = %head, "the audit stream goes on");
        if is_headless {
            tracing::warn!(
                file,
                "no head stands beside the audit file: records that were cut from its end are not \
                 missed"
            );
        }
        let (mut first, mut closing) = (Vec::new(), None);
        if let Some(torn) = torn {
            tracing::warn!(
                file,
                bytes = torn.bytes,
                "the end of the audit file was no whole record; a record closes it"
            );
            first.push(Entry::recovered(clock.wall(), torn.bytes, torn.sha256));
            closing = Some(if torn.is_ended { &b""[..] } else { b"\n" });
        }
        Self {
            told: (head.seq, clock.monotonic()),
            path,
            appender,
            head,
            clock,
            metrics,
            first,
            closing,
            is_failing: false,
        }
    }

    /// Writes what is put into the queue until it is closed.
    pub(super) fn work(mut self, waiting: &Receiver<Entry>, queue: &Queue) {
        loop {
            let is_last = queue.is_closed();
            let entries = self.gather(waiting, queue, if is_last { Duration::ZERO } else { IDLE });
            self.tell_where_due();
            if entries.is_empty() && is_last {
                break;
            }
            if entries.is_empty() && self.appender.is_at(&self.path).unwrap_or(true) {
                continue;
            }
            if !self.write(entries, queue) {
                return;
            }
        }
        self.tell();
    }

    /// What waits, or comes soon; and how much was lost meanwhile.
    fn gather(
        &mut self,
        waiting: &Receiver<Entry>,
        queue: &Queue,
        patience: Duration,
    ) -> Vec<Entry> {
        let mut entries = std::mem::take(&mut self.first);
        if entries.is_empty() {
            match waiting.recv_timeout(patience) {
                Ok(entry) => entries.push(entry),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
        }
        entries.extend(waiting.try_iter().take(BATCH_MAX));
        let lost = queue.take_lost();
        if lost > 0 {
            entries.push(Entry::lost(self.clock.wall(), lost));
        }
        entries
    }

    /// Brings the entries to the disk, however long that takes; gives up only where the service
    /// is stopping and the disk takes nothing.
    fn write(&mut self, entries: Vec<Entry>, queue: &Queue) -> bool {
        let mut entries = entries;
        let mut batch = None;
        let mut tries_left = LAST_TRIES;
        loop {
            match self.try_write(&mut entries, &mut batch) {
                Ok(()) => {
                    self.recovered();
                    return true;
                }
                Err(error) => self.failed(&error),
            }
            if queue.is_closed() {
                tries_left -= 1;
                if tries_left == 0 {
                    let file = self.path.display().to_string();
                    tracing::error!(
                        file,
                        records = entries.len(),
                        "audit records are not written"
                    );
                    return false;
                }
            }
            thread::park_timeout(RETRY);
        }
    }

    fn try_write(&mut self, entries: &mut Vec<Entry>, batch: &mut Option<Batch>) -> io::Result<()> {
        // What was begun in a file is ended there.
        let may_follow = batch.as_ref().is_none_or(|batch| batch.written == 0);
        if may_follow && self.closing.is_none() && self.follow(entries)? {
            *batch = None;
        }
        let batch = batch.get_or_insert_with(|| self.seal(entries));
        while let Some(rest) = batch
            .bytes
            .get(batch.written..)
            .filter(|rest| !rest.is_empty())
        {
            batch.written += self.appender.write(rest)?;
        }
        self.appender.sync()?;
        batch.head.write_beside(&self.path)?;
        self.head = batch.head;
        self.closing = None;
        self.metrics.audit_written(batch.records);
        Ok(())
    }

    /// Opens the file that stands in the place of one that was moved away. Its first record says
    /// so, and is chained to the last one of the old file.
    fn follow(&mut self, entries: &mut Vec<Entry>) -> io::Result<bool> {
        if self.appender.is_at(&self.path)? {
            return Ok(false);
        }
        let next = Appender::open(&self.path)?;
        if !next.is_empty()? {
            let why = "another file was put in its place that is not empty; move it away";
            return Err(io::Error::other(why));
        }
        self.appender = next;
        let file = self.path.display().to_string();
        tracing::info!(file, head = %self.head, "the audit file was moved away; another one begins");
        entries.insert(0, Entry::rotated(self.clock.wall()));
        Ok(true)
    }

    fn seal(&self, entries: &[Entry]) -> Batch {
        let mut bytes = self.closing.unwrap_or_default().to_vec();
        let mut head = self.head;
        for entry in entries {
            head = record::write(&mut bytes, &head, entry);
        }
        Batch {
            bytes,
            written: 0,
            head,
            records: entries.len() as u64,
        }
    }

    /// An outage is told once, however often the disk refuses.
    fn failed(&mut self, error: &io::Error) {
        self.metrics.audit_failed();
        if !self.is_failing {
            let file = self.path.display().to_string();
            tracing::error!(
                file,
                cause = %error,
                "the audit file takes no writes; records wait, and are lost when too many do"
            );
        }
        self.is_failing = true;
    }

    fn recovered(&mut self) {
        if std::mem::take(&mut self.is_failing) {
            let file = self.path.display().to_string();
            tracing::info!(file, head = %self.head, "the audit file takes writes again");
        }
    }

    fn tell_where_due(&mut self) {
        let records = self.head.seq.saturating_sub(self.told.0);
        let since = self.clock.monotonic().saturating_sub(self.told.1);
        if records >= TELL_RECORDS || (records > 0 && since >= TELL_EVERY) {
            self.tell();
        }
    }

    /// A head in the log is one that whoever changes the file cannot reach.
    fn tell(&mut self) {
        let file = self.path.display().to_string();
        tracing::info!(file, head = %self.head, "audit head");
        self.told = (self.head.seq, self.clock.monotonic());
    }
}
