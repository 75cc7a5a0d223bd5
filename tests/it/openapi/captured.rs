//! Real replies of every kind: what the document shows as examples.

use std::time::Duration;

use appattest_integrator::phase::Phase;

use crate::harness::gates::fixed;
use crate::harness::service::{ASSERT, START};
use crate::harness::store::ALWAYS;
use crate::harness::stores::Kind;
use crate::harness::{Answer, Reply, Request, Setup};

/// Over the memory store, whatever this run is over: then every byte is foretold.
fn setup() -> Setup {
    Setup {
        store: Some(Kind::Memory),
        ..Setup::default()
    }
}

/// Replies that are no refusals, by the names of their examples.
pub(super) async fn replies() -> Vec<(&'static str, Reply)> {
    let service = setup().start().await;
    let start = service.post("/v1/flows/start", START).await;
    let handle = start.string("/flowHandle");
    let hash = service.step(&handle, "client-data-hash", "").await;
    let status = service.status(&handle).await;
    let verified = service.step(&handle, "assert", ASSERT).await;
    let history = service.history(&handle).await;
    let health = service.get("/health").await;
    let abandoned = service.registered().await;
    let page = service.get("/v1/flows?state=registered&limit=1").await;
    let held = service.registered().await;
    let by_hand = service.step(&held, "expire", "").await;
    service.clock.advance(Duration::from_secs(300));
    vec![
        ("flow_started", start),
        ("flow_hash_issued", hash),
        ("flow_status", status),
        ("flow_verified", verified),
        ("flow_expired", service.status(&abandoned).await),
        ("flow_page", page),
        ("flow_ended_by_hand", by_hand),
        ("history", history),
        ("health", health),
        ("protocols", service.get("/v1/protocols").await),
        ("protocol", service.get("/v1/protocols/app-attest").await),
        ("live", service.get("/livez").await),
        ("ready", service.get("/readyz").await),
    ]
}

/// A problem of each code.
pub(super) async fn problems() -> Vec<Reply> {
    let mut problems = of_requests().await;
    problems.extend(of_flows().await);
    problems.extend(of_calls().await);
    problems.push(held_back().await);
    problems.extend(of_the_service().await);
    problems
}

async fn of_requests() -> Vec<Reply> {
    let service = setup().start().await;
    let absent = format!("/v1/flows/{}/status", "A".repeat(32));
    let large = vec![b'x'; 256 * 1024 + 1];
    let typed = Request::post("/v1/flows/start", "{").header("content-type", "text/plain");
    let keyed = |body: &str| Request::post("/v1/flows/start", body).header("idempotency-key", "k");
    service.ask(keyed(START)).await.is_answer();
    let mut replies = vec![
        service
            .post("/v1/flows/start", r#"{"keyID_base64":"a2V5"}"#)
            .await,
        service.get(absent).await,
        service.get("/v1/flows/start").await,
        service.post("/v1/flows/start", large).await,
        service.ask(typed).await,
        service.ask(keyed(&format!("{START} "))).await,
    ];
    let foreign = format!("/v1/flows/{}/expire", "A".repeat(32));
    let foreign = Request::post(foreign, "").header("sec-fetch-site", "cross-site");
    replies.push(service.ask(foreign).await);
    let begun = Request::post("/v1/flows/start", "{").header("content-length", "9");
    let mut client = service.connect().await;
    // Nothing happens but the body's deadline, so that time jumps to it.
    tokio::time::pause();
    client.send(&begun.bytes()).await;
    replies.push(client.reply(true).await.expect("a reply"));
    tokio::time::resume();
    replies
}

async fn of_flows() -> Vec<Reply> {
    let service = setup().start().await;
    let registered = service.registered().await;
    let verified = service.verified().await;
    let busy = service.hash_issued().await;
    let verify = "/app-attest/verify";
    let mut hold = service
        .backend
        .hold(verify, Answer::json(r#"{"verified":true}"#));
    let asking = service.send_step(&busy, "assert", ASSERT);
    hold.arrived().await;
    let other = r#"{"assertionObject_base64":"b3Ro"}"#;
    let in_progress = service.step(&busy, "assert", other).await;
    hold.release();
    asking.await.expect("a reply").is_answer();
    let mut replies = vec![
        in_progress,
        service.step(&registered, "assert", ASSERT).await,
        service.step(&verified, "client-data-hash", "").await,
    ];
    service.clock.advance(Duration::from_secs(300));
    replies.push(service.step(&registered, "client-data-hash", "").await);
    replies.push(held().await);
    replies
}

/// A step that is held because nobody knows what became of its call.
async fn held() -> Reply {
    let setup = Setup {
        store: Some(Kind::Memory),
        ..Setup::protocol(crate::harness::protocols::EXAMPLE)
    };
    let service = setup.start().await;
    service
        .backend
        .once("/begin", Answer::json(r#"{"id":"1"}"#));
    let handle = service.started("{}").await;
    service.backend.once("/pay", Answer::nothing());
    let lost = service.step(&handle, "pay", "{}").await;
    lost.is_problem(502, "backend_unavailable");
    service.step(&handle, "pay", "{}").await
}

async fn of_calls() -> Vec<Reply> {
    let service = setup().start().await;
    let handle = service.registered().await;
    let hash = "/app-attest/client-data-hash";
    let mut replies = Vec::new();
    for answer in [
        Answer::nothing(),
        Answer::status(503, r#"{"reason":"maintenance"}"#),
        Answer::json(r#"{"hash":"none"}"#),
    ] {
        service.backend.once(hash, answer);
        replies.push(service.step(&handle, "client-data-hash", "").await);
    }
    let handle = service.hash_issued().await;
    let mut hold = service
        .backend
        .hold("/app-attest/verify", Answer::json("{}"));
    let asking = service.send_step(&handle, "assert", ASSERT);
    hold.arrived().await;
    // Nothing happens but the call's deadline, so that time jumps to it.
    tokio::time::pause();
    replies.push(asking.await.expect("a reply"));
    tokio::time::resume();
    replies
}

/// A start that comes too soon after one whose call took long.
async fn held_back() -> Reply {
    let setup = Setup {
        admission: Some(fixed(0.4)),
        ..setup()
    };
    let service = setup.start().await;
    let answer = Answer::json(r#"{"flowID":"flow-1"}"#);
    let mut hold = service.backend.hold("/app-attest/register", answer);
    let asking = service.send(Request::post("/v1/flows/start", START));
    hold.arrived().await;
    service.clock.advance(Duration::from_millis(1234));
    hold.release();
    asking.await.expect("a reply").is_answer();
    // To the next control step.
    service.clock.advance(Duration::from_millis(300));
    service.post("/v1/flows/start", START).await
}

async fn of_the_service() -> Vec<Reply> {
    let full = Setup {
        max_flows: 1,
        ..setup()
    };
    let full = full.start().await;
    full.registered().await;
    let mut replies = vec![full.post("/v1/flows/start", START).await];
    let service = setup().start().await;
    service.faults.fail_reads(ALWAYS);
    replies.push(service.post("/v1/flows/start", START).await);
    service.phases.enter(Phase::Refusing);
    replies.push(service.post("/v1/flows/start", START).await);
    replies.push(panicked().await);
    replies
}

/// What a bug looks like from outside.
async fn panicked() -> Reply {
    let service = setup().start().await;
    let handle = service.registered().await;
    service.faults.before_next_replace(|| panic!("a bug"));
    service.step(&handle, "client-data-hash", "").await
}
