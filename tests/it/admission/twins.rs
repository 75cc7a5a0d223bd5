//! Same requests that come at the same moment, before a claim of one of them can be seen.

use super::{
    HARDLY_ANY_TPS, Mode, Options, SLOW_TPS, START, Service, Setup, fixed, keyed, of_all_steps,
    setup,
};
use crate::harness::store::{HeldOperation, Operation};
use crate::harness::stores::Kind;
use crate::harness::{Answer, Reply, Request};

/// Over memory: there a request that has read goes on at once, to its claim or to wait.
async fn service(options: Options) -> Service {
    let memory = Setup {
        store: Some(Kind::Memory),
        ..setup(options)
    };
    memory.start().await
}

type Asking = tokio::task::JoinHandle<Reply>;

/// Requests of which the first is held in the store, while the others have read and gone on.
struct Twins {
    asking: Vec<Asking>,
    first: HeldOperation,
}

impl Twins {
    async fn meet(service: &Service, held: Operation, requests: Vec<Request>) -> Self {
        let mut requests = requests.into_iter();
        let mut first = service.faults.hold_next(held);
        let mut asking = vec![service.send(requests.next().expect("a first"))];
        first.arrived().await;
        let read = match held {
            Operation::Create | Operation::Started => "started",
            Operation::Replace | Operation::Load => "load",
        };
        asking.extend(come(service, read, requests.collect()).await);
        Self { asking, first }
    }

    async fn starts(service: &Service, number: usize) -> Self {
        let requests = (0..number).map(|_| keyed("k")).collect();
        Self::meet(service, Operation::Create, requests).await
    }

    async fn steps<const N: usize>(service: &Service, handle: &str, bodies: [&str; N]) -> Self {
        let path = format!("/v1/flows/{handle}/client-data-hash");
        let requests = bodies.map(|body| Request::post(path.clone(), body));
        Self::meet(service, Operation::Replace, requests.into()).await
    }

    async fn replies(self) -> Vec<Reply> {
        self.first.release();
        let mut replies = Vec::new();
        for asking in self.asking {
            replies.push(asking.await.expect("a reply"));
        }
        replies
    }
}

/// Sends requests and waits until each of them has read and gone on.
async fn come(service: &Service, read: &str, requests: Vec<Request>) -> Vec<Asking> {
    let labels = format!(r#"{{operation="{read}",store="memory"}}"#);
    let reads = format!("integrator_store_operation_duration_seconds_count{labels}");
    let all = service.metric(&reads).await + requests.len() as f64;
    let sent = requests.into_iter().map(|request| service.send(request));
    let asking = sent.collect();
    while service.metric(&reads).await < all {}
    asking
}

async fn refused(service: &Service, class: &str, mode: &str) -> f64 {
    let labels =
        format!(r#"{{backend="default",class="{class}",decision="refused",mode="{mode}"}}"#);
    let decisions = format!("integrator_admission_decisions_total{labels}");
    service.metric(&decisions).await
}

/// A service with a token, and a flow of it in `registered`.
async fn registered() -> (Service, String) {
    let service = service(of_all_steps(fixed(SLOW_TPS))).await;
    let handle = service.registered().await;
    service.refill();
    (service, handle)
}

#[tokio::test]
async fn same_starts_of_one_moment_get_the_reply_of_one_call() {
    let service = service(fixed(HARDLY_ANY_TPS)).await;
    let twins = Twins::starts(&service, 4).await;

    let replies = twins.replies().await;

    for reply in &replies {
        reply.is_answer();
        assert_eq!(reply.body, replies[0].body);
    }
    assert_eq!(service.backend.calls(), 1);
    assert_eq!(refused(&service, "new_flow", "enforce").await, 0.0);
}

#[tokio::test]
async fn same_steps_of_one_moment_get_the_reply_of_one_call() {
    let (service, handle) = registered().await;
    let twins = Twins::steps(&service, &handle, ["", "", ""]).await;

    let replies = twins.replies().await;

    for reply in &replies {
        reply.is_answer();
        assert_eq!(reply.body, replies[0].body);
    }
    assert_eq!(service.backend.calls(), 2);
    assert_eq!(refused(&service, "step", "enforce").await, 0.0);
}

#[tokio::test]
async fn another_step_of_the_same_moment_is_told_that_one_is_in_progress() {
    let (service, handle) = registered().await;
    let hash = "/app-attest/client-data-hash";
    let _called = service.backend.hold(hash, Answer::json("{}"));
    let mut twins = Twins::steps(&service, &handle, ["", "{}"]).await;
    let other = twins.asking.pop().expect("the second");

    twins.first.release();

    let other = other.await.expect("a reply");
    other.is_problem(409, "step_in_progress");
}

#[tokio::test]
async fn twins_are_not_counted_as_refused_where_a_gate_observes() {
    let observing = Options {
        mode: Mode::Observe,
        ..fixed(HARDLY_ANY_TPS)
    };
    let service = service(observing).await;
    let twins = Twins::starts(&service, 4).await;

    let replies = twins.replies().await;

    replies.iter().for_each(Reply::is_answer);
    assert_eq!(service.backend.calls(), 1);
    assert_eq!(refused(&service, "new_flow", "observe").await, 0.0);
}

#[tokio::test]
async fn who_waited_for_a_start_that_is_refused_is_refused_and_counted_too() {
    let service = service(fixed(SLOW_TPS)).await;
    service.start_flow().await.is_answer();
    let mut first = service.faults.hold_next(Operation::Started);
    let leader = service.send(keyed("k"));
    first.arrived().await;
    // It has read once; asked the gate; and now looks again.
    let mut again = service.faults.hold_next(Operation::Started);
    first.release();
    again.arrived().await;
    let twins = come(&service, "started", vec![keyed("k"), keyed("k")]).await;

    again.release();

    let leader = leader.await.expect("a reply");
    leader.is_problem(429, "admission_limited");
    for twin in twins {
        let twin = twin.await.expect("a reply");
        twin.is_problem(429, "admission_limited");
        assert_eq!(twin.member("/admission"), leader.member("/admission"));
    }
    assert_eq!(refused(&service, "new_flow", "enforce").await, 3.0);
}

#[tokio::test]
async fn a_start_that_read_before_its_twin_began_is_told_the_twins_answer() {
    let service = service(fixed(HARDLY_ANY_TPS)).await;
    let mut late = service.faults.hold_next(Operation::Started);
    let asking = service.send(keyed("k"));
    late.arrived().await;
    let twin = service.ask(keyed("k")).await;

    late.release();

    let reply = asking.await.expect("a reply");
    reply.is_answer();
    assert_eq!(reply.body, twin.body);
}

#[tokio::test]
async fn a_step_that_read_before_its_twin_began_is_told_the_twins_answer() {
    let (service, handle) = registered().await;
    let mut late = service.faults.hold_next(Operation::Load);
    let asking = service.send_step(&handle, "client-data-hash", "");
    late.arrived().await;
    let twin = service.step(&handle, "client-data-hash", "").await;

    late.release();

    let reply = asking.await.expect("a reply");
    reply.is_answer();
    assert_eq!(reply.body, twin.body);
}

#[tokio::test]
async fn who_waited_for_a_claim_that_the_store_does_not_take_is_told_so() {
    let (service, handle) = registered().await;
    let twins = Twins::steps(&service, &handle, ["", "", ""]).await;
    service.faults.fail_replaces(1);

    let replies = twins.replies().await;

    for reply in replies {
        reply.is_problem(503, "store_unavailable");
    }
    assert_eq!(service.backend.calls(), 1);
}

#[tokio::test]
async fn who_waited_for_a_request_that_ended_abnormally_goes_on() {
    let (service, handle) = registered().await;
    let twins = Twins::steps(&service, &handle, ["", ""]).await;
    let ends = || std::panic::resume_unwind(Box::new("as a bug would"));
    service.faults.before_next_replace(ends);

    let replies = twins.replies().await;

    replies[0].is_problem(500, "internal");
    replies[1].is_answer();
}

#[tokio::test]
async fn many_that_wait_for_each_other_are_all_told_what_came_of_them() {
    let full = Setup {
        max_flows: 0,
        store: Some(Kind::Memory),
        ..setup(fixed(HARDLY_ANY_TPS))
    };
    let service = full.start().await;
    let Twins { asking, mut first } = Twins::starts(&service, 20).await;

    // One after the other leads, and all others wait for it.
    for _ in 1..20 {
        let mut next = service.faults.hold_next(Operation::Create);
        first.release();
        next.arrived().await;
        first = next;
    }

    for reply in (Twins { asking, first }).replies().await {
        reply.is_problem(503, "capacity_exhausted");
    }
}

#[tokio::test]
async fn a_start_without_a_key_waits_for_nobody() {
    let service = service(fixed(HARDLY_ANY_TPS)).await;
    let mut held = service.faults.hold_next(Operation::Create);
    let first = service.send(Request::post("/v1/flows/start", START));
    held.arrived().await;

    let second = service.start_flow().await;

    second.is_problem(429, "admission_limited");
    held.release();
    first.await.expect("a reply").is_answer();
}

#[tokio::test]
async fn a_step_that_needs_no_token_waits_for_nobody() {
    let service = service(fixed(HARDLY_ANY_TPS)).await;
    let handle = service.registered().await;
    let mut held = service.faults.hold_next(Operation::Replace);
    let first = service.send_step(&handle, "client-data-hash", "");
    held.arrived().await;

    let second = service.step(&handle, "client-data-hash", "").await;

    second.is_answer();
    held.release();
    first.await.expect("a reply").is_answer();
}
