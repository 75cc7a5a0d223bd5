//! The store's troubles, as operators and callers meet them: the real program over real servers
//! that go away, stand still and come back.

use std::path::Path;

use integrator_testbed::redis::{Options, Persistence, Server};
use tempfile::TempDir;
use tokio::time::{Duration, Instant, timeout};

use super::{Launch, PATIENCE, Process};
use crate::harness::service::{ASSERT, START};
use crate::harness::{Answer, Backend, Reply, Request};

fn redis() -> Server {
    Server::start(Options {
        persistence: Persistence::Always,
        ..Options::default()
    })
}

fn over_redis(backend: &Backend, server: &Server) -> Launch {
    Launch::service(backend)
        .with("INTEGRATOR__STORE__KIND", "redis")
        .with("INTEGRATOR__STORE__URL", &server.url(0))
}

fn over_sqlite(backend: &Backend, path: &Path) -> Launch {
    Launch::service(backend)
        .with("INTEGRATOR__STORE__KIND", "sqlite")
        .with("INTEGRATOR__STORE__PATH", &path.display().to_string())
}

async fn get(process: &Process, path: &str) -> Reply {
    process.ask(Request::get(path)).await
}

async fn step(process: &Process, handle: &str, step: &str, body: &str) -> Reply {
    let target = format!("/v1/flows/{handle}/{step}");
    process.ask(Request::post(target, body)).await
}

/// Asks until the instance says that it is ready, as often in a row as it may have workers: each
/// has a connection of its own to the store, and takes the next connection in turn.
async fn becomes_ready(process: &Process) {
    let workers = std::thread::available_parallelism()
        .expect("a number")
        .get();
    let mut ready = 0;
    let asking = async {
        while ready < workers {
            let is_ready = get(process, "/readyz").await.status == 200;
            ready = if is_ready { ready + 1 } else { 0 };
        }
    };
    timeout(PATIENCE, asking).await.expect("it becomes ready");
}

/// A backend whose flows do not expire in the past: these processes have the real time.
async fn backend() -> Backend {
    let backend = Backend::start().await;
    backend.always("/app-attest/register", Answer::json(r#"{"flowID":"f"}"#));
    let hash = Answer::json(r#"{"clientDataHash_base64":"aGFzaA=="}"#);
    backend.always("/app-attest/client-data-hash", hash);
    backend
}

#[tokio::test]
async fn a_store_that_is_down_at_the_start_is_waited_for() {
    let backend = backend().await;
    let server = redis();
    server.kill();
    let mut process = over_redis(&backend, &server).start().await;

    let live = get(&process, "/livez").await;
    let ready = get(&process, "/readyz").await;
    let start = process.ask(Request::post("/v1/flows/start", START)).await;
    server.restart();
    becomes_ready(&process).await;

    live.is_answer();
    ready.is_problem(503, "store_unavailable");
    start.is_problem(503, "store_unavailable");
    assert_eq!(backend.calls(), 0);
    process.says("the store is ready").await;
    process.start_flow().await;
}

#[tokio::test]
async fn a_store_that_ends_and_comes_back_has_lost_nothing_that_was_told() {
    let backend = backend().await;
    let server = redis();
    let process = over_redis(&backend, &server).start().await;
    let handle = process.start_flow().await;

    server.kill();
    let refused = step(&process, &handle, "client-data-hash", "").await;
    let unready = get(&process, "/readyz").await;
    let scraped = get(&process, "/metrics").await;
    server.restart();
    becomes_ready(&process).await;
    let hash = step(&process, &handle, "client-data-hash", "").await;
    let verdict = step(&process, &handle, "assert", ASSERT).await;

    refused.is_problem(503, "store_unavailable");
    unready.is_problem(503, "store_unavailable");
    assert!(scraped.text().contains("integrator_store_up 0"));
    hash.is_answer();
    verdict.is_answer();
    assert_eq!(verdict.string("/state"), "verified");
    assert_eq!(backend.calls(), 3);
}

#[tokio::test]
async fn a_store_that_stands_still_is_not_waited_for_without_end() {
    let backend = backend().await;
    let server = redis();
    let process = over_redis(&backend, &server).start().await;
    let handle = process.start_flow().await;

    server.pause();
    let asked = Instant::now();
    let refused = step(&process, &handle, "client-data-hash", "").await;
    let waited = asked.elapsed();
    server.resume();
    becomes_ready(&process).await;

    refused.is_problem(503, "store_unavailable");
    // One operation is given a second and a half; this leaves much to a busy machine.
    assert!(waited < Duration::from_secs(10), "{waited:?}");
    step(&process, &handle, "client-data-hash", "")
        .await
        .is_answer();
}

#[tokio::test]
async fn a_store_that_would_forget_flows_is_refused_in_one_line() {
    let backend = backend().await;
    let server = Server::start(Options {
        maxmemory_policy: "allkeys-lru".to_owned(),
        ..Options::default()
    });

    let (code, told) = over_redis(&backend, &server).run_to_its_end().await;

    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("noeviction"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
}

#[tokio::test]
async fn a_second_process_is_refused_a_file_and_the_first_goes_on() {
    let backend = backend().await;
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("flows.db");
    let process = over_sqlite(&backend, &path).start().await;

    let (code, told) = over_sqlite(&backend, &path).run_to_its_end().await;

    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("in use by another process"), "{told}");
    process.start_flow().await;
}

#[tokio::test]
async fn a_flow_outlives_the_process_that_started_it() {
    let backend = backend().await;
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("flows.db");
    let mut first = over_sqlite(&backend, &path).start().await;
    let keyed = || Request::post("/v1/flows/start", START).header("idempotency-key", "k");
    let started = first.ask(keyed()).await;
    let handle = started.string("/flowHandle");
    first.child.kill().await.expect("it can be killed");

    let second = over_sqlite(&backend, &path).start().await;
    let replayed = second.ask(keyed()).await;
    step(&second, &handle, "client-data-hash", "")
        .await
        .is_answer();
    let verdict = step(&second, &handle, "assert", ASSERT).await;

    assert_eq!(replayed.body, started.body);
    assert_eq!(replayed.header("idempotent-replayed"), Some("true"));
    assert_eq!(verdict.string("/state"), "verified");
    assert_eq!(backend.calls(), 3);
}

#[tokio::test]
async fn what_writes_survive_is_told_in_health_metrics_and_log() {
    let backend = backend().await;
    let server = redis();
    let process = over_redis(&backend, &server).start().await;

    let health = get(&process, "/health").await;
    let metrics = get(&process, "/metrics").await;

    assert_eq!(health.string("/storeKind"), "redis");
    assert_eq!(health.string("/storeDurability"), "power_loss");
    let class = r#"integrator_store_durability{class="power_loss"} 1"#;
    assert!(metrics.text().contains(class));
}
