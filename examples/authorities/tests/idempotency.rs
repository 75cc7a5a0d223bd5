//! One answer for each idempotency key: which answers are repeated, and which are judged anew.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot arrange what it needs fails"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use integrator_authorities::idempotency::{Answers, once};
use tower::ServiceExt as _;

/// The statuses of two equal requests under one key, to a route that answers `first` once and 201
/// from then on.
async fn asked_twice(answers: Answers, first: u16) -> [u16; 2] {
    let next = Arc::new(AtomicU16::new(first));
    let answer = move || {
        let status = next.swap(201, Ordering::SeqCst);
        async move { StatusCode::from_u16(status).expect("a status") }
    };
    let layer = from_fn_with_state(answers, once);
    let routes = Router::new().route("/", post(answer)).layer(layer);
    let mut statuses = [0; 2];
    for status in &mut statuses {
        let request = Request::post("/").header("idempotency-key", "a-1");
        let request = request.body(Body::empty()).expect("a request");
        let response = routes.clone().oneshot(request).await;
        *status = response.expect("an answer").status().as_u16();
    }
    statuses
}

#[tokio::test]
async fn what_was_done_or_refused_is_repeated() {
    for status in [200, 400, 403, 422] {
        let statuses = asked_twice(Answers::default(), status).await;
        assert_eq!(statuses, [status, status]);
    }
}

#[tokio::test]
async fn what_was_put_off_is_judged_anew() {
    for status in [429, 500, 503] {
        let statuses = asked_twice(Answers::default(), status).await;
        assert_eq!(statuses, [status, 201]);
    }
}

#[tokio::test]
async fn refusals_are_judged_anew_where_the_authority_says_so() {
    for (status, again) in [(200, 200), (403, 201), (429, 201)] {
        let statuses = asked_twice(Answers::judging_refusals_anew(), status).await;
        assert_eq!(statuses, [status, again]);
    }
}
