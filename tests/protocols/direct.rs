//! An authority asked directly, as its own people do; and its process stopped and ended.

#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test that cannot arrange what it needs fails; it calls the authority as its own people do"
)]

use integrator_testbed::program::Program;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use serde_json::Value;

use crate::harness::Reply;

/// Asks an authority for what it knows.
pub(crate) async fn get(authority: &Program, path: &str) -> Value {
    let url = format!("{}{path}", authority.url());
    let reply = sent(client().get(url)).await;
    assert_eq!(reply.status, 200, "GET {path}: {}", reply.json());
    reply.json()
}

/// Posts JSON to an authority.
pub(crate) async fn post(authority: &Program, path: &str, body: &Value) -> Reply {
    post_as(authority, path, &[], &body.to_string()).await
}

/// Posts text to an authority, with headers.
pub(crate) async fn post_as(
    authority: &Program,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Reply {
    let mut request = client().post(format!("{}{path}", authority.url()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    sent(request.body(body.to_owned())).await
}

/// Stops a process where it stands: its sockets stay open and say nothing.
pub(crate) fn pause(program: &Program) {
    signal(program, Signal::STOP);
    // The signal has been sent, not taken: a process that has stopped takes no request.
    let stopped = WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(pid(program)), stopped).expect("a child is waited for");
}

/// Lets a paused process go on.
pub(crate) fn resume(program: &Program) {
    signal(program, Signal::CONT);
}

fn signal(program: &Program, signal: Signal) {
    kill_process(pid(program), signal).expect("the process is there");
}

fn pid(program: &Program) -> Pid {
    let id = i32::try_from(program.pid()).expect("a process id");
    Pid::from_raw(id).expect("no process has the id 0")
}

fn client() -> reqwest::Client {
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(crate::harness::PATIENCE)
        .build();
    client.expect("a client")
}

async fn sent(request: reqwest::RequestBuilder) -> Reply {
    let response = request.send().await.expect("the authority answers");
    Reply {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.bytes().await.expect("a whole body").to_vec(),
    }
}
