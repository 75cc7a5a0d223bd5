//! What is special to flows in Redis: a server that is not what it should be, that fails or
//! forgets, a cluster, and an index that is only a hint.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot arrange what it needs fails"
)]

mod counting;
mod damage;
mod faults;
mod fitness;
mod outages;
mod repair;
mod servers;

use std::sync::Arc;

use appattest_integrator::store::{
    FlowStore, LookupKey, Next, PrepareError, Query, ServerClock, StoreError, Stored,
};
use integrator_testbed::redis::{Options, Server};
use sha2::{Digest, Sha256};

use crate::contract::samples::handle;
use crate::contract::subject::{MOST, Subject};
use crate::harness::stores::Place;

fn server(options: Options) -> Arc<Server> {
    Arc::new(Server::start(options))
}

fn place(url: String) -> Place {
    Place::redis(url, MOST, ServerClock::Given)
}

/// Flows on this server.
async fn subject(server: &Server) -> Subject {
    Subject::at(place(server.url(0))).await
}

/// A further process at a subject's place.
async fn beside(subject: &Subject) -> Arc<dyn FlowStore> {
    let store = subject.place.open(subject.clock.clone()).way();
    store.prepare().await.expect("the store is ready");
    store
}

/// The name of a flow's key.
fn key(number: u64) -> String {
    format!("integrator:flow:{{{}}}", handle(number).as_str())
}

/// The name of a start key's key.
fn start(text: &str) -> String {
    let digest = Sha256::digest(text);
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("integrator:start:{digest}")
}

fn record(stored: &Stored) -> Next {
    Next::Record {
        stored: stored.clone(),
        answer: None,
        dropped: Vec::new(),
    }
}

fn with_flow_id(id: &str) -> Query {
    Query {
        flow_id: Some(LookupKey::of(id)),
        ..Query::default()
    }
}

fn cause<T: std::fmt::Debug>(done: Result<T, StoreError>) -> String {
    match done {
        Err(StoreError::Unavailable { cause }) => cause,
        other => panic!("available: {other:?}"),
    }
}

/// Why the server is not used.
async fn refusal(url: String) -> String {
    match Subject::opened(place(url)).store.prepare().await {
        Err(PrepareError::Unsuitable(reason)) => reason,
        other => panic!("not refused: {other:?}"),
    }
}

/// Why the server cannot be asked.
async fn silence(url: String) -> String {
    match Subject::opened(place(url)).store.prepare().await {
        Err(PrepareError::Unreachable(cause)) => cause,
        other => panic!("reached: {other:?}"),
    }
}
