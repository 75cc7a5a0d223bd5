//! A bug in the middle of a step: the caller is told that there is one, and the flow goes on.

use std::time::Duration;

use crate::harness::Service;
use crate::harness::service::ASSERT;

const SECRET: &str = "text of a panic";

#[tokio::test]
async fn a_panic_before_the_call_is_internal_and_changes_nothing() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    service.faults.before_next_replace(|| panic!("{SECRET}"));

    let reply = service.step(&handle, "assert", ASSERT).await;

    assert_eq!(reply.status, 500);
    assert_eq!(reply.code().as_deref(), Some("internal"));
    assert!(!reply.text().contains(SECRET));
    assert_eq!(service.backend.calls(), 2);
    let again = service.step(&handle, "assert", ASSERT).await;
    assert_eq!(again.status, 200, "{}", again.text());
}

#[tokio::test]
async fn a_panic_after_the_call_leaves_a_claim_that_ends_with_its_lease() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let faults = service.faults.clone();
    // The first write saves the claim, the second would have saved the answer.
    service
        .faults
        .before_next_replace(move || faults.before_next_replace(|| panic!("{SECRET}")));

    let reply = service.step(&handle, "assert", ASSERT).await;

    assert_eq!(reply.code().as_deref(), Some("internal"));
    assert!(!reply.text().contains(SECRET));
    let lost = service
        .backend
        .last()
        .header("idempotency-key")
        .map(str::to_owned);
    let meanwhile = service.step(&handle, "assert", ASSERT).await;
    assert_eq!(meanwhile.code().as_deref(), Some("step_in_progress"));
    assert_eq!(service.backend.calls(), 3);
    service.clock.advance(Duration::from_secs(6));
    let again = service.step(&handle, "assert", ASSERT).await;
    assert_eq!(again.status, 200, "{}", again.text());
    assert_eq!(
        service.backend.last().header("idempotency-key"),
        lost.as_deref()
    );
    let history = service.history(&handle).await;
    assert_eq!(history.string("/attempts/0/code"), "outcome_unknown");
}
