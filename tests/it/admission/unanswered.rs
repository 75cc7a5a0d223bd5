//! How long a call counts that got no answer.

use std::time::Duration;

use integrator_testbed::port::Reserved;

use super::{Options, Setup, between, of_all_steps, setup};
use crate::harness::Answer;
use crate::harness::store::Operation;
use crate::harness::stores::Kind;

const REGISTER: &str = "/app-attest/register";
/// All that a call may take.
const TIMEOUT: Duration = Duration::from_millis(800);

/// A service whose gate believes its latest sample. Over memory: all that takes time here is the
/// backend, whatever else the machine does.
fn believing(options: Options) -> Setup {
    let mut options = options;
    options.law.ewma_alpha = 1.0;
    options.law.burst_max_tokens = 50.0;
    Setup {
        backend_timeout: TIMEOUT,
        store: Some(Kind::Memory),
        ..setup(options)
    }
}

#[tokio::test]
async fn a_backend_that_hangs_up_counts_as_one_that_used_all_its_time() {
    let service = believing(between(1.0, 50.0)).start().await;
    service.backend.once(REGISTER, Answer::nothing());

    let reply = service.start_flow().await;

    reply.is_problem(502, "backend_unavailable");
    assert_eq!(service.gate().law.ewma_ms, Some(800.0));
}

#[tokio::test]
async fn a_backend_that_cannot_be_reached_counts_as_one_that_used_all_its_time() {
    let nowhere = Reserved::new();
    let setup = Setup {
        base_url: Some(nowhere.url()),
        ..believing(between(1.0, 50.0))
    };
    let service = setup.start().await;

    let reply = service.start_flow().await;

    reply.is_problem(502, "backend_unavailable");
    assert_eq!(service.gate().law.ewma_ms, Some(800.0));
}

#[tokio::test]
async fn a_backend_that_does_not_answer_in_time_counts_with_the_time_that_it_had() {
    let service = believing(between(1.0, 50.0)).start().await;
    let _held = service.backend.hold(REGISTER, Answer::json("{}"));
    service.let_time_jump();

    let reply = service.start_flow().await;

    reply.is_problem(504, "backend_timeout");
    let sample_ms = service.gate().law.ewma_ms.expect("a call has ended");
    assert!((400.0..=800.0).contains(&sample_ms), "{sample_ms}");
}

#[tokio::test]
async fn time_that_the_store_took_is_not_counted_as_the_backends() {
    let service = believing(of_all_steps(between(1.0, 50.0))).start().await;
    let handle = service.registered().await;
    let hash = "/app-attest/client-data-hash";
    let _held = service.backend.hold(hash, Answer::json("{}"));
    let mut claim = service.faults.hold_next(Operation::Replace);
    let asking = service.send_step(&handle, "client-data-hash", "");
    claim.arrived().await;
    service.let_time_jump();

    let left = Duration::from_millis(200);
    tokio::time::sleep(TIMEOUT - left).await;
    claim.release();
    let reply = asking.await.expect("a reply");

    reply.is_problem(504, "backend_timeout");
    let sample_ms = service.gate().law.ewma_ms.expect("a start has ended");
    assert!(sample_ms <= 200.0, "{sample_ms}");
}
