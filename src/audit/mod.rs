//! The audit stream: one record for each transition and each deed of an operator, as lines of JSON
//! that are chained by their hashes, so that whoever changes the file afterwards is found out.
//!
//! | file | what |
//! | --- | --- |
//! | `entry` | what a record tells |
//! | `record`, `hash`, `head` | a record's bytes, what seals them, and the place of a chain's end |
//! | `kept` | what stands beside the file for the next start |
//! | `queue` | from whoever has something to tell to the one thread that writes |
//! | `batch` | records that go to the disk together |
//! | `file`, `resume`, `writer` | the file, where its chain goes on, and what keeps it going |
//! | `verify` | whether files hold the chain whole |
//!
//! A request never waits for the disk: a full queue loses records, and the chain tells how many.

mod batch;
mod entry;
mod file;
mod hash;
mod head;
mod kept;
mod queue;
mod record;
mod resume;
pub mod verify;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use thiserror::Error;

use self::entry::Entry;
pub use self::file::is_in_use;
pub use self::hash::Hash;
pub use self::head::{Head, Noted};
pub use self::kept::Kept;
use self::queue::Queue;
use self::writer::Writer;
use crate::clock::Clock;
use crate::orchestrator::ReloadOutcome;
use crate::orchestrator::event::{Event, Observer};
use crate::telemetry::metrics::Metrics;

/// Records that wait for the disk before further ones are lost.
pub const WAITING_MAX: usize = 16_384;
/// How long the end of the process waits for the disk. The writer gives up before.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Where the stream goes, and how much of it may wait.
#[derive(Clone, Debug)]
pub struct Options {
    /// The file.
    pub path: PathBuf,
    /// Records that may wait for the disk.
    pub waiting_max: usize,
}

/// The stream cannot be begun or gone on with.
#[derive(Debug, Error)]
#[error("the audit stream cannot be written: {0}")]
pub struct OpenError(String);

/// Takes what is to be recorded.
pub struct Audit {
    queue: Queue,
    clock: Arc<dyn Clock>,
}

/// A stream that is being written. It ends with [`Stream::stop`], or with the process.
pub struct Stream {
    audit: Arc<Audit>,
    /// Hears of the writer's end.
    ended: Receiver<()>,
}

impl Stream {
    /// Opens the file, finds where its chain goes on, and starts the thread that writes.
    ///
    /// # Errors
    ///
    /// Where another process has the file, where it cannot be written, and where its end does not
    /// verify: a chain that was tampered with is not gone on with as if nothing had happened.
    pub fn open(
        options: Options,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, OpenError> {
        let resumed = resume::open(&options.path).map_err(OpenError)?;
        let (queue, waiting) = Queue::new(options.waiting_max, metrics.clone());
        let writer = Writer::new(options.path, resumed, clock.clone(), metrics);
        let audit = Arc::new(Audit { queue, clock });
        let (end, ended) = sync_channel(1);
        let heard = audit.clone();
        thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || {
                writer.work(&waiting, &heard.queue);
                // Nobody waits any more where the process ended otherwise.
                let _unheard = end.send(());
            })
            .map_err(|error| OpenError(format!("no thread can be started: {error}")))?;
        Ok(Self { audit, ended })
    }

    /// Whoever is to be told.
    #[must_use]
    pub fn audit(&self) -> Arc<Audit> {
        self.audit.clone()
    }

    /// The service ends in order. Waits for what is still to be written, and not for ever.
    pub fn stop(self) {
        let Audit { queue, clock } = &*self.audit;
        queue.put(Entry::stopped(clock.wall()));
        queue.close();
        if self.ended.recv_timeout(LAST_WORDS).is_err() {
            tracing::error!("the audit file takes no writes; its last records may be missing");
        }
    }
}

impl Audit {
    /// The service serves from now on.
    pub fn started(&self) {
        self.queue.put(Entry::started(self.clock.wall()));
    }

    /// The definitions were read anew.
    pub fn reloaded(&self, outcome: &ReloadOutcome) {
        self.queue.put(Entry::reloaded(self.clock.wall(), outcome));
    }
}

impl Observer for Audit {
    fn observe(&self, event: Event<'_>) {
        if let Some(entry) = Entry::of(&event) {
            self.queue.put(entry);
        }
    }
}
