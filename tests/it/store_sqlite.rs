//! What is special to flows in a SQLite file: whose file it is, what of it is believed, and what
//! becomes of a write that cannot be made.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot arrange what it needs fails"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use appattest_integrator::clock::ManualClock;
use appattest_integrator::store::{
    Bounds, Created, Durability, FlowStore, Next, Options, PATIENCE, PrepareError, Prepared,
    Replaced, StoreError, open,
};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::contract::samples::{answer, handle, replacement, start_key};
use crate::contract::subject::Subject;
use crate::harness::service::STARTED;
use crate::harness::stores::{At, Kind};

/// The store in the file at `path`, not opened yet.
fn store_at(path: impl Into<PathBuf>) -> Arc<dyn FlowStore> {
    let options = Options::Sqlite {
        path: path.into(),
        bounds: Bounds {
            max_flows: 1000,
            patience: PATIENCE,
        },
    };
    let clock = Arc::new(ManualClock::at(STARTED.parse().unwrap()));
    open(options, clock).unwrap().way()
}

async fn prepared(path: impl Into<PathBuf>) -> Result<Arc<Prepared>, PrepareError> {
    store_at(path).prepare().await
}

/// Why the file at `path` is not used.
async fn refusal(path: impl Into<PathBuf>) -> String {
    match prepared(path).await {
        Err(PrepareError::Unsuitable(reason)) => reason,
        other => panic!("not refused: {other:?}"),
    }
}

fn path_of(subject: &Subject) -> PathBuf {
    match &subject.place.at {
        At::Folder(folder) => folder.path().join("flows.db"),
        _ => panic!("no folder"),
    }
}

/// The subject after `change` was made to its file while it was closed.
async fn tampered(subject: Subject, change: &str) -> Subject {
    subject
        .changed_while_closed(|place| {
            let At::Folder(folder) = &place.at else {
                panic!("no folder")
            };
            let file = Connection::open(folder.path().join("flows.db")).unwrap();
            assert_eq!(file.execute(change, []).unwrap(), 1, "{change}");
        })
        .await
}

fn is_unreadable<T: std::fmt::Debug>(read: Result<T, StoreError>, place: &str, why: &str) {
    match read {
        Err(StoreError::Unreadable {
            coordinates,
            reason,
        }) => {
            assert_eq!(coordinates, place);
            assert!(reason.contains(why), "{reason}");
        }
        other => panic!("believed: {other:?}"),
    }
}

fn cause<T: std::fmt::Debug>(done: Result<T, StoreError>) -> String {
    match done {
        Err(StoreError::Unavailable { cause }) => cause,
        other => panic!("available: {other:?}"),
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// A database file made by `statements`, closed.
fn planted(folder: &TempDir, statements: &str) -> PathBuf {
    let path = folder.path().join("planted.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch(statements)
        .unwrap();
    path
}

/// Refused for `why`, and not a byte changed nor a file left beside it but the lock.
async fn is_refused_and_left(path: &Path, why: &str) {
    let before = fs::read(path).unwrap();
    let reason = refusal(path).await;
    assert_eq!(reason, format!("the file {} {why}", path.display()));
    assert_eq!(fs::read(path).unwrap(), before);
    for suffix in ["-wal", "-shm", "-journal"] {
        let beside = format!("{}{suffix}", path.display());
        assert!(!Path::new(&beside).exists(), "{beside}");
    }
}

#[tokio::test]
async fn a_file_that_is_open_is_refused_to_others_and_the_first_goes_on() {
    let subject = Subject::of(Kind::Sqlite).await;
    let path = path_of(&subject);
    let link = path.with_file_name("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    for name in [&path, &link] {
        let reason = refusal(name).await;
        assert!(
            reason.ends_with("is in use by another process; a SQLite file belongs to one process"),
            "{reason}"
        );
    }
    let begun = subject.begun(1).await;
    assert_eq!(
        subject.loaded(&handle(1)).await,
        Some((*begun.flow).clone())
    );
    drop(subject.store);
    drop(subject.opened);
    prepared(&path).await.unwrap();
}

#[tokio::test]
async fn the_file_and_those_beside_it_are_open_to_their_owner_alone() {
    let subject = Subject::of(Kind::Sqlite).await;
    subject.created(1).await;
    let path = path_of(&subject);
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let beside = format!("{}{suffix}", path.display());
        assert_eq!(mode(Path::new(&beside)), 0o600, "{beside}");
    }
    assert_eq!(subject.store.prepared().unwrap().warnings, [""; 0]);
    drop(subject.store);
    drop(subject.opened);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let prepared = prepared(&path).await.unwrap();
    assert!(prepared.warnings[0].contains("(mode 0644)"));
}

#[tokio::test]
async fn it_tells_what_its_durability_follows_from() {
    let subject = Subject::of(Kind::Sqlite).await;
    let prepared = subject.store.prepared().unwrap();
    assert_eq!(prepared.durability, Durability::PowerLoss);
    assert_eq!(prepared.version, "SQLite 3.51.3");
    for (name, value) in [("journal_mode", "wal"), ("synchronous", "full")] {
        let setting = (name.to_owned(), value.to_owned());
        assert!(prepared.settings.contains(&setting), "{prepared:?}");
    }
}

#[tokio::test]
async fn another_applications_database_is_refused_and_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    let theirs = "CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1);";
    let why = |id: u32| {
        format!(
            "is a database of another application (id {id}) and is left as it is: name another file"
        )
    };
    let path = planted(&folder, theirs);
    is_refused_and_left(&path, &why(0)).await;
    let path = planted(&folder, "PRAGMA application_id = 7;");
    is_refused_and_left(&path, &why(7)).await;
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("planted.db");
    prepared(&path).await.unwrap();
    planted(&folder, "PRAGMA user_version = 99;");
    let why = "has schema 99, and this version of the program knows schema 1: run the version that wrote it";
    is_refused_and_left(&path, why).await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("letter.txt");
    let why = "is no SQLite database and is left as it is: name another file, or move it away";
    for text in ["Dear".to_owned(), "Dear Madam,\n".repeat(1000)] {
        fs::write(&path, text).unwrap();
        is_refused_and_left(&path, why).await;
    }
}

#[tokio::test]
async fn a_damaged_file_is_refused_for_what_it_is() {
    let subject = Subject::of(Kind::Sqlite).await;
    subject.begun(1).await;
    let path = path_of(&subject);
    drop(subject.store);
    drop(subject.opened);
    let mut bytes = fs::read(&path).unwrap();
    bytes[100..4096].fill(0xaa);
    fs::write(&path, &bytes).unwrap();
    let reason = refusal(&path).await;
    assert!(reason.contains("the SQLite file is damaged"), "{reason}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[tokio::test]
async fn a_log_without_its_file_is_not_thrown_away() {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("flows.db-wal");
    fs::write(&log, "flows").unwrap();
    let reason = refusal(folder.path().join("flows.db")).await;
    assert!(reason.contains("its write-ahead log"), "{reason}");
    assert_eq!(fs::read(&log).unwrap(), b"flows");
}

#[tokio::test]
async fn a_path_that_leads_nowhere_is_refused_with_what_to_change() {
    let folder = TempDir::new().unwrap();
    let reason = refusal(folder.path().join("no/flows.db")).await;
    assert!(
        reason.ends_with("which does not exist: create the directory"),
        "{reason}"
    );
    let reason = refusal(folder.path()).await;
    assert!(reason.ends_with("is no file: name a file"), "{reason}");
}

#[tokio::test]
async fn a_relative_path_is_one_too() {
    let folder = TempDir::new().unwrap();
    let here = std::env::current_dir().unwrap();
    let up: PathBuf = here.components().skip(1).map(|_| "..").collect();
    let below = folder.path().strip_prefix("/").unwrap();
    prepared(up.join(below).join("flows.db")).await.unwrap();
    assert!(folder.path().join("flows.db").exists());
}

#[tokio::test]
async fn a_flipped_bit_of_a_flow_is_told_with_where_it_lies() {
    let subject = Subject::of(Kind::Sqlite).await;
    subject.begun(1).await;
    let stored = subject.begun(2).await;
    let flip = "UPDATE flows SET head = replace(head, 'correlation-2', 'correlation-3')
        WHERE handle LIKE '%2'";
    let subject = tampered(subject, flip).await;
    let place = format!(
        "the record of flow {} in the sqlite store",
        handle(2).as_str()
    );
    let read = subject.store.load(&handle(2)).await;
    is_unreadable(read, &place, "its seal does not fit");
    assert!(subject.loaded(&handle(1)).await.is_some());
    subject.removed(&stored).await;
}

#[tokio::test]
async fn a_flipped_bit_of_an_answer_is_told_with_where_it_lies() {
    let subject = Subject::of(Kind::Sqlite).await;
    let (stored, call) = subject.created(1).await;
    let (stored, kept) = subject
        .answered(&stored, &call, answer(200, r#"{"id":"a"}"#))
        .await;
    let flip = r#"UPDATE answers SET body = CAST('{"id":"b"}' AS BLOB)"#;
    let subject = tampered(subject, flip).await;
    let attempts = [kept.attempt.clone()];
    let place = format!(
        "the answer to attempt {} of flow {} in the sqlite store",
        kept.attempt.as_str(),
        handle(1).as_str()
    );
    let read = subject.store.answers(&stored, &attempts).await;
    is_unreadable(read, &place, "its seal does not fit");
}

#[tokio::test]
async fn a_row_that_cannot_be_what_it_claims_is_unreadable_and_poisons_no_other() {
    for (change, why) in [
        ("version = -1", "its column version is -1, below zero"),
        ("schema = 70000", "its column schema is 70000"),
        ("seal = x'00'", "its seal has 1 bytes in place of 32"),
        ("head = CAST(x'ff' AS TEXT)", "its column head"),
    ] {
        let subject = Subject::of(Kind::Sqlite).await;
        let stored = subject.begun(1).await;
        let change = format!(
            "UPDATE flows SET {change} WHERE handle = '{}'",
            handle(1).as_str()
        );
        let subject = tampered(subject, &change).await;
        let place = format!(
            "the record of flow {} in the sqlite store",
            handle(1).as_str()
        );
        is_unreadable(subject.store.load(&handle(1)).await, &place, why);
        if change.contains("version") {
            let removal = replacement(&stored, Next::Nothing);
            is_unreadable(subject.store.replace(removal).await, &place, why);
        }
        subject.begun(2).await;
        assert!(subject.loaded(&handle(2)).await.is_some());
    }
}

#[tokio::test]
async fn an_operation_that_fails_takes_no_other_with_it() {
    let subject = Subject::of(Kind::Sqlite).await;
    let (stored, _) = subject.created(1).await;
    let other = Connection::open(path_of(&subject)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut creations = JoinSet::new();
    for number in 1..=100 {
        let (store, flow) = (subject.store.clone(), subject.claimed(number, "{}").await.0);
        creations.spawn(async move {
            let key = start_key(&format!("key-{number}"));
            (number, store.create(flow, Some(key)).await)
        });
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    other.execute_batch("COMMIT").unwrap();
    for (number, created) in creations.join_all().await {
        if number == 1 {
            assert!(cause(created).contains("UNIQUE constraint failed: flows.handle"));
        } else {
            assert_eq!(created, Ok(Created::Created));
        }
    }
    assert_eq!(subject.store.census().await.unwrap().flows, 100);
    assert_eq!(subject.store.started(&start_key("key-1")).await, Ok(None));
    subject.removed(&stored).await;
}

#[tokio::test]
async fn what_waits_for_another_programs_lock_is_bounded_and_reads_do_not_wait() {
    let subject = Subject::of(Kind::Sqlite).await;
    subject.created(1).await;
    let other = Connection::open(path_of(&subject)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut creations = JoinSet::new();
    for number in 2..=900 {
        let (store, flow) = (subject.store.clone(), subject.claimed(number, "{}").await.0);
        creations.spawn(async move { store.create(flow, None).await });
    }
    assert!(subject.loaded(&handle(1)).await.is_some());
    let causes: Vec<String> = creations.join_all().await.into_iter().map(cause).collect();
    let among = |words: &str| causes.iter().filter(|cause| cause.contains(words)).count();
    assert!(among("the store's queue is full: 512 operations wait") >= 200);
    assert!(among("another program holds the SQLite file locked") >= 1);
    other.execute_batch("COMMIT").unwrap();
    subject.created(1000).await;
    assert!(subject.store.census().await.unwrap().flows < 900);
}

#[tokio::test]
async fn a_file_that_was_moved_away_takes_no_writes_until_it_is_back() {
    let subject = Subject::of(Kind::Sqlite).await;
    let (stored, _) = subject.created(1).await;
    let path = path_of(&subject);
    let away = path.with_file_name("away.db");
    fs::rename(&path, &away).unwrap();
    let told = cause(subject.store.beat().await);
    assert!(told.contains("was moved, removed or replaced"), "{told}");
    cause(subject.store.ready().await);
    fs::rename(&away, &path).unwrap();
    assert_eq!(subject.store.beat().await, Ok(()));
    let removal = replacement(&stored, Next::Nothing);
    assert_eq!(subject.store.replace(removal).await, Ok(Replaced::Done));
}

#[tokio::test]
async fn a_store_that_is_closed_leaves_one_whole_file() {
    let subject = Subject::of(Kind::Sqlite).await;
    subject.begun(1).await;
    let path = path_of(&subject);
    drop(subject.store);
    drop(subject.opened);
    assert!(!path.with_file_name("flows.db-wal").exists());
    let copy = path.with_file_name("copy.db");
    fs::copy(&path, &copy).unwrap();
    let copied = store_at(&copy);
    copied.prepare().await.unwrap();
    let loaded = copied.load(&handle(1)).await.unwrap();
    assert!(loaded.stored.is_some());
}
