//! The sweeper: what is due is expired and removed, at its instant and not before.

use std::time::Duration;

use appattest_integrator::orchestrator::Swept;

use crate::harness::store::ALWAYS;
use crate::harness::{Answer, Service};

async fn swept(service: &Service) -> (usize, usize) {
    let Swept {
        expired,
        removed,
        unreadable,
    } = service.sweep().await;
    assert_eq!(unreadable, 0);
    (expired, removed)
}

#[tokio::test]
async fn a_flow_is_marked_expired_at_its_deadline_and_not_before() {
    let service = Service::start().await;
    let handle = service.registered().await;

    service.clock.advance(Duration::from_millis(299_999));
    assert_eq!(swept(&service).await, (0, 0));
    service.clock.advance(Duration::from_millis(1));
    assert_eq!(swept(&service).await, (1, 0));
    assert_eq!(swept(&service).await, (0, 0));

    assert_eq!(service.state(&handle).await, "expired");
    let health = service.get("/health").await;
    assert_eq!(health.member("/flowCount"), Some(1.into()));
    assert_eq!(health.member("/terminalFlowCount"), Some(1.into()));
}

#[tokio::test]
async fn an_ended_flow_is_removed_a_retention_after_its_last_write() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    service.clock.advance(Duration::from_secs(10));
    service
        .step(&handle, "assert", r#"{"assertionObject_base64":"a"}"#)
        .await
        .is_answer();

    service.clock.advance(Duration::from_millis(899_999));
    assert_eq!(swept(&service).await, (0, 0));
    assert_eq!(service.state(&handle).await, "verified");
    service.clock.advance(Duration::from_millis(1));
    assert_eq!(swept(&service).await, (0, 1));

    service.status(&handle).await.is_problem(404, "not_found");
    let path = format!("/v1/flows/{handle}/steps/start/response");
    service.get(path).await.is_problem(404, "not_found");
    let health = service.get("/health").await;
    assert_eq!(health.member("/flowCount"), Some(0.into()));
}

#[tokio::test]
async fn an_expired_flow_is_removed_a_retention_after_it_was_marked() {
    let service = Service::start().await;
    let handle = service.registered().await;
    service.clock.advance(Duration::from_secs(400));
    assert_eq!(swept(&service).await, (1, 0));

    service.clock.advance(Duration::from_millis(899_999));
    assert_eq!(swept(&service).await, (0, 0));
    service
        .step(&handle, "assert", "")
        .await
        .is_problem(410, "expired");
    service.clock.advance(Duration::from_millis(1));
    assert_eq!(swept(&service).await, (0, 1));

    service
        .step(&handle, "assert", "")
        .await
        .is_problem(404, "not_found");
}

#[tokio::test]
async fn only_what_is_due_is_swept_however_much_is_stored() {
    let service = Service::start().await;
    for number in 0..300 {
        let until = if number % 3 == 0 {
            "12:00:10"
        } else {
            "12:04:00"
        };
        let body = format!(r#"{{"flowID":"{number}","expiresAt":"2026-01-17T{until}Z"}}"#);
        service
            .backend
            .once("/app-attest/register", Answer::json(body));
        service.registered().await;
    }

    service.clock.advance(Duration::from_secs(10));
    assert_eq!(swept(&service).await, (100, 0));
    service.clock.advance(Duration::from_secs(230));
    assert_eq!(swept(&service).await, (200, 0));
    service.clock.advance(Duration::from_secs(670));
    assert_eq!(swept(&service).await, (0, 100));
    service.clock.advance(Duration::from_secs(230));
    assert_eq!(swept(&service).await, (0, 200));
}

#[tokio::test]
async fn a_sweep_that_the_store_interrupts_goes_on_at_the_next() {
    let service = Service::start().await;
    service.registered().await;
    service.registered().await;
    service.clock.advance(Duration::from_secs(300));
    service.faults.fail_replaces(2);

    assert!(service.orchestrator.sweep().await.is_err());
    assert_eq!(swept(&service).await, (2, 0));
}

#[tokio::test]
async fn a_store_that_takes_no_records_is_still_relieved_of_flows_that_leave() {
    let service = Service::start().await;
    service.verified().await;
    service.clock.advance(Duration::from_secs(600));
    for _ in 0..40 {
        service.registered().await;
    }
    // What runs out now is more overdue than what is to be removed.
    service.clock.advance(Duration::from_secs(300));
    service.faults.fail_replaces(ALWAYS);

    assert!(service.orchestrator.sweep().await.is_err());

    service.faults.fail_replaces(0);
    let health = service.get("/health").await;
    assert_eq!(health.member("/flowCount"), Some(40.into()));
    assert_eq!(health.member("/terminalFlowCount"), Some(0.into()));
}
