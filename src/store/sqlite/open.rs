//! The file while it is open: its claim, its threads, and what was found when it was opened.

use std::io;
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;

use super::connect::{self, NEWEST};
use super::errors::unfit;
use super::file::{Claimed, claim, unsuitable};
use super::latest::Latest;
use super::queue::{Queue, Task};
use super::{reads, writer};
use crate::store::operations::{Durability, PrepareError, Prepared, StoreError};

/// The oldest SQLite whose write-ahead log is trusted: 3.51.3 mends a race that could damage the
/// file when a log was begun anew.
const OLDEST: i32 = 3_051_003;
/// How many threads read. They never wait for the disk to take a write.
const READERS: usize = 2;

/// An open file. Dropping it lets the operations that wait finish, ends the threads and closes
/// the file.
pub(super) struct Open {
    /// Takes what writes; nothing once the threads are to end.
    writes: Option<Queue>,
    /// Takes what reads.
    reads: Option<Queue>,
    readers: Vec<JoinHandle<()>>,
    writer: Option<JoinHandle<()>>,
    /// The latest instant that any operation came with.
    pub(super) latest: Latest,
    /// What was found.
    pub(super) prepared: Prepared,
    /// Let go after everything else.
    _claimed: Claimed,
}

impl Open {
    /// Claims the file, brings its schema up to date and starts the threads.
    pub(super) fn new(path: &Path) -> Result<Self, PrepareError> {
        is_new_enough(path)?;
        let mut claimed = claim(path, NEWEST)?;
        let (path, identity) = (claimed.path.clone(), claimed.identity.clone());
        let connection = connect::writing(&path)?;
        let unfit = |error: rusqlite::Error| unfit(&path, &error);
        let prepared = Prepared {
            durability: Durability::PowerLoss,
            version: format!("SQLite {}", rusqlite::version()),
            settings: connect::settings(&connection).map_err(unfit)?,
            warnings: std::mem::take(&mut claimed.warnings),
        };
        let latest = Latest::from(reads::number(&connection, "shown_ms").map_err(unfit)?);
        let (writes, to_write) = Queue::new();
        let (reads, to_read) = Queue::new();
        let mut open = Self {
            writes: Some(writes),
            reads: Some(reads),
            readers: Vec::new(),
            writer: None,
            latest: latest.clone(),
            prepared,
            _claimed: claimed,
        };
        let work = move || writer::work(connection, &to_write, &latest, &identity);
        open.writer = Some(start("sqlite-writer", work)?);
        let to_read = Arc::new(Mutex::new(to_read));
        for _ in 0..READERS {
            let connection = connect::reading(&path)?;
            let to_read = to_read.clone();
            let reader = start("sqlite-reader", move || read(&connection, &to_read))?;
            open.readers.push(reader);
        }
        Ok(open)
    }

    /// Where to put what writes.
    pub(super) fn writes(&self) -> Result<&Queue, StoreError> {
        self.writes.as_ref().ok_or_else(not_open)
    }

    /// Where to put what reads.
    pub(super) fn reads(&self) -> Result<&Queue, StoreError> {
        self.reads.as_ref().ok_or_else(not_open)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // The writer closes last: whoever closes last brings the log into the file, and a
        // connection that only reads cannot.
        self.reads = None;
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        self.writes = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

pub(super) fn not_open() -> StoreError {
    StoreError::unavailable("the SQLite file is not open")
}

fn is_new_enough(path: &Path) -> Result<(), PrepareError> {
    if rusqlite::version_number() >= OLDEST {
        return Ok(());
    }
    let version = rusqlite::version();
    let reason =
        format!("would be opened with SQLite {version}: build with SQLite 3.51.3 or newer");
    Err(unsuitable(path, reason))
}

fn start(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, PrepareError> {
    let thread = thread::Builder::new().name(name.to_owned());
    let started: io::Result<_> = thread.spawn(work);
    started.map_err(|error| {
        PrepareError::Unreachable(format!(
            "cannot start a thread for the SQLite store: {error}"
        ))
    })
}

/// Reads until nobody can ask any more.
fn read(connection: &Connection, queue: &Mutex<Receiver<Box<dyn Task>>>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut task) = next else { return };
        if task.is_awaited() {
            let failed = task.run(connection).err();
            task.answer(failed.as_ref());
        }
    }
}
