//! The tables: made once, by whoever comes first and may; found by everybody else.

use appattest_integrator::store::PrepareError;
use tokio::task::JoinSet;

use super::{place, refusal, schema_of, sql, subject, url_of};
use crate::contract::samples::handle;
use crate::contract::subject::Subject;
use crate::harness::stores::postgres_server;

#[tokio::test]
async fn processes_that_start_at_once_make_the_tables_once() {
    for round in 0..3 {
        let url = postgres_server().schema_url(&format!("at_once_{round}"));
        let mut starting = JoinSet::new();
        for _ in 0..8 {
            let subject = Subject::opened(place(&url));
            starting.spawn(async move { subject.store.prepare().await.map(|_| subject) });
        }
        let started = starting.join_all().await;
        for (number, subject) in (0..).zip(started) {
            subject.unwrap().created(number).await;
        }
    }
}

#[tokio::test]
async fn a_schema_of_a_newer_version_is_refused() {
    let newer = subject().await;
    sql(
        &newer,
        "INSERT INTO integrator_migrations (version, description, success, checksum, execution_time)
         VALUES (9, 'to come', true, '', 0)",
    );
    let url = url_of(&newer);
    let told = refusal(&url).await;
    assert!(
        told.contains("is newer") && told.contains("migration 9"),
        "{told}"
    );

    let other = subject().await;
    sql(&other, "UPDATE integrator_migrations SET checksum = 'x'");
    let told = refusal(&url_of(&other)).await;
    assert!(told.contains("another program"), "{told}");
}

#[tokio::test]
async fn tables_of_somebody_else_are_left_alone() {
    let url = postgres_server().schema_url("taken");
    postgres_server().psql("CREATE TABLE taken.answers (question text)");
    let told = refusal(&url).await;
    assert!(
        told.contains("\"answers\" already exists") && told.contains("of its own"),
        "{told}"
    );
    let tables = "SELECT string_agg(tablename, ',') FROM pg_tables WHERE schemaname = 'taken'";
    assert_eq!(postgres_server().psql(tables), "answers");
}

#[tokio::test]
async fn a_role_that_may_not_make_tables_uses_those_that_are_there() {
    let server = postgres_server();
    let owner = subject().await;
    let schema = schema_of(&owner);
    owner.created(1).await;
    server.psql(&format!(
        "DROP ROLE IF EXISTS server_of_flows; CREATE ROLE server_of_flows LOGIN;
         GRANT USAGE ON SCHEMA {schema} TO server_of_flows;
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO server_of_flows"
    ));
    let as_role = |url: &str| url.replace("integrator@", "server_of_flows@");

    let subject = Subject::at(place(&as_role(&url_of(&owner)))).await;
    assert!(subject.loaded(&handle(1)).await.is_some());
    let begun = subject.begun(2).await;
    subject.removed(&begun).await;
    subject.store.beat().await.unwrap();

    let empty = server.schema_url("nothing_yet");
    server.psql("GRANT USAGE ON SCHEMA nothing_yet TO server_of_flows");
    let told = refusal(&as_role(&empty)).await;
    assert!(
        told.contains("permission denied") && told.contains("CREATE"),
        "{told}"
    );
}

#[tokio::test]
async fn a_search_path_that_leads_nowhere_is_told() {
    let url = postgres_server().url("postgres") + "?options=-csearch_path%3Dnowhere";
    let told = Subject::opened(place(&url)).store.prepare().await;
    assert!(
        matches!(&told, Err(PrepareError::Unsuitable(told)) if told.contains("schema")),
        "{told:?}"
    );
}
