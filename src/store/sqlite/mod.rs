//! Flows in a SQLite file that belongs to one process. An acknowledged write survives a loss of
//! power: it is in the write-ahead log, and the log on the disk, before it is acknowledged.

mod columns;
mod connect;
mod errors;
mod file;
mod find;
mod latest;
mod open;
mod place;
mod queue;
mod reads;
mod writer;
mod writes;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_trait::async_trait;
use integrator_core::flow::ids::{AttemptId, FlowHandle};
use integrator_core::flow::time::Tick;
use rusqlite::Connection;

use self::open::{Open, not_open};
use super::operations::{Census, Created, PrepareError, Prepared, Replaced, StoreError};
use super::records::{Answer, Change, Head, ReadHead, Records, Row, Timing, Whole};
use super::stored::{DuePosition, Position, Query, StartKey};

/// A file of records.
pub(super) struct SqliteRecords {
    file: Arc<OneFile>,
}

/// Shared with the thread that opens it, which may take longer than whoever asked waits.
struct OneFile {
    path: PathBuf,
    opening: Mutex<()>,
    open: OnceLock<Open>,
}

impl OneFile {
    /// Opens the file unless it is open.
    fn open(&self) -> Result<&Open, PrepareError> {
        let _one_at_a_time = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = self.open.get() {
            return Ok(open);
        }
        let open = Open::new(&self.path)?;
        Ok(self.open.get_or_init(|| open))
    }
}

impl SqliteRecords {
    /// The records in the file at `path`, which is not opened before they are prepared.
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            file: Arc::new(OneFile {
                path,
                opening: Mutex::new(()),
                open: OnceLock::new(),
            }),
        }
    }

    fn open(&self) -> Result<&Open, StoreError> {
        self.file.open.get().ok_or_else(not_open)
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.open()?.reads()?.ask(work).await
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.open()?.writes()?.ask(work).await
    }

    /// The same for what is judged by time: `work` is given the store's now as of its turn.
    async fn write_at<T: Send + 'static>(
        &self,
        timing: Timing,
        work: impl FnOnce(&Connection, Tick) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let latest = self.open()?.latest.clone();
        latest.see(timing.floor);
        self.write(move |connection| work(connection, latest.get().unwrap_or(timing.floor)))
            .await
    }
}

#[async_trait]
impl Records for SqliteRecords {
    fn kind(&self) -> &'static str {
        "sqlite"
    }

    fn is_shared(&self) -> bool {
        false
    }

    async fn prepare(&self) -> Result<(Prepared, Option<Tick>), PrepareError> {
        let file = self.file.clone();
        let opened = tokio::task::spawn_blocking(move || {
            let open = file.open()?;
            Ok((open.prepared.clone(), open.latest.get()))
        });
        opened.await.unwrap_or_else(|ended| {
            let told = format!("opening the SQLite file was not finished: {ended}");
            Err(PrepareError::Unreachable(told))
        })
    }

    async fn beat(&self, timing: Timing) -> Result<Tick, StoreError> {
        self.write_at(timing, writes::beat).await
    }

    async fn now(&self, timing: Timing) -> Result<Tick, StoreError> {
        // Asked of the file although the answer is known: it shows that reads are served.
        let stands = |connection: &Connection| Ok(reads::number(connection, "shown_ms")?);
        self.read(stands).await.map(|_| timing.floor)
    }

    async fn keep_definition(&self, digest: &str, text: &str) -> Result<(), StoreError> {
        let (digest, text) = (digest.to_owned(), text.to_owned());
        self.write(move |connection| writes::keep_definition(connection, &digest, &text))
            .await
    }

    async fn definition(&self, digest: &str) -> Result<Option<String>, StoreError> {
        let digest = digest.to_owned();
        self.read(move |connection| reads::definition(connection, &digest))
            .await
    }

    async fn create(
        &self,
        row: &Row,
        key: Option<&StartKey>,
        max_flows: u64,
    ) -> Result<Created, StoreError> {
        let (row, key) = (row.clone(), key.cloned());
        self.write(move |connection| writes::create(connection, &row, key.as_ref(), max_flows))
            .await
    }

    async fn started(&self, key: &StartKey) -> Result<Option<FlowHandle>, StoreError> {
        let key = key.clone();
        self.read(move |connection| reads::started(connection, &key))
            .await
    }

    async fn load(
        &self,
        handle: &FlowHandle,
        timing: Timing,
    ) -> Result<(Option<Head>, Tick), StoreError> {
        let handle = handle.clone();
        let head = self.read(move |connection| reads::head(connection, &handle));
        Ok((head.await?, timing.floor))
    }

    async fn load_all(
        &self,
        handles: &[FlowHandle],
        timing: Timing,
    ) -> Result<(Vec<ReadHead>, Tick), StoreError> {
        let handles = handles.to_vec();
        let heads = self.read(move |connection| reads::heads(connection, &handles));
        Ok((heads.await?, timing.floor))
    }

    async fn answers(
        &self,
        handle: &FlowHandle,
        attempts: &[AttemptId],
    ) -> Result<Vec<Answer>, StoreError> {
        let (handle, attempts) = (handle.clone(), attempts.to_vec());
        self.read(move |connection| reads::answers(connection, &handle, &attempts))
            .await
    }

    async fn replace(&self, change: &Change, timing: Timing) -> Result<Replaced, StoreError> {
        let change = change.clone();
        self.write_at(timing, move |connection, now| {
            writes::replace(connection, &change, now)
        })
        .await
    }

    async fn due(
        &self,
        after: Option<&DuePosition>,
        limit: usize,
        timing: Timing,
    ) -> Result<(Vec<DuePosition>, Tick), StoreError> {
        let (after, now) = (after.cloned(), timing.floor);
        let due = self.read(move |connection| reads::due(connection, after.as_ref(), now, limit));
        Ok((due.await?, now))
    }

    async fn find(&self, query: &Query, limit: usize) -> Result<Vec<Position>, StoreError> {
        let query = query.clone();
        self.read(move |connection| find::find(connection, &query, limit))
            .await
    }

    async fn census(&self) -> Result<Census, StoreError> {
        self.read(reads::census).await
    }

    async fn page(
        &self,
        after: Option<&FlowHandle>,
        limit: usize,
    ) -> Result<Vec<Whole>, StoreError> {
        let after = after.cloned();
        self.read(move |connection| reads::page(connection, after.as_ref(), limit))
            .await
    }

    async fn carry(
        &self,
        row: &Row,
        key: Option<&StartKey>,
        answers: &[Answer],
    ) -> Result<bool, StoreError> {
        let (row, key, answers) = (row.clone(), key.cloned(), answers.to_vec());
        self.write(move |connection| writes::carry(connection, &row, key.as_ref(), &answers))
            .await
    }
}

#[cfg(test)]
mod tests {
    use integrator_core::flow::time::Tick;

    use super::super::records::Sealed;
    use super::super::stored::{Facts, LookupKey};
    use super::*;

    const AT_ONCE: Timing = Timing {
        floor: Tick(1),
        server: false,
    };

    fn handle(number: usize) -> FlowHandle {
        FlowHandle::parse(&format!("{number:032}")).unwrap()
    }

    fn row(number: usize, length: usize) -> Row {
        Row {
            handle: handle(number),
            head: Head {
                version: 1,
                sealed: Sealed {
                    schema: 1,
                    text: "x".repeat(length),
                    seal: [0; 32],
                },
            },
            claim: None,
            facts: Facts {
                due: Tick(5),
                protocol: "example".into(),
                state: "begun".into(),
                terminal: false,
                issued_ms: 1,
                correlation_id: "c".into(),
                flow_id: Some(LookupKey::of("f")),
                verify_run_id: None,
            },
        }
    }

    async fn records(folder: &tempfile::TempDir) -> SqliteRecords {
        let records = SqliteRecords::new(folder.path().join("flows.db"));
        records.prepare().await.unwrap();
        records
    }

    #[tokio::test]
    async fn a_full_disk_is_told_and_loses_nothing_that_was_stored() {
        let folder = tempfile::tempdir().unwrap();
        let records = records(&folder).await;
        records.create(&row(0, 10), None, 100).await.unwrap();
        // SQLite meets this bound as it meets the end of a disk, and only this process has it.
        let narrow = |connection: &Connection| {
            connection.pragma_update(None, "max_page_count", 40)?;
            Ok(())
        };
        records.write(narrow).await.unwrap();
        let refused = records.create(&row(1, 1_000_000), None, 100).await;
        let Err(StoreError::Unavailable { cause }) = refused else {
            panic!("stored");
        };
        assert_eq!(
            cause,
            "there is no room for the SQLite file to grow (SQLite says \"database or disk is full\", code 13): free space on its file system, or raise the quota"
        );
        let (kept, _) = records.load(&handle(0), AT_ONCE).await.unwrap();
        assert_eq!(kept, Some(row(0, 10).head));
        assert_eq!(records.census().await.unwrap().flows, 1);
        let created = records.create(&row(2, 10), None, 100).await;
        assert_eq!(created, Ok(Created::Created));
    }

    #[tokio::test]
    async fn a_whole_flow_is_carried_once_and_paged_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let records = records(&folder).await;
        let key = StartKey("key".into());
        let answer = |attempt: &str| Answer {
            attempt: AttemptId::new(attempt),
            sealed: row(0, 3).head.sealed,
            body: vec![0, 255, 10].into(),
            bytes: 3,
        };
        let answers = [answer("b"), answer("a")];
        let carried = records.carry(&row(2, 10), Some(&key), &answers).await;
        assert_eq!(carried, Ok(true));
        assert_eq!(records.carry(&row(2, 10), None, &[]).await, Ok(false));
        assert_eq!(records.carry(&row(3, 10), Some(&key), &[]).await, Ok(false));
        assert_eq!(records.carry(&row(1, 20), None, &[]).await, Ok(true));
        let whole = |number, length, key: Option<&StartKey>, answers: &[Answer]| Whole {
            handle: handle(number),
            head: row(number, length).head,
            key: key.cloned(),
            answers: answers.to_vec(),
        };
        let second = whole(2, 10, Some(&key), &[answer("a"), answer("b")]);
        assert_eq!(
            records.page(None, 9).await,
            Ok(vec![whole(1, 20, None, &[]), second.clone()])
        );
        assert_eq!(records.page(Some(&handle(1)), 9).await, Ok(vec![second]));
        assert_eq!(records.page(None, 1).await.unwrap().len(), 1);
        assert_eq!(records.census().await.unwrap().bytes, 6);
    }

    #[tokio::test]
    async fn a_replacement_that_waited_is_judged_by_the_time_of_its_turn() {
        let folder = tempfile::tempdir().unwrap();
        let records = records(&folder).await;
        records.create(&row(0, 10), None, 100).await.unwrap();
        let later = Timing {
            floor: Tick(50),
            ..AT_ONCE
        };
        assert_eq!(records.beat(later).await, Ok(Tick(50)));
        let change = Change {
            handle: handle(0),
            over: 1,
            next: None,
            fence: None,
            not_after: Some(Tick(50)),
        };
        let replaced = records.replace(&change, AT_ONCE).await;
        assert_eq!(replaced, Ok(Replaced::TooLate));
    }
}
