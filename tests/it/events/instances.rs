//! A flow that several instances move over one store.

use std::time::Duration;

use tokio::time::Instant;

use crate::harness::service::ASSERT;
use crate::harness::stores::Kind;
use crate::harness::{Service, Setup};

/// How soon a transition that another instance made shows at the latest.
const SOON: Duration = Duration::from_secs(1);

async fn shown_soon(kind: Kind) {
    let setup = Setup {
        store: Some(kind),
        ..Setup::default()
    };
    let here = setup.start().await;
    let there = Setup {
        seed: 2,
        ..Setup::default()
    };
    let there = here.beside(there).await;
    let mut delays = Vec::new();

    for _ in 0..3 {
        let handle = here.registered().await;
        let mut stream = here.follow(&handle).await;
        for (step, body, version) in [("client-data-hash", "", "4"), ("assert", ASSERT, "6")] {
            there.step(&handle, step, body).await.is_answer();
            let moved = Instant::now();
            assert_eq!(stream.transition().await.0, version);
            delays.push(moved.elapsed());
        }
        assert_eq!(stream.next().await, None);
    }

    // Most of them: a machine that stands still for a moment is late once.
    let in_time = delays.iter().filter(|delay| **delay < SOON).count();
    assert!(in_time >= 4, "{delays:?}");
}

#[tokio::test]
async fn a_transition_by_another_instance_over_redis_shows_within_a_second() {
    shown_soon(Kind::Redis).await;
}

#[tokio::test]
async fn a_transition_by_another_instance_over_postgres_shows_within_a_second() {
    shown_soon(Kind::Postgres).await;
}

#[tokio::test]
async fn an_expiry_that_nobody_has_written_down_ends_a_stream_over_a_shared_store() {
    let setup = Setup {
        store: Some(Kind::Redis),
        ..Setup::default()
    };
    let service: Service = setup.start().await;
    let handle = service.registered().await;
    let mut stream = service.follow(&handle).await;

    service.clock.advance(Duration::from_secs(300));

    let (_, data) = stream.transition().await;
    assert_eq!(
        data,
        r#"{"version":3,"from":"registered","to":"expired","at":"2026-01-17T12:05:00.000Z"}"#
    );
    assert_eq!(stream.next().await, None);
}
