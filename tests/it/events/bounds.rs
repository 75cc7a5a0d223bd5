//! How much following may cost.

use std::time::Duration;

use appattest_integrator::api::Listener;
use appattest_integrator::orchestrator::{Audience, MOST_OF_A_FLOW, MostWatchers};
use appattest_integrator::phase::Phase;
use appattest_integrator::store::{Next, Replacement};
use tokio::time::timeout;

use crate::harness::events::Told;
use crate::harness::protocols::EXAMPLE;
use crate::harness::service::ASSERT;
use crate::harness::stores::Kind;
use crate::harness::{Answer, Service, Setup};

const STREAMS: &str = "integrator_event_streams";
/// Nothing that is waited for takes this long unless it never comes.
const PATIENCE: Duration = Duration::from_secs(60);

fn at_most(callers: usize, operators: usize) -> Setup {
    Setup {
        most_watchers: MostWatchers { callers, operators },
        ..Setup::default()
    }
}

#[tokio::test]
async fn open_streams_are_counted_and_leave_nothing_behind() {
    let service = Service::start().await;
    let one = service.registered().await;
    let other = service.registered().await;
    assert_eq!(service.metric(STREAMS).await, 0.0);
    let first = service.follow(&one).await;
    let second = service.follow(&one).await;
    let third = service.follow(&other).await;
    assert_eq!(service.metric(STREAMS).await, 3.0);
    assert_eq!(service.shared.watchers.flows(), 2);

    drop((first, second, third));

    let all_are_gone = async {
        while service.metric(STREAMS).await > 0.0 {
            tokio::task::yield_now().await;
        }
    };
    let gone = timeout(PATIENCE, all_are_gone).await;
    gone.expect("streams that nobody reads end");
    assert_eq!(service.shared.watchers.flows(), 0);
}

#[tokio::test]
async fn no_more_than_the_bound_are_open_at_once() {
    let service = at_most(3, 0).start().await;
    let handle = service.registered().await;
    let mut following = Vec::new();
    for _ in 0..3 {
        following.push(service.follow(&service.registered().await).await);
    }
    let path = format!("/v1/flows/{handle}/events");

    let full = service.get(&path).await;

    full.is_problem(503, "capacity_exhausted");
    assert_eq!(full.header("retry-after"), Some("1"));
    assert_eq!(
        full.string("/detail"),
        "no event stream can be opened now: 3 are open at this listener. Read the flow's status, or try again later."
    );
    let absent = format!("/v1/flows/{}/events", "A".repeat(32));
    service.get(absent).await.is_problem(404, "not_found");
}

#[tokio::test]
async fn a_stream_that_ends_makes_room_for_another() {
    let service = at_most(1, 0).start().await;
    let handle = service.registered().await;
    let watch = service.orchestrator.watch(&handle, None, Audience::Callers);
    let watch = watch.await.unwrap();

    drop(watch);

    service.follow(&handle).await;
}

#[tokio::test]
async fn those_who_follow_one_flow_leave_room_for_those_of_others() {
    let service = at_most(MOST_OF_A_FLOW + 1, 0).start().await;
    let handle = service.registered().await;
    let mut following = Vec::new();
    for _ in 0..MOST_OF_A_FLOW {
        following.push(service.follow(&handle).await);
    }

    let full = service.get(format!("/v1/flows/{handle}/events")).await;

    full.is_problem(503, "capacity_exhausted");
    assert_eq!(
        full.string("/detail"),
        "no event stream can be opened now: 16 of this flow are open in this process. Read the flow's status, or try again later."
    );
    service.follow(&service.registered().await).await;
}

#[tokio::test]
async fn operators_follow_flows_where_callers_have_taken_all_their_places() {
    let setup = Setup {
        listener: Listener::Operator,
        ..at_most(0, 1)
    };
    let operators = setup.start().await;
    let setup = Setup {
        listener: Listener::Product,
        ..at_most(0, 1)
    };
    let callers = operators.beside(setup).await;
    let handle = callers.registered().await;

    let refused = callers.get(format!("/v1/flows/{handle}/events")).await;

    refused.is_problem(503, "capacity_exhausted");
    operators.follow(&handle).await;
}

#[tokio::test]
async fn a_reader_who_takes_nothing_in_keeps_nobody_waiting_and_goes_on_where_it_stopped() {
    let service = Setup::protocol(EXAMPLE).start().await;
    let begun = Answer::json(r#"{"id":"1"}"#);
    service.backend.always("/begin", begun);
    let large = format!(r#"{{"z":"{}"}}"#, "z".repeat(900_000));
    service.backend.always("/poll", Answer::status(202, large));
    let handle = service.started("").await;
    let mut idle = service.open_events(&handle, None).await;
    let mut reading = service.follow(&handle).await;

    // More than what lies between the two ends of a connection can hold.
    let mut told = Vec::new();
    for _ in 0..24 {
        service.step(&handle, "poll", "").await.is_answer();
        told.push(reading.transition().await.0);
    }
    service.step(&handle, "expire", "").await.is_answer();
    told.push(reading.transition().await.0);
    assert_eq!(reading.next().await, None);

    idle.next().await.unwrap();
    let mut told_late = Vec::new();
    while let Some(event) = idle.next().await {
        told_late.push(event.event().1);
    }
    // Self-loops that the history no longer listed when there was room again are not told.
    assert!(told_late.len() < told.len(), "{told_late:?}");
    assert!(
        told.ends_with(&told_late[told_late.len() - 17..]),
        "{told_late:?}"
    );
    assert!(told_late.is_sorted_by_key(|id| id.parse::<u64>().unwrap()));
}

#[tokio::test]
async fn streams_end_when_the_instance_refuses_and_not_while_it_drains() {
    let service = Service::start().await;
    let handle = service.registered().await;
    let mut stream = service.follow(&handle).await;

    service.phases.enter(Phase::Draining);
    service.step(&handle, "client-data-hash", "").await;
    assert_eq!(stream.transition().await.0, "4");

    service.phases.enter(Phase::Refusing);
    assert_eq!(stream.next().await, None);
    let path = format!("/v1/flows/{handle}/events");
    service.get(path).await.is_problem(503, "shutting_down");
}

#[tokio::test]
async fn a_store_that_fails_for_a_while_silences_a_stream_and_does_not_end_it() {
    // Over a store that nobody polls, so that it is known whose reading fails.
    let setup = Setup {
        store: Some(Kind::Memory),
        ..Setup::default()
    };
    let service = setup.start().await;
    let handle = service.hash_issued().await;
    let mut stream = service.follow(&handle).await;
    service.let_time_jump();

    // The first reading is the step's; the next is that of the stream, which the step wakes.
    service.faults.fail_one_read_after(1);
    service.step(&handle, "assert", ASSERT).await.is_answer();
    service.faults.has_refused(1).await;
    service.faults.fail_reads(3);
    service.faults.has_refused(4).await;

    assert_eq!(stream.transition().await.0, "6");
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_flow_that_is_removed_ends_its_stream() {
    let service = Service::start().await;
    let handle = service.registered().await;
    let mut stream = service.follow(&handle).await;
    let parsed = integrator_core::flow::ids::FlowHandle::parse(&handle).unwrap();
    let stored = service.store.load(&parsed).await.unwrap().stored.unwrap();
    let removal = Replacement {
        handle: parsed,
        over: stored.flow.version(),
        fence: None,
        next: Next::Nothing,
        not_after: None,
    };
    service.store.replace(removal).await.unwrap();
    service.let_time_jump();

    let next = stream.next().await;

    if next == Some(Told::Comment) {
        assert_eq!(stream.next().await, None);
    } else {
        assert_eq!(next, None);
    }
}

#[tokio::test]
async fn a_reader_of_http_1_0_is_served_until_the_connection_ends() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let service = Service::start().await;
    let handle = service.verified().await;
    let mut stream = tokio::net::TcpStream::connect(service.address)
        .await
        .unwrap();
    let request = format!("GET /v1/flows/{handle}/events HTTP/1.0\r\nhost: a\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();

    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();

    assert!(
        reply.contains("\r\n\r\nevent: observation\nid: 6\ndata: {"),
        "{reply}"
    );
    assert!(reply.ends_with("}\n\n"), "{reply}");
}
