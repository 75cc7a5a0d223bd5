//! The one thread that writes: batch by batch, each synced, then the head.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::batch::Batch;
use super::entry::{Entry, ROTATED};
use super::file::Appender;
use super::kept::{Kept, Owed};
use super::queue::Queue;
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
    /// Where the chain stands, as it is kept beside the file.
    kept: Kept,
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
            kept,
            torn,
            is_headless,
        } = resumed;
        if kept.head.seq > 0 {
            tracing::info!(file, head = %kept.head, "the audit stream goes on");
        }
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
        if kept.begins {
            first.push(Entry::rotated(clock.wall()));
        }
        if let Some(owed) = kept.owed {
            first.push(Entry::lost(clock.wall(), owed.records));
        }
        Self {
            told: (kept.head.seq, clock.monotonic()),
            path,
            appender,
            kept,
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
            if !self.write(entries, waiting, queue) {
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
                Ok(entry) => entries.push(queue.taken(entry)),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
        }
        let waiting = waiting.try_iter().take(BATCH_MAX);
        entries.extend(waiting.map(|entry| queue.taken(entry)));
        let lost = queue.take_lost();
        if lost > 0 {
            entries.push(Entry::lost(self.clock.wall(), lost));
        }
        entries
    }

    /// Brings the entries to the disk, however long that takes; gives up only where the service
    /// is stopping and the disk takes nothing.
    fn write(&mut self, entries: Vec<Entry>, waiting: &Receiver<Entry>, queue: &Queue) -> bool {
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
                    self.give_up(&entries, batch.as_ref(), waiting, queue);
                    return false;
                }
            }
            thread::park_timeout(RETRY);
        }
    }

    /// Tells how many records are lost, in the log and beside the file: the next start writes it
    /// into the chain.
    fn give_up(
        &self,
        entries: &[Entry],
        batch: Option<&Batch>,
        waiting: &Receiver<Entry>,
        queue: &Queue,
    ) {
        // What reached the file before it failed is found there by the next start.
        let written = batch.map_or(0, Batch::whole_records);
        let in_hand = entries.iter().skip(written).map(Entry::stands_for);
        let unwritten: u64 = in_hand
            .chain(waiting.try_iter().map(|entry| entry.stands_for()))
            .sum();
        self.metrics.audit_lost(unwritten);
        let records = unwritten.saturating_add(queue.take_lost());
        let file = self.path.display().to_string();
        tracing::error!(file, records, "audit records are not written");
        let owed = Owed {
            records,
            after: self.kept.head.seq.saturating_add(written as u64),
        };
        let kept = Kept {
            owed: (records > 0).then_some(owed),
            ..self.kept
        };
        if let Err(error) = kept.write(&self.path) {
            self.metrics.audit_failed();
            tracing::error!(
                file,
                records,
                cause = %error,
                "the next start of the audit stream will not tell what was lost"
            );
        }
    }

    fn try_write(&mut self, entries: &mut Vec<Entry>, batch: &mut Option<Batch>) -> io::Result<()> {
        // What was begun in a file is ended there.
        let may_follow = batch.as_ref().is_none_or(Batch::is_unwritten);
        if may_follow && self.closing.is_none() && self.follow(entries)? {
            *batch = None;
        }
        let batch = batch.get_or_insert_with(|| {
            Batch::seal(self.closing.unwrap_or_default(), self.kept.head, entries)
        });
        batch.write_to(&self.appender)?;
        self.appender.sync()?;
        let kept = Kept::of(batch.head());
        kept.write(&self.path)?;
        self.kept = kept;
        self.closing = None;
        self.metrics.audit_written(batch.records());
        Ok(())
    }

    /// Opens the file that stands in the place of one that was moved away. Its first record says
    /// so, and is chained to the last one of the old file.
    fn follow(&mut self, entries: &mut Vec<Entry>) -> io::Result<bool> {
        if self.appender.is_at(&self.path)? {
            return Ok(false);
        }
        // Said before it is there: a file without a record is else one that was emptied.
        let begins = Kept {
            begins: true,
            ..self.kept
        };
        begins.write(&self.path)?;
        self.kept = begins;
        let next = Appender::open(&self.path)?;
        if !next.is_empty()? {
            let why = "another file was put in its place that is not empty; move it away";
            return Err(io::Error::other(why));
        }
        self.appender = next;
        let file = self.path.display().to_string();
        tracing::info!(file, head = %self.kept.head, "the audit file was moved away; another one begins");
        if entries.first().is_none_or(|entry| entry.kind() != ROTATED) {
            entries.insert(0, Entry::rotated(self.clock.wall()));
        }
        Ok(true)
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
            tracing::info!(file, head = %self.kept.head, "the audit file takes writes again");
        }
    }

    fn tell_where_due(&mut self) {
        let records = self.kept.head.seq.saturating_sub(self.told.0);
        let since = self.clock.monotonic().saturating_sub(self.told.1);
        if records >= TELL_RECORDS || (records > 0 && since >= TELL_EVERY) {
            self.tell();
        }
    }

    /// A head in the log is one that whoever changes the file cannot reach.
    fn tell(&mut self) {
        let file = self.path.display().to_string();
        tracing::info!(file, head = %self.kept.head, "audit head");
        self.told = (self.kept.head.seq, self.clock.monotonic());
    }
}
