//! The store's clock.

use std::time::Duration;

use super::samples::handle;
use super::subject::Subject;

pub(super) async fn the_clock_never_runs_back(subject: Subject) {
    subject.created(1).await;
    subject.pass(60_000);
    let shown = subject.now().await.tick;

    let wall = "2026-01-17T11:00:00Z".parse().unwrap();
    subject.clock.set_wall(wall);

    let loaded = subject.store.load(&handle(1)).await.unwrap();
    assert_eq!(subject.now().await.tick, shown);
    assert_eq!(loaded.now.tick, shown);
    let due = subject.store.due(None, 10).await.unwrap();
    assert_eq!((due.positions.len(), due.now.tick), (1, shown));
}

pub(super) async fn the_clock_does_not_run_back_over_a_restart(subject: Subject) {
    subject.clock.advance(Duration::from_secs(60));
    subject.store.beat().await.unwrap();
    let shown = subject.now().await.tick;

    let wall = "2026-01-17T11:00:00Z".parse().unwrap();
    subject.clock.set_wall(wall);
    let subject = subject.reopened().await;

    assert_eq!(subject.now().await.tick, shown);
}
