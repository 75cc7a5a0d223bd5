//! `flow` and `completions`: the real program, against a real service and against servers that
//! misbehave.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot arrange what it needs fails"
)]

use std::process::{Command as Blocking, Output, Stdio};
use std::time::Duration;

use integrator_testbed::port::Reserved;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::harness::program::INTEGRATOR;
use crate::harness::service::ASSERT;
use crate::harness::{Answer, Service};

const PATIENCE: Duration = Duration::from_secs(60);

fn flow(url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(INTEGRATOR);
    command
        .env_clear()
        .arg("flow")
        .args(arguments)
        .args(["--url", url])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Exit code, standard output, standard error.
type Told = (Option<i32>, String, String);

async fn ended(mut command: Command) -> Told {
    let output = timeout(PATIENCE, command.output()).await;
    let Output {
        status,
        stdout,
        stderr,
    } = output.expect("it ends").expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (status.code(), text(stdout), text(stderr))
}

async fn run(service: &Service, arguments: &[&str]) -> Told {
    ended(flow(&format!("http://{}", service.address), arguments)).await
}

/// The lines of a table, each as its words.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines()
        .map(|line| line.split_whitespace().collect())
        .collect()
}

#[tokio::test]
async fn list_shows_flows_as_a_table_and_pages_through_all_of_them() {
    let service = Service::start().await;
    let mut handles = Vec::new();
    for _ in 0..3 {
        handles.push(service.registered().await);
    }

    let (code, out, told) = run(&service, &["list", "--limit", "2"]).await;
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(rows(&out).len(), 3, "{out}");
    assert!(out.starts_with("HANDLE "), "{out}");
    assert!(told.contains("there are more: say --all"), "{told}");

    let (code, out, told) = run(&service, &["list", "--limit", "2", "--all"]).await;
    assert_eq!((code, told.as_str()), (Some(0), ""));
    let shown: Vec<&str> = rows(&out).iter().skip(1).map(|row| row[0]).collect();
    handles.sort();
    let mut sorted = shown.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, handles);
}

#[tokio::test]
async fn list_asks_for_what_is_said() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    service.registered().await;

    for filters in [
        ["--state", "hash_issued"],
        ["--protocol", "app-attest"],
        ["--verify-run-id", "run-7"],
        ["--flow-id", "a b&c=\"d\""],
        ["--correlation-id", "nobody"],
        ["--older-than", "1h"],
    ] {
        let (code, out, told) = run(&service, &[&["list"][..], &filters].concat()).await;
        assert_eq!(code, Some(0), "{filters:?}: {told}");
        let expected = match filters[0] {
            "--state" => 2,
            "--protocol" | "--verify-run-id" => 3,
            _ => 0,
        };
        assert_eq!(rows(&out).len(), expected, "{filters:?}: {out}");
        assert_eq!(told.contains("no such flow"), expected == 0, "{told}");
    }
    let (_, out, _) = run(&service, &["list", "--state", "hash_issued"]).await;
    assert!(out.contains(&handle), "{out}");
}

#[tokio::test]
async fn json_is_the_services_own_byte_for_byte() {
    let service = Service::start().await;
    let answer = "{ \"clientDataHash_base64\" : \"aA\",\n \"n\": 1.50, \"n\": 2 }";
    service
        .backend
        .once("/app-attest/client-data-hash", Answer::json(answer));
    let handle = service.registered().await;
    service
        .step(&handle, "client-data-hash", "")
        .await
        .is_answer();

    for (arguments, path) in [
        (vec!["list"], "/v1/flows?limit=100".to_owned()),
        (
            vec!["status", &handle],
            format!("/v1/flows/{handle}/status"),
        ),
        (
            vec!["history", &handle],
            format!("/v1/flows/{handle}/history"),
        ),
    ] {
        let expected = service.get(path).await;
        let (code, out, told) = run(&service, &[&arguments[..], &["--json"]].concat()).await;
        assert_eq!((code, told.as_str()), (Some(0), ""));
        assert_eq!(out, format!("{}\n", expected.text()));
    }
}

#[tokio::test]
async fn status_and_history_say_who_is_at_fault() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    service
        .backend
        .once("/app-attest/verify", Answer::nothing());
    service.step(&handle, "assert", ASSERT).await;

    let (code, status, told) = run(&service, &["status", &handle]).await;
    assert_eq!((code, told.as_str()), (Some(0), ""));
    assert!(status.contains("latest failure"), "{status}");
    assert!(
        status.contains("the backend: it took the request"),
        "{status}"
    );
    let (_, history, _) = run(&service, &["history", &handle]).await;
    assert!(
        history.contains("assert  backend_unavailable, unknown"),
        "{history}"
    );
    assert!(
        history.contains("at fault: the backend: it took the request"),
        "{history}"
    );
    assert_eq!(history.matches(" -> ").count(), 2, "{history}");
}

#[tokio::test]
async fn a_flow_that_was_expired_by_hand_is_an_operators_doing_though_calls_failed() {
    let service = Service::start().await;
    let handle = service.hash_issued().await;
    let path = "/app-attest/verify";
    service.backend.once(path, Answer::nothing());
    service.step(&handle, "assert", ASSERT).await;

    run(&service, &["expire", &handle, "--yes"]).await;

    let (_, status, _) = run(&service, &["status", &handle]).await;
    assert!(status.contains("an operator: it was expired"), "{status}");
}

#[tokio::test]
async fn an_expiry_at_the_deadline_is_the_clients_doing_unless_a_call_failed_last() {
    let service = Service::start().await;
    let [left, failed] = [service.hash_issued().await, service.hash_issued().await];
    let path = "/app-attest/verify";
    service.backend.once(path, Answer::nothing());
    service.step(&failed, "assert", ASSERT).await;
    service.clock.advance(Duration::from_secs(301));

    for (handle, whose) in [(left, "the client: "), (failed, "time: the deadline came")] {
        let (_, status, _) = run(&service, &["status", &handle]).await;
        assert!(status.contains("expired, ended"), "{status}");
        assert!(status.contains(whose), "{status}");
    }
}

/// Codes of attempts with who is at fault, as the table of the operators' page has them: a row for
/// attempts alone beats one for refusals.
fn at_fault() -> Vec<(&'static str, &'static str)> {
    let page = include_str!("../../docs/OPERATIONS.md");
    let (_, table) = page.split_once("### Who is at fault?").expect("the table");
    let (table, _) = table.split_once("\n### ").expect("its end");
    let rows = || {
        table.lines().filter_map(|line| {
            let (seen, rest) = line.strip_prefix("| ")?.split_once(" | **")?;
            Some((seen, rest.split_once("**")?.0))
        })
    };
    let codes = [
        "backend_error",
        "backend_timeout",
        "backend_unavailable",
        "backend_unclassified",
        "expired",
        "outcome_unknown",
        "shutting_down",
        "store_unavailable",
    ];
    let named = |code| {
        let of = rows().filter(|(seen, _)| seen.contains(&format!("`{code}`")));
        let (attempts, refusals): (Vec<_>, Vec<_>) =
            of.partition(|(seen, _)| seen.contains("attempt"));
        let (_, who) = attempts.iter().chain(&refusals).next().expect("a row");
        (code, *who)
    };
    codes.map(named).to_vec()
}

#[tokio::test]
async fn an_attempt_is_the_fault_of_whom_the_operators_page_names() {
    let (listener, url) = server().await;
    let table = at_fault();
    let attempt = |(code, _): &(&str, &str)| {
        format!(
            "{{\"step\":\"s\",\"attemptID\":\"a\",\"at\":\"2026-01-17T12:00:00.000Z\",\
             \"code\":\"{code}\",\"outcome\":\"unknown\"}}"
        )
    };
    let attempts: Vec<String> = table.iter().map(attempt).collect();
    let body = format!(
        "{{\"transitions\":[],\"attempts\":[{}]}}",
        attempts.join(",")
    );
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );

    let asked = tokio::spawn(ended(flow(&url, &["history", &"A".repeat(32)])));
    reply(&listener, &answer).await;

    let (code, out, told) = asked.await.expect("it ends");
    assert_eq!(code, Some(0), "{told}");
    for (code, who) in table {
        let (_, after) = out.split_once(&format!("  {code},")).expect("told");
        let (_, fault) = after.split_once("at fault: ").expect("told");
        assert!(fault.starts_with(who), "{code}: {who}: {out}");
    }
}

#[tokio::test]
async fn the_backends_words_are_shown_and_command_no_terminal() {
    let service = Service::start().await;
    let hostile = "{\"clientDataHash_base64\":\"aA\",\"why\":\"\u{9b}2J\u{202e}evil\"}";
    service
        .backend
        .once("/app-attest/client-data-hash", Answer::json(hostile));
    let handle = service.registered().await;
    service
        .step(&handle, "client-data-hash", "")
        .await
        .is_answer();

    let (_, out, _) = run(&service, &["history", &handle]).await;

    assert!(out.contains(r#""why":"\u{9b}2J\u{202e}evil""#), "{out}");
}

#[tokio::test]
async fn expire_ends_a_flow_only_if_somebody_means_it() {
    let service = Service::start().await;
    let handle = service.registered().await;

    let (code, _, told) = run(&service, &["expire", &handle]).await;
    assert_eq!(code, Some(2));
    assert!(told.contains("say --yes"), "{told}");
    assert_eq!(service.status(&handle).await.string("/state"), "registered");

    let (code, out, _) = run(&service, &["expire", &handle, "--yes"]).await;
    assert_eq!(code, Some(0));
    assert!(out.contains("expired, ended"), "{out}");

    let (code, out, told) = run(&service, &["expire", &handle, "--yes", "--json"]).await;
    assert_eq!(code, Some(1));
    assert!(out.contains(r#""code":"expired""#), "{out}");
    assert!(told.contains("expired: "), "{told}");
}

#[tokio::test]
async fn refusals_are_told_with_their_code_and_unusable_input_exits_2() {
    let service = Service::start().await;
    let nobody = "A".repeat(32);

    for (arguments, expected, words) in [
        (vec!["status", nobody.as_str()], 1, "not_found: "),
        (vec!["history", nobody.as_str()], 1, "not_found: "),
        (vec!["list", "--older-than", "soon"], 2, "invalid_input: "),
        (vec!["list", "--limit", "0"], 2, "--limit"),
        (vec!["status", "short"], 2, "a handle is 32 characters"),
    ] {
        let (code, _, told) = run(&service, &arguments).await;
        assert_eq!(code, Some(expected), "{arguments:?}: {told}");
        assert!(told.contains(words), "{arguments:?}: {told}");
    }
    for url in ["ftp://host", "http://user@host", "nothing"] {
        let (code, _, told) = ended(flow(url, &["list"])).await;
        assert_eq!(code, Some(2), "{url}: {told}");
    }
}

#[tokio::test]
async fn a_handle_may_begin_with_hyphens() {
    let service = Service::start().await;

    for begun in ["-t", "-h", "--u", "--"] {
        let handle = format!("{begun:A<32}");
        for command in ["status", "history", "watch"] {
            let (code, _, told) = run(&service, &[command, &handle]).await;
            assert_eq!(code, Some(1), "{command} {handle}: {told}");
            assert!(told.contains("not_found: "), "{command} {handle}: {told}");
        }
    }
}

/// A server that does with each connection what it is told.
async fn server() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    (listener, url)
}

/// The next connection, with the head of its request.
async fn request(listener: &TcpListener) -> (TcpStream, String) {
    let accepted = timeout(PATIENCE, listener.accept()).await;
    let (mut stream, _) = accepted.expect("somebody comes").expect("accepted");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a head"));
    }
    (
        stream,
        String::from_utf8(head).expect("text").to_lowercase(),
    )
}

async fn reply(listener: &TcpListener, text: &str) -> String {
    let (mut stream, head) = request(listener).await;
    stream.write_all(text.as_bytes()).await.expect("sent");
    head
}

#[tokio::test]
async fn what_is_no_integrator_is_said_to_be_none() {
    let (listener, url) = server().await;
    let elsewhere =
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\nhi",
        "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n",
        elsewhere,
    ] {
        let asked = tokio::spawn(ended(flow(&url, &["list"])));
        reply(&listener, answer).await;
        let (code, out, told) = asked.await.expect("it ends");
        assert_eq!((code, out.as_str()), (Some(1), ""), "{told}");
        assert!(
            told.contains("does not answer as this service does"),
            "{told}"
        );
    }
    let closed = Reserved::new();
    let (code, _, told) = ended(flow(&closed.url(), &["list"])).await;
    assert_eq!(code, Some(1));
    assert!(told.contains("--url says where it is"), "{told}");
}

#[tokio::test]
async fn pages_that_would_never_end_are_not_asked_for() {
    let (listener, url) = server().await;
    let asked = tokio::spawn(ended(flow(&url, &["list", "--all"])));
    let page = r#"{"flows":[],"nextCursor":"again1"}"#;
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\n\
        content-type: application/json\r\ncontent-length: 34\r\n\r\n";
    let answer = format!("{head}{page}");

    reply(&listener, &answer).await;
    let head = reply(&listener, &answer).await;

    assert!(head.contains("cursor=again"), "{head}");
    let (code, _, told) = asked.await.expect("it ends");
    assert_eq!(code, Some(1));
    assert!(told.contains("gave one nextCursor twice"), "{told}");
}

#[tokio::test]
async fn a_broken_configuration_hinders_nobody_who_says_where_the_service_is() {
    let service = Service::start().await;
    let with = |arguments: &[&str]| {
        let mut command = Command::new(INTEGRATOR);
        command.env_clear().env("INTEGRATOR__FLOWS__MAX", "none");
        command.args(["flow", "list"]).args(arguments);
        ended(command)
    };
    let url = format!("http://{}", service.address);

    assert_eq!(with(&["--url", &url]).await.0, Some(0));
    let (code, _, told) = with(&[]).await;
    assert_eq!(code, Some(2));
    assert!(told.contains("say it with --url"), "{told}");
    assert!(told.contains("flows.max"), "{told}");
}

#[tokio::test]
async fn without_a_url_the_operators_listener_of_the_configuration_is_asked() {
    let service = Service::start().await;
    let mut command = Command::new(INTEGRATOR);
    command
        .env_clear()
        .env("INTEGRATOR__SERVER__LISTEN", "127.0.0.1:1")
        .env("INTEGRATOR__OPS__LISTEN", service.address.to_string())
        .args(["flow", "list"]);

    let (code, _, told) = ended(command).await;

    assert_eq!(code, Some(0), "{told}");
}

const STREAM: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
/// The flow as it is, where the stream begins behind this version.
fn open(version: u32) -> String {
    format!(
        "event: observation\nid: {version}\n\
         data: {{\"state\":\"registered\",\"terminal\":false}}\n\n"
    )
}

fn closed(version: u32) -> String {
    format!(
        "event: observation\nid: {version}\n\
         data: {{\"state\":\"verified\",\"terminal\":true}}\n\n"
    )
}

fn moved(version: u32, to: &str) -> String {
    format!(
        "event: transition\nid: {version}\ndata: {{\"version\":{version},\"from\":\"a\",\n\
         data: \"to\":\"{to}\",\"at\":\"2026-01-17T12:00:00.000Z\",\"step\":\"s\"}}\n\n"
    )
}

/// A process whose lines are read one by one.
struct Watching {
    child: Child,
    lines: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
}

fn watching(url: &str, arguments: &[&str]) -> Watching {
    let mut child = flow(url, arguments).spawn().expect("it starts");
    let stdout = child.stdout.take().expect("piped");
    Watching {
        child,
        lines: BufReader::new(stdout).lines(),
    }
}

impl Watching {
    async fn line(&mut self) -> String {
        let line = timeout(PATIENCE, self.lines.next_line()).await;
        line.expect("it speaks").expect("text").expect("a line")
    }

    async fn ended(mut self) -> (Option<i32>, String) {
        let status = timeout(PATIENCE, self.child.wait()).await.expect("it ends");
        let mut told = String::new();
        let stderr = self.child.stderr.as_mut().expect("piped");
        stderr.read_to_string(&mut told).await.expect("text");
        (status.expect("it can be waited for").code(), told)
    }
}

#[tokio::test]
async fn watch_takes_a_broken_stream_up_where_it_was_and_ends_with_the_flow() {
    let (listener, url) = server().await;
    let handle = "A".repeat(32);
    let mut watching = watching(&url, &["watch", &handle, "--json"]);

    let (mut stream, head) = request(&listener).await;
    assert!(head.contains(&format!("get /v1/flows/{}/events ", handle.to_lowercase())));
    assert!(!head.contains("last-event-id"), "{head}");
    let begun = format!("{STREAM}: heartbeat\n\n{}{}", open(2), moved(3, "b"));
    stream.write_all(begun.as_bytes()).await.expect("sent");
    assert_eq!(
        watching.line().await,
        r#"{"state":"registered","terminal":false}"#
    );
    let first = watching.line().await;
    assert!(
        first.contains(r#""version":3,"from":"a", "to":"b""#),
        "{first}"
    );
    drop(stream);

    // The stream ended after a transition: it is asked at once whether that was the last one.
    let head = reply(
        &listener,
        &format!("{STREAM}{}event: transition\nid: 4\nda", open(3)),
    )
    .await;
    assert!(head.contains("last-event-id: 3\r\n"), "{head}");
    let unready = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\n\
                   content-length: 49\r\n\r\n{\"code\":\"shutting_down\",\"retryable\":true,\"x\":  1}\n";
    let head = reply(&listener, unready).await;
    assert!(head.contains("last-event-id: 3\r\n"), "{head}");
    let end = format!("{STREAM}{}{}", closed(3), moved(4, "verified"));
    reply(&listener, &end).await;

    let last = watching.line().await;
    assert!(last.contains(r#""version":4"#), "{last}");
    let (code, told) = watching.ended().await;
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("the stream broke"), "{told}");
    assert!(told.contains("shutting_down"), "{told}");
}

#[tokio::test]
async fn watch_misses_no_transition_after_a_stream_that_told_the_observation_alone() {
    let (listener, url) = server().await;
    let mut watching = watching(&url, &["watch", &"A".repeat(32), "--json"]);

    reply(&listener, &format!("{STREAM}{}", open(2))).await;
    watching.line().await;
    let (mut stream, head) = request(&listener).await;
    let rest = format!("{STREAM}{}{}", closed(2), moved(3, "verified"));
    stream.write_all(rest.as_bytes()).await.expect("sent");
    drop(stream);

    assert!(head.contains("last-event-id: 2\r\n"), "{head}");
    let told = watching.line().await;
    assert!(told.contains(r#""version":3"#), "{told}");
    assert_eq!(watching.ended().await.0, Some(0));
}

#[tokio::test]
async fn watch_pauses_longer_after_each_stream_that_ends_as_it_began() {
    let (listener, url) = server().await;
    let mut watching = watching(&url, &["watch", &"A".repeat(32), "--json"]);

    for _ in 0..3 {
        reply(&listener, &format!("{STREAM}{}", open(2))).await;
    }
    reply(&listener, &format!("{STREAM}{}", closed(2))).await;

    watching.line().await;
    let (_, told) = watching.ended().await;
    for pause in ["0.5 s", "1 s", "2 s"] {
        assert!(told.contains(&format!("; again in {pause}")), "{told}");
    }
}

#[tokio::test]
async fn watch_fails_where_the_flow_is_gone() {
    let (listener, url) = server().await;
    let watching = watching(&url, &["watch", &"A".repeat(32)]);
    reply(&listener, &format!("{STREAM}{}", open(2))).await;
    let gone = "HTTP/1.1 404 Not Found\r\ncontent-type: application/problem+json\r\n\
                content-length: 36\r\n\r\n{\"code\":\"not_found\",\"detail\":\"none\"}";
    reply(&listener, gone).await;

    let (code, told) = watching.ended().await;

    assert_eq!(code, Some(1));
    assert!(told.contains("the flow is gone"), "{told}");
}

#[tokio::test]
async fn an_interrupted_watch_exits_1() {
    let (listener, url) = server().await;
    let mut watching = watching(&url, &["watch", &"A".repeat(32), "--json"]);
    let (mut stream, _) = request(&listener).await;
    let begun = format!("{STREAM}{}", open(2));
    stream.write_all(begun.as_bytes()).await.expect("sent");
    watching.line().await;

    let id = watching.child.id().and_then(|id| i32::try_from(id).ok());
    kill_process(id.and_then(Pid::from_raw).expect("an id"), Signal::INT).expect("signalled");

    let (code, told) = watching.ended().await;
    assert_eq!(code, Some(1));
    assert!(told.contains("interrupted; the flow goes on"), "{told}");
}

#[test]
fn completions_are_scripts_that_complete_commands() {
    let script = |shell: &str| {
        let output = Blocking::new(INTEGRATOR)
            .args(["completions", shell])
            .output();
        let output = output.expect("it runs");
        assert_eq!(output.status.code(), Some(0), "{shell}");
        String::from_utf8(output.stdout).expect("text")
    };
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        assert!(script(shell).contains("correlation-id"), "{shell}");
    }
    let complete = "COMP_WORDS=(appattest-integrator flow hi); COMP_CWORD=2; \
                    $(complete -p appattest-integrator | sed 's/.*-F \\([^ ]*\\).*/\\1/') \
                    appattest-integrator hi flow; echo \"${COMPREPLY[@]}\"";
    let output = Blocking::new("bash")
        .args(["-c", &format!("{}\n{complete}", script("bash"))])
        .output()
        .expect("bash runs");
    let told = String::from_utf8([output.stdout, output.stderr].concat()).expect("text");
    assert_eq!(told, "history\n");
}
