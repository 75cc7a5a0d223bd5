//! Flows that can no longer be read while somebody follows them.

use std::time::Duration;

use tokio::time::timeout;

use crate::contract::damage::{Damage, plant_in};
use crate::harness::log::Log;
use crate::harness::service::START;
use crate::harness::stores::Kind;
use crate::harness::{Request, Setup};

/// Nothing that is waited for takes this long unless it never comes.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_flow_that_cannot_be_read_any_more_ends_its_stream_and_is_told_to_the_log_once() {
    // A store that is looked at unasked, so that the damage is met while the stream is open.
    let setup = Setup {
        store: Some(Kind::Postgres),
        ..Setup::default()
    };
    let service = setup.start().await;
    let start = Request::post("/v1/flows/start", START);
    let start = start.header("x-correlation-id", "correlation-1");
    let handle = service.ask(start).await.string("/flowHandle");
    let mut stream = service.follow(&handle).await;
    let log = Log::start();
    plant_in(&service.place, &handle, &Damage::Head);

    let next = timeout(PATIENCE, stream.next()).await;

    assert_eq!(next.expect("the stream ends"), None);
    let mut told = log.lines();
    told.retain(|line| line.contains("an event stream ended: its flow cannot be read"));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains(&handle), "{told:?}");
    let path = format!("/v1/flows/{handle}/events");
    let again = service.get(path).await;
    again.is_problem(503, "store_unavailable");
}
