//! A machine that gives little: nobody reads the log, and there are few files.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Launch, PATIENCE, Process};
use crate::harness::events::EventStream;
use crate::harness::{Answer, Backend, Client, Request};

#[tokio::test]
async fn a_log_that_nobody_reads_any_more_stops_nothing() {
    let backend = Backend::start().await;
    let (mut process, lines) = Launch::service(&backend).listening().await;

    drop(lines);
    drop(process.child.stderr.take());

    for _ in 0..50 {
        process.start_flow().await;
    }
    process.signal(Signal::TERM);
    assert_eq!(process.ended().await, Some(0));
}

#[tokio::test]
async fn a_pipe_that_is_full_stops_nothing() {
    let backend = Backend::start().await;
    // The pipe is kept, and never read from: each line of the log is some 300 bytes, and a pipe
    // holds 65536 (pipe(7)).
    let (mut process, _unread) = Launch::service(&backend).listening().await;

    let mut client = process.connect().await;
    for _ in 0..600 {
        assert_eq!(client.ask(&Request::get("/livez")).await.status, 200);
    }
    process.start_flow().await;
    process.signal(Signal::TERM);
    assert_eq!(process.ended().await, Some(0));
}

/// Ticks of the processor that the process has used so far (proc(5): utime and stime).
fn ticks(process: &Process) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.id())).expect("it runs");
    let (_, after_name) = stat.rsplit_once(')').expect("a name");
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let field = |at: usize| -> u64 {
        fields
            .get(at)
            .and_then(|text| text.parse().ok())
            .expect("a number")
    };
    field(11) + field(12)
}

fn open_files(process: &Process) -> usize {
    let folder = fs::read_dir(format!("/proc/{}/fd", process.id()));
    folder.expect("it runs").count()
}

/// More connections than there are files for, each with half a head, so that none is idle.
async fn crowd(process: &Process, count: usize) -> Vec<TcpStream> {
    let mut crowd = Vec::new();
    for _ in 0..count {
        let mut stream = TcpStream::connect(process.address)
            .await
            .expect("a place in the queue");
        stream
            .write_all(b"GET /livez HTTP/1.1\r\n")
            .await
            .expect("sent");
        crowd.push(stream);
    }
    crowd
}

/// Serves again once others are gone. Until the system is told, a request may wait.
async fn recovers(process: &Process) {
    let served = async {
        Client::connect(process.address)
            .await
            .ask(&Request::get("/livez"))
            .await
    };
    let reply = timeout(PATIENCE, served).await.expect("served");
    assert_eq!(reply.status, 200);
    process.start_flow().await;
}

#[tokio::test]
async fn more_connections_than_places_wait_without_using_the_processor() {
    let backend = Backend::start().await;
    let mut process = Launch::service_after("ulimit -n 64", &backend)
        .start()
        .await;
    let before = open_files(&process);

    let crowd = crowd(&process, 200).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let used = ticks(&process);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let used = ticks(&process) - used;

    assert!(open_files(&process) < 64, "{before} before");
    assert!(used < 20, "{used} ticks of 10 ms in a second");
    drop(crowd);
    recovers(&process).await;
    process.signal(Signal::TERM);
    assert_eq!(process.ended().await, Some(0));
}

#[tokio::test]
async fn event_streams_leave_room_for_other_connections() {
    let backend = Backend::start().await;
    // No deadline that has passed: the stream of a flow that has ended is over at once.
    let registered = Answer::json(r#"{"flowID":"flow-1"}"#);
    backend.always("/app-attest/register", registered);
    // Half of the files but 16 are connections, and a quarter of these may be streams.
    let process = Launch::service_after("ulimit -n 160", &backend)
        .start()
        .await;
    let mut open = Vec::new();
    for _ in 0..8 {
        let handle = process.start_flow().await;
        for _ in 0..8 {
            let request = Request::get(format!("/v1/flows/{handle}/events"));
            let opening = EventStream::open(process.address, &request);
            let stream = timeout(PATIENCE, opening).await.expect("answered");
            if stream.head.starts_with("HTTP/1.1 200 ") {
                open.push(stream);
            }
        }
    }

    assert_eq!(open.len(), 16);
    recovers(&process).await;
}

#[tokio::test]
async fn a_process_without_files_left_pauses_and_recovers() {
    let backend = Backend::start().await;
    let needed = {
        let (process, _lines) = Launch::service_after("ulimit -n 64", &backend)
            .listening()
            .await;
        open_files(&process)
    };
    let few = format!("ulimit -n {}", needed + 4);
    let mut process = Launch::service_after(&few, &backend).start().await;

    let crowd = crowd(&process, 30).await;
    process.says("no connection can be accepted").await;
    let used = ticks(&process);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let used = ticks(&process) - used;

    assert!(used < 20, "{used} ticks of 10 ms in a second");
    let told = process
        .log()
        .iter()
        .filter(|line| line.contains("no connection can be"))
        .count();
    assert!(told < 100, "{told} lines");
    drop(crowd);
    recovers(&process).await;
    process.signal(Signal::TERM);
    assert_eq!(process.ended().await, Some(0));
}

#[tokio::test]
async fn a_head_that_never_ends_is_closed_after_10_s() {
    let backend = Backend::start().await;
    let process = Launch::service(&backend).start().await;
    let mut slow = process.connect().await;
    let begun = tokio::time::Instant::now();
    slow.send(b"GET /livez HTTP/1.1\r\nhost: a\r\nx-slow: ")
        .await;

    let closed = timeout(PATIENCE, slow.is_closed()).await;

    assert!(closed.expect("it is closed"), "closed without a word");
    let took = begun.elapsed();
    assert!(
        (Duration::from_secs(9)..Duration::from_secs(20)).contains(&took),
        "{took:?}"
    );
}
