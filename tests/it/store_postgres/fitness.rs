//! Servers that are used, and servers that are not.

use appattest_integrator::clock::ManualClock;
use appattest_integrator::store::{
    Durability, Options as StoreOptions, PrepareError, ServerClock, open,
};
use integrator_testbed::postgres::Options;
use std::sync::Arc;

use super::{UNHURRIED, cause, own_server, place, refusal};
use crate::contract::subject::{Subject, recovered};
use crate::harness::service::STARTED;
use crate::harness::stores::postgres_server;

#[tokio::test]
async fn what_acknowledged_writes_survive_is_told() {
    let durable = Options {
        fsync: true,
        ..Options::default()
    };
    for (options, class, warnings) in [
        (durable, Durability::PowerLoss, 0),
        (Options::default(), Durability::StoreProcess, 1),
    ] {
        let (_server, url) = own_server(options);
        let subject = Subject::at(place(&url)).await;
        let prepared = subject.store.prepared().unwrap();
        assert_eq!(prepared.durability, class);
        assert_eq!(prepared.warnings.len(), warnings);
        assert!(
            prepared.version.starts_with("PostgreSQL "),
            "{}",
            prepared.version
        );
        let names: Vec<&str> = prepared.settings.iter().map(|(name, _)| &**name).collect();
        assert_eq!(
            names,
            [
                "fsync",
                "full_page_writes",
                "synchronous_commit",
                "synchronous_standby_names"
            ]
        );
        // Of the session, whatever the server's own is.
        assert!(
            prepared
                .settings
                .contains(&("synchronous_commit".to_owned(), "on".to_owned()))
        );
    }
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_refused_and_one_that_ceases_to_is_not_ready() {
    let (server, url) = own_server(Options::default());
    let subject = Subject::at(place(&url)).await;
    subject.store.ready().await.unwrap();
    let set = |value: &str| {
        server.psql(&format!(
            "ALTER ROLE integrator SET default_transaction_read_only = {value}"
        ));
        // A server that is reloaded tells its sessions when it gets to it; a role's setting holds
        // from the next session on.
        server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'appattest-integrator'");
    };

    set("on");

    let told = refusal(&url).await;
    assert!(
        told.contains("takes no writes") && told.contains("default_transaction_read_only"),
        "{told}"
    );
    let mut told = cause(subject.store.beat().await);
    if !told.contains("takes no writes") {
        // The session that was ended was noticed first.
        told = cause(subject.store.beat().await);
    }
    assert!(
        told.contains("takes no writes") && told.contains("25006"),
        "{told}"
    );
    assert_eq!(cause(subject.store.ready().await), told);

    server.psql("BEGIN; SET TRANSACTION READ WRITE; ALTER ROLE integrator SET default_transaction_read_only = off; COMMIT");
    server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'appattest-integrator'");
    recovered(&*subject.store).await;
    subject.store.ready().await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_not_there_may_come() {
    let (server, url) = own_server(Options::default());
    server.kill();
    let subject = Subject::opened(place(&url));
    let told = match subject.store.prepare().await {
        Err(PrepareError::Unreachable(told)) => told,
        other => panic!("reached: {other:?}"),
    };
    assert!(
        told.contains("cannot be reached") && told.contains("refused"),
        "{told}"
    );
    let early = cause(subject.store.now().await);
    assert!(early.contains("cannot be reached"), "{early}");

    server.restart();

    subject.store.prepare().await.unwrap();
    subject.store.ready().await.unwrap();
    subject.store.prepare().await.unwrap();
}

#[tokio::test]
async fn a_login_or_a_database_that_is_refused_is_told_without_the_password() {
    let server = postgres_server();
    let nobody = server
        .url("postgres")
        .replace("integrator@", "nobody:SECRET@");
    let told = refusal(&nobody).await;
    assert!(
        told.contains("refuses the login") && told.contains("nobody"),
        "{told}"
    );
    assert!(!told.contains("SECRET"), "{told}");

    let nowhere = server
        .url("nowhere")
        .replace("integrator@", "integrator:SECRET@");
    let told = refusal(&nowhere).await;
    assert!(
        told.contains("no such database") && told.contains("nowhere"),
        "{told}"
    );
    assert!(!told.contains("SECRET"), "{told}");
}

#[test]
fn a_url_that_leads_nowhere_is_refused_and_not_told() {
    for url in [
        "mysql://u:SECRET@db/x",
        "postgres:",
        "postgres://u:SECRET@db:port/x",
        "postgres://u:SECRET@db/x?sslmode=never",
        "postgres://u@db/x?sslpassword=SECRET",
    ] {
        let options = StoreOptions::Postgres {
            url: url.to_owned(),
            bounds: UNHURRIED,
            clock: ServerClock::Its,
        };
        let clock = Arc::new(ManualClock::at(STARTED.parse().unwrap()));
        let Err(told) = open(options, clock) else {
            panic!("{url} was taken");
        };
        assert!(told.contains("URL of PostgreSQL"), "{told}");
        assert!(!told.contains("SECRET"), "{told}");
    }
}

#[tokio::test]
async fn a_database_in_another_encoding_is_refused() {
    let server = postgres_server();
    server.psql("DROP DATABASE IF EXISTS latin");
    server.psql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
    let told = refusal(&server.url("latin")).await;
    assert!(told.contains("LATIN1") && told.contains("UTF8"), "{told}");
}
