//! What operations cost: what they ask for, not what is stored. The server counts it.

use std::sync::Arc;
use std::time::Duration;

use appattest_integrator::store::{FlowStore, LookupKey, Query};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::{beside, schema_of, sql, subject};
use crate::contract::samples::handle;
use crate::contract::subject::Subject;
use crate::harness::stores::postgres_server;

const FLOWS: u64 = 3_000;

/// Some thousands of flows, a few of them begun, each of these with its id.
async fn many() -> Arc<Subject> {
    let subject = Arc::new(subject().await);
    for batch in 0..FLOWS / 60 {
        let mut creations = JoinSet::new();
        for number in batch * 60..(batch + 1) * 60 {
            let subject = subject.clone();
            creations.spawn(async move {
                if number % 500 == 7 {
                    subject.begun(number).await;
                } else {
                    subject.created(number).await;
                }
            });
        }
        creations.join_all().await;
        subject.pass(1);
    }
    subject
}

/// Scans of the whole table, and rows read from it, by all sessions that have ended.
async fn read(schema: &str) -> (u64, u64) {
    // A session tells its numbers when it ends, and ends a moment after its client.
    let ended = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'appattest-integrator' AND query LIKE '%flows%' AND state <> 'idle'";
    while postgres_server().psql(ended) != "0" {}
    sleep(Duration::from_millis(300)).await;
    let asked = format!(
        "SELECT seq_scan, seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables
         WHERE relname = 'flows' AND schemaname = '{schema}'"
    );
    let told = postgres_server().psql(&asked);
    let (scans, rows) = told.split_once('|').expect("two numbers");
    (scans.parse().unwrap(), rows.parse().unwrap())
}

/// Runs every read often enough for its plan to be kept, and returns how many ran.
async fn ask_everything(store: &dyn FlowStore) -> u64 {
    let queries = [
        Query {
            flow_id: Some(LookupKey::of("id-507")),
            state: Some("begun".into()),
            ..Query::default()
        },
        Query {
            correlation_id: Some("correlation-900".into()),
            protocol: Some("example".into()),
            state: Some("created".into()),
            ..Query::default()
        },
        Query {
            verify_run_id: Some(LookupKey::of("none")),
            ..Query::default()
        },
        Query {
            state: Some("begun".into()),
            ..Query::default()
        },
        Query {
            protocol: Some("example".into()),
            state: Some("begun".into()),
            ..Query::default()
        },
        Query {
            protocol: Some("other".into()),
            ..Query::default()
        },
        Query {
            protocol: Some("example".into()),
            ..Query::default()
        },
        Query::default(),
    ];
    let mut asked = 0;
    for round in 0..12 {
        for query in &queries {
            store.find(query, 10).await.unwrap();
        }
        store.due(None, 10).await.unwrap();
        store.load(&handle(round)).await.unwrap();
        store.load_all(&[handle(round), handle(7)]).await.unwrap();
        store.census().await.unwrap();
        asked += queries.len() as u64 + 4;
    }
    asked
}

#[tokio::test]
async fn nothing_scans_all_flows_whether_the_server_knows_them_or_not() {
    let subject = many().await;
    let schema = schema_of(&subject).to_owned();
    for analyze in ["", "ANALYZE"] {
        sql(
            &subject,
            if analyze.is_empty() {
                "SELECT 1"
            } else {
                analyze
            },
        );
        // What was read so far is told when the sessions that read it have ended.
        let store = beside(&subject).await;
        store.beat().await.unwrap();
        let before = read(&schema).await;
        let asked = ask_everything(&*store).await;
        drop(store);
        let mut after = read(&schema).await;
        for _ in 0..50 {
            if after.1 > before.1 {
                break;
            }
            after = read(&schema).await;
        }

        assert_eq!(after.0, before.0, "scans of the whole table, {analyze:?}");
        let rows = after.1 - before.1;
        assert!(
            rows > asked / 2,
            "{rows} rows for {asked} questions, {analyze:?}"
        );
        assert!(
            rows < asked * 30,
            "{rows} rows for {asked} questions, {analyze:?}"
        );
    }
}
