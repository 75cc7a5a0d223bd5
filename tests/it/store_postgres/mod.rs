//! What is special to flows in PostgreSQL: statements that meet, a server that fails, a database
//! that is not what it should be.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot arrange what it needs fails"
)]

mod counting;
mod damage;
mod fitness;
mod outages;
mod plans;
mod schema;

use std::sync::Arc;
use std::time::Duration;

use appattest_integrator::store::{
    Bounds, FlowStore, Next, PrepareError, ServerClock, StoreError, Stored,
};
use integrator_testbed::postgres::{Options, Server};

use crate::contract::subject::Subject;
use crate::harness::stores::{At, Kind, Place, postgres_server};

/// A busy machine is no fault of the store's.
const UNHURRIED: Bounds = Bounds {
    max_flows: 20_000,
    patience: Duration::from_secs(30),
};

/// A schema of its own on the shared server.
async fn subject() -> Subject {
    Subject::of(Kind::Postgres).await
}

fn schema_of(subject: &Subject) -> &str {
    match &subject.place.at {
        At::Schema(schema) => schema,
        _ => panic!("no schema"),
    }
}

fn url_of(subject: &Subject) -> String {
    let (server, schema) = (postgres_server().url("postgres"), schema_of(subject));
    format!("{server}?options=-csearch_path%3D{schema}")
}

/// Runs SQL where a subject's tables are.
fn sql(subject: &Subject, text: &str) -> String {
    let schema = schema_of(subject);
    postgres_server().psql(&format!("SET search_path = {schema}; {text}"))
}

/// A server that may be killed, with a URL of an empty schema on it.
fn own_server(options: Options) -> (Arc<Server>, String) {
    let server = Arc::new(Server::start(options));
    let url = server.schema_url("own");
    (server, url)
}

fn place(url: &str) -> Place {
    Place::postgres(url.to_owned(), UNHURRIED, ServerClock::Given)
}

/// A further process at a subject's place.
async fn beside(subject: &Subject) -> Arc<dyn FlowStore> {
    let store = subject.place.open(subject.clock.clone()).way();
    store.prepare().await.expect("the store is ready");
    store
}

fn record(stored: &Stored) -> Next {
    Next::Record {
        stored: stored.clone(),
        answer: None,
        dropped: Vec::new(),
    }
}

fn cause<T: std::fmt::Debug>(done: Result<T, StoreError>) -> String {
    match done {
        Err(StoreError::Unavailable { cause }) => cause,
        other => panic!("available: {other:?}"),
    }
}

/// Why the database that a URL leads to is not used.
async fn refusal(url: &str) -> String {
    match Subject::opened(place(url)).store.prepare().await {
        Err(PrepareError::Unsuitable(reason)) => reason,
        other => panic!("not refused: {other:?}"),
    }
}
