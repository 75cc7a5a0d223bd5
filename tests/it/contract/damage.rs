//! Records that cannot be what they claim to be: each is refused with what and where, and nothing
//! of it is believed.

use appattest_integrator::store::{Query, StoreError};
use rusqlite::Connection;

use super::samples::handle;
use super::subject::Subject;
use crate::harness::stores::{At, Place, postgres_server, redis_server};

/// The flow that is damaged; others stay whole.
const FLOW: u64 = 1;

/// Puts another text in place of one, in each field of the damaged flow's record or answer.
pub(crate) enum Damage {
    /// A bit of the head's text, which stays JSON.
    Head,
    /// The number of the head's format.
    NewerFormat,
    /// A byte of the body of the start's answer.
    Body,
    /// The definition that the flow runs.
    Definition,
}

pub(super) fn plant(place: &Place, damage: &Damage) {
    plant_in(place, handle(FLOW).as_str(), damage);
}

/// The same in the flow with this handle, whose correlation id is `correlation-1`.
pub(crate) fn plant_in(place: &Place, handle: &str, damage: &Damage) {
    let changed = match &place.at {
        At::Process | At::Elsewhere => panic!("nothing is kept where it is looked for"),
        At::Folder(folder) => {
            let file = Connection::open(folder.path().join("flows.db")).expect("a database");
            let change = match damage {
                Damage::Head => format!(
                    "UPDATE flows SET head = replace(head, 'correlation-1', 'correlation-7') WHERE handle = '{handle}'"
                ),
                Damage::NewerFormat => {
                    format!("UPDATE flows SET schema = 2 WHERE handle = '{handle}'")
                }
                Damage::Body => format!(
                    "UPDATE answers SET body = CAST(replace(CAST(body AS TEXT), 'id-1', 'id-7') AS BLOB) WHERE handle = '{handle}'"
                ),
                Damage::Definition => "DELETE FROM definitions".to_owned(),
            };
            file.execute(&change, []).expect("a change").to_string()
        }
        At::Schema(schema) => {
            let change = match damage {
                Damage::Head => format!(
                    "UPDATE flows SET head = replace(head, 'correlation-1', 'correlation-7') WHERE handle = '{handle}'"
                ),
                Damage::NewerFormat => {
                    format!("UPDATE flows SET schema = 2 WHERE handle = '{handle}'")
                }
                Damage::Body => format!(
                    "UPDATE answers SET body = replace(convert_from(body, 'UTF8'), 'id-1', 'id-7')::bytea WHERE handle = '{handle}'"
                ),
                Damage::Definition => "DELETE FROM definitions".to_owned(),
            };
            let sql = format!(
                "SET search_path TO {schema}; WITH changed AS ({change} RETURNING 1) SELECT count(*) FROM changed"
            );
            postgres_server().psql(&sql)
        }
        At::Database(database) => {
            let client = redis::Client::open(redis_server().url(*database));
            let mut connection = client
                .expect("a client")
                .get_connection()
                .expect("a server");
            let (script, key) = match damage {
                Damage::Head => (
                    "local t = redis.call('HGET', KEYS[1], 't'); local n; t, n = string.gsub(t, 'correlation%-1', 'correlation-7'); redis.call('HSET', KEYS[1], 't', t); return n",
                    format!("integrator:flow:{{{handle}}}"),
                ),
                Damage::NewerFormat => (
                    "return redis.call('HSET', KEYS[1], 's', '2') + 1",
                    format!("integrator:flow:{{{handle}}}"),
                ),
                Damage::Body => (
                    "local f = 'o:attempt-1'; local t = redis.call('HGET', KEYS[1], f); local n; t, n = string.gsub(t, 'id%-1', 'id-7'); redis.call('HSET', KEYS[1], f, t); return n",
                    format!("integrator:flow:{{{handle}}}"),
                ),
                Damage::Definition => (
                    "return redis.call('DEL', unpack(redis.call('KEYS', KEYS[1])))",
                    "integrator:definition:*".to_owned(),
                ),
            };
            let script = redis::Script::new(script);
            let changed: i64 = script.key(key).invoke(&mut connection).expect("a reply");
            changed.to_string()
        }
    };
    assert_eq!(changed.trim(), "1", "one place is damaged");
}

/// Two flows, of which the first is damaged while no process has the store open.
async fn damaged(subject: Subject, damage: Damage) -> Subject {
    subject.begun(FLOW).await;
    subject.begun(2).await;
    let damaged = subject.changed_while_closed(|place| plant(place, &damage));
    damaged.await
}

/// Where and why the flow cannot be read.
async fn refusal(subject: &Subject) -> (String, String) {
    match subject.store.load(&handle(FLOW)).await {
        Err(StoreError::Unreadable {
            coordinates,
            reason,
        }) => (coordinates, reason),
        other => panic!("not refused: {other:?}"),
    }
}

fn record(subject: &Subject) -> String {
    let kind = subject.store.kind();
    format!(
        "the record of flow {} in the {kind} store",
        handle(FLOW).as_str()
    )
}

pub(super) async fn a_damaged_record_is_refused_with_its_coordinates(subject: Subject) {
    let subject = damaged(subject, Damage::Head).await;

    let (coordinates, reason) = refusal(&subject).await;

    assert_eq!(coordinates, record(&subject));
    assert!(reason.contains("its seal does not fit"), "{reason}");
    assert!(subject.loaded(&handle(2)).await.is_some());
}

pub(super) async fn a_record_of_a_newer_format_is_refused_with_its_coordinates(subject: Subject) {
    let subject = damaged(subject, Damage::NewerFormat).await;

    let (coordinates, reason) = refusal(&subject).await;

    assert_eq!(coordinates, record(&subject));
    assert!(reason.contains("written in format 2"), "{reason}");
    assert!(subject.loaded(&handle(2)).await.is_some());
}

pub(super) async fn a_damaged_answer_is_refused_with_its_coordinates(subject: Subject) {
    let subject = damaged(subject, Damage::Body).await;
    let loaded = subject.store.load(&handle(FLOW)).await.unwrap();
    let stored = loaded.stored.expect("a whole head");
    let start = subject.protocol.start().id();
    let attempts = [stored.flow.latest_answer(start).expect("an answer").clone()];

    let read = subject.store.answers(&stored, &attempts).await;

    let Err(StoreError::Unreadable {
        coordinates,
        reason,
    }) = read
    else {
        panic!("not refused: {read:?}")
    };
    assert!(
        coordinates.contains("the answer to attempt attempt-1 of flow 0"),
        "{coordinates}"
    );
    assert!(reason.contains("its seal does not fit"), "{reason}");
}

pub(super) async fn a_missing_definition_is_refused_by_its_digest(subject: Subject) {
    let digest = subject.protocol.digest().to_owned();
    let subject = damaged(subject, Damage::Definition).await;

    let (coordinates, reason) = refusal(&subject).await;

    assert_eq!(coordinates, record(&subject));
    assert!(reason.contains(&digest), "{reason}");
}

pub(super) async fn an_unreadable_flow_can_still_be_counted_and_found(subject: Subject) {
    let subject = damaged(subject, Damage::Head).await;

    assert_eq!(subject.found(&Query::default()).await, [1, 2]);
    assert_eq!(subject.store.census().await.unwrap().flows, 2);
    subject.pass(10_000);
    let due = subject.due().await;
    assert_eq!(
        due.iter().map(|(number, _)| *number).collect::<Vec<_>>(),
        [1, 2]
    );
}

pub(super) async fn an_unreadable_flow_keeps_no_other_from_being_loaded(subject: Subject) {
    let subject = damaged(subject, Damage::Head).await;

    let loaded = subject.store.load_all(&[handle(FLOW), handle(2)]).await;

    let flows = loaded.unwrap().flows;
    let alone = subject.store.load(&handle(FLOW)).await;
    assert_eq!(flows[0].as_ref().err(), alone.as_ref().err());
    assert!(flows[0].is_err());
    let whole = flows[1].as_ref().unwrap().as_ref();
    assert_eq!(whole.map(|stored| stored.flow.handle()), Some(&handle(2)));
}
