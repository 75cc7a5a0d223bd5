//! From a signal to the end.

use std::time::Duration;

use rustix::process::Signal;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::{Launch, PATIENCE, Process, all_of};
use crate::harness::backend::REGISTERED;
use crate::harness::service::START;
use crate::harness::{Answer, Backend, Client, Request};

const REGISTER: &str = "/app-attest/register";

fn start() -> Request {
    Request::post("/v1/flows/start", START)
}

/// Asks on a connection of its own, while the test goes on.
fn sent(process: &Process, request: Request) -> tokio::task::JoinHandle<crate::harness::Reply> {
    let address = process.address;
    tokio::spawn(async move { Client::connect(address).await.ask(&request).await })
}

/// Returns once nobody is let in any more.
async fn is_closed_to_others(process: &Process) {
    let refused = async {
        while TcpStream::connect(process.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, refused)
        .await
        .expect("new connections are refused");
}

#[tokio::test]
async fn a_signal_ends_an_idle_service_at_once() {
    for signal in [Signal::TERM, Signal::INT] {
        let backend = Backend::start().await;
        let mut process = Launch::service(&backend).start().await;
        process.start_flow().await;
        let begun = Instant::now();

        process.signal(signal);

        assert_eq!(process.ended().await, Some(0));
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "{:?}",
            begun.elapsed()
        );
        process.says("stopped").await;
    }
}

#[tokio::test]
async fn a_hangup_ends_nothing_and_while_it_drains_is_ignored_with_a_word() {
    let backend = Backend::start().await;
    let launch = Launch::service(&backend).with("INTEGRATOR__SERVER__DRAIN_DELAY_MS", "3000");
    let mut process = launch.start().await;
    process.signal(Signal::TERM);
    process.says("draining").await;

    process.signal(Signal::HUP);

    process.says("SIGHUP is ignored").await;
    process.start_flow().await;
    assert_eq!(process.ended().await, Some(0));
}

#[tokio::test]
async fn a_signal_right_after_the_first_word_is_taken_as_any_other() {
    let backend = Backend::start().await;
    for _ in 0..10 {
        let (mut process, lines) = Launch::service(&backend).listening().await;
        process.signal(Signal::TERM);
        all_of(lines.into_inner()).await;
        assert_eq!(process.ended().await, Some(0));
    }
}

#[tokio::test]
async fn idle_connections_do_not_hold_the_end_up() {
    let backend = Backend::start().await;
    let mut process = Launch::service(&backend).start().await;
    let mut idle = process.connect().await;
    idle.ask(&Request::get("/livez")).await;
    let _silent = process.connect().await;

    process.signal(Signal::TERM);

    assert!(idle.is_closed().await);
    assert_eq!(process.ended().await, Some(0));
}

#[tokio::test]
async fn while_it_drains_it_serves_and_says_that_it_is_not_ready() {
    let backend = Backend::start().await;
    let launch = Launch::service(&backend).with("INTEGRATOR__SERVER__DRAIN_DELAY_MS", "3000");
    let mut process = launch.start().await;
    assert_eq!(process.ask(Request::get("/readyz")).await.status, 200);

    process.signal(Signal::TERM);
    process.says("draining").await;

    let ready = process.ask(Request::get("/readyz")).await;
    assert_eq!(ready.status, 503);
    assert_eq!(ready.code().as_deref(), Some("shutting_down"));
    assert_eq!(process.ask(Request::get("/livez")).await.status, 200);
    process.start_flow().await;
    assert_eq!(process.ended().await, Some(0));
}

#[tokio::test]
async fn a_call_in_flight_is_finished_while_everything_else_is_refused() {
    let backend = Backend::start().await;
    let mut process = Launch::service(&backend).start().await;
    let mut kept_alive = process.connect().await;
    kept_alive.ask(&Request::get("/livez")).await;
    let mut hold = backend.hold(REGISTER, Answer::json(REGISTERED));
    let in_flight = sent(&process, start());
    hold.arrived().await;

    process.signal(Signal::TERM);
    process.says("refusing new requests").await;

    is_closed_to_others(&process).await;
    let refused = kept_alive.ask(&start()).await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.code().as_deref(), Some("shutting_down"));
    assert_eq!(refused.member("/outcome"), None);
    assert!(refused.header("retry-after").is_some());
    assert_eq!(refused.header("connection"), Some("close"));
    assert!(kept_alive.is_closed().await);

    hold.release();
    let finished = in_flight.await.expect("a reply");
    assert_eq!(finished.status, 200, "{}", finished.text());
    assert_eq!(process.ended().await, Some(0));
    assert_eq!(backend.calls(), 1);
}

#[tokio::test]
async fn a_call_that_outlasts_the_grace_is_cut_and_its_outcome_told_as_unknown() {
    let backend = Backend::start().await;
    let launch = Launch::service(&backend)
        .with("INTEGRATOR__SERVER__SHUTDOWN_GRACE_MS", "300")
        .with("APP_ATTEST_BACKEND_TIMEOUT_MS", "600000");
    let mut process = launch.start().await;
    let mut hold = backend.hold(REGISTER, Answer::json(REGISTERED));
    let in_flight = sent(&process, start().header("idempotency-key", "k"));
    hold.arrived().await;

    process.signal(Signal::TERM);

    let cut = in_flight.await.expect("a reply");
    assert_eq!(cut.status, 503, "{}", cut.text());
    assert_eq!(cut.code().as_deref(), Some("shutting_down"));
    assert_eq!(cut.string("/outcome"), "unknown");
    assert!(cut.member("/flowHandle").is_some());
    assert_eq!(process.ended().await, Some(0));
}

#[tokio::test]
async fn a_step_that_begins_within_the_grace_is_cut_at_its_end_too() {
    let backend = Backend::start().await;
    let launch = Launch::service(&backend)
        .with("INTEGRATOR__SERVER__SHUTDOWN_GRACE_MS", "1500")
        .with("APP_ATTEST_BACKEND_TIMEOUT_MS", "600000");
    let mut process = launch.start().await;
    let mut hold = backend.hold(REGISTER, Answer::json(REGISTERED));
    let request = start().bytes();
    let (head, last) = request.split_at(request.len() - 1);
    let mut slow = process.connect().await;
    slow.send(head).await;
    // Workers take connections in turn: once each has answered another one, the first request has
    // been taken up.
    let workers = std::thread::available_parallelism().expect("a number");
    for _ in 0..workers.get() {
        process.ask(Request::get("/livez")).await;
    }

    process.signal(Signal::TERM);
    process.says("refusing new requests").await;
    slow.send(last).await;
    hold.arrived().await;

    let cut = slow.reply(true).await.expect("a reply");
    assert_eq!(cut.status, 503, "{}", cut.text());
    assert_eq!(cut.string("/outcome"), "unknown");
    assert_eq!(process.ended().await, Some(0));
}

#[tokio::test]
async fn a_second_signal_ends_at_once_with_1() {
    let backend = Backend::start().await;
    let mut process = Launch::service(&backend).start().await;
    let mut hold = backend.hold(REGISTER, Answer::json(REGISTERED));
    let in_flight = sent(&process, start());
    hold.arrived().await;
    process.signal(Signal::TERM);
    process.says("draining").await;

    process.signal(Signal::INT);

    assert_eq!(process.ended().await, Some(1));
    assert!(in_flight.await.is_err(), "nothing was replied");
}
