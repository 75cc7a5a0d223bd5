//! The audit stream of the real program: killed, rotated under load, with a full disk, tampered
//! with; and what its records tell.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use appattest_integrator::audit::Noted;
use appattest_integrator::audit::verify::{Input, Verdict, verify};
use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::{Launch, Process};
use crate::harness::service::{ASSERT, START};
use crate::harness::{Answer, Backend, Client, Request};

/// A backend whose flows stay open.
async fn backend() -> Backend {
    let backend = Backend::start().await;
    for (path, answer) in [
        ("/app-attest/register", r#"{"flowID":"flow-1"}"#),
        (
            "/app-attest/client-data-hash",
            r#"{"clientDataHash_base64":"aA"}"#,
        ),
        (
            "/app-attest/verify",
            r#"{"verified":true,"note":"PLANTED"}"#,
        ),
    ] {
        backend.always(path, Answer::json(answer));
    }
    backend
}

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn launch(&self, backend: &Backend) -> Launch {
        self.of(Launch::service(backend))
    }

    fn of(&self, launch: Launch) -> Launch {
        let path = self.file("audit.log").display().to_string();
        launch.with("INTEGRATOR__LOG__AUDIT", &path)
    }

    /// The verdict on these files, against the head beside the last.
    fn verdict(&self, names: &[&str]) -> Verdict {
        let path = |name: &&str| self.file(name);
        let newest = path(names.last().expect("a file"));
        let head = Noted::read_beside(&newest).expect("a head");
        let inputs = names.iter().map(|name| Input {
            name: (*name).to_owned(),
            bytes: Box::new(std::io::BufReader::new(
                fs::File::open(path(name)).expect("it is there"),
            )),
            in_use: false,
        });
        let heads: Vec<Noted> = head.into_iter().collect();
        verify(inputs.collect(), &heads).expect("they can be read")
    }
}

fn records(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).expect("text");
    let read = |line| serde_json::from_str(line).expect("JSON");
    text.lines().map(read).collect()
}

fn of_kind<'a>(records: &'a [Value], kind: &str) -> Vec<&'a Value> {
    let is_it = |record: &&Value| record["kind"] == kind;
    records.iter().filter(is_it).collect()
}

async fn stop(process: &mut Process) {
    process.signal(Signal::TERM);
    assert_eq!(process.ended().await, Some(0));
}

/// Starts flows, one after the other, until `most` were started or nobody answers.
async fn load(mut client: Client, most: usize) -> usize {
    let start = Request::post("/v1/flows/start", START);
    for started in 0..most {
        client.send(&start.bytes()).await;
        match client.reply(true).await {
            Some(reply) if reply.status == 200 => {}
            _ => return started,
        }
    }
    most
}

#[tokio::test]
async fn records_tell_who_went_where_and_prove_the_recorded_answer_without_holding_it() {
    let (backend, place) = (backend().await, Place::new());
    let mut process = place.launch(&backend).start().await;
    let handle = process.start_flow().await;
    for (step, body) in [("client-data-hash", "{}"), ("assert", ASSERT)] {
        let step = Request::post(format!("/v1/flows/{handle}/{step}"), body);
        assert_eq!(process.ask(step).await.status, 200);
    }
    let path = format!("/v1/flows/{handle}/steps/assert/response");
    let told = process.ask(Request::get(path)).await;
    process.signal(Signal::HUP);
    process.says("protocols reloaded").await;
    stop(&mut process).await;

    let text = fs::read_to_string(place.file("audit.log")).expect("text");
    let records = records(&place.file("audit.log"));
    let kinds: Vec<&str> = records
        .iter()
        .filter_map(|record| record["kind"].as_str())
        .collect();
    let moves = ["transition"; 3];
    assert_eq!(
        kinds,
        [&["start"][..], &moves, &["reload", "stop"]].concat()
    );
    let assert = of_kind(&records, "transition")[2];
    for (name, value) in [
        ("flowHandle", handle.as_str()),
        ("flowID", "flow-1"),
        ("protocol", "app-attest"),
        ("step", "assert"),
        ("from", "hash_issued"),
        ("to", "verified"),
    ] {
        assert_eq!(assert[name], value, "{assert}");
    }
    let names: BTreeSet<&str> = assert
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    let others = [
        "seq",
        "at",
        "kind",
        "correlationID",
        "version",
        "attemptID",
        "backendStatus",
    ];
    assert!(others.iter().all(|name| names.contains(name)), "{assert}");
    let digest = told.header("repr-digest").expect("a digest");
    assert_eq!(
        digest,
        repr_digest(assert["answerSha256"].as_str().expect("a digest"))
    );
    for artifact in ["YXR0", "YXNz", "PLANTED"] {
        assert!(!text.contains(artifact), "{artifact} in {text}");
    }
    assert_eq!(place.verdict(&["audit.log"]).problem, None);
}

/// A digest in hexadecimal as `Repr-Digest` writes it.
fn repr_digest(hex: &str) -> String {
    use base64::Engine as _;
    let bytes: Vec<u8> = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal"))
        .collect();
    let digits = base64::engine::general_purpose::STANDARD.encode(bytes);
    format!("sha-256=:{digits}:")
}

#[tokio::test]
async fn a_flow_that_an_operator_ends_is_told_from_one_that_ends_by_itself() {
    let (backend, place) = (backend().await, Place::new());
    let mut process = place.launch(&backend).start().await;
    let handle = process.start_flow().await;

    let expire = Request::post(format!("/v1/flows/{handle}/expire"), "");
    assert_eq!(process.ask(expire).await.status, 200);
    stop(&mut process).await;

    let records = records(&place.file("audit.log"));
    let deed = of_kind(&records, "expire");
    assert_eq!(deed.len(), 1, "{records:?}");
    assert_eq!(deed[0]["flowHandle"], handle.as_str());
    assert_eq!(
        (&deed[0]["from"], &deed[0]["to"]),
        (&"registered".into(), &"expired".into())
    );
}

#[tokio::test]
async fn a_process_that_is_killed_under_load_leaves_a_chain_that_goes_on() {
    let (backend, place) = (backend().await, Place::new());
    for round in 0..4 {
        let mut process = place.launch(&backend).start().await;
        let mut clients = JoinSet::new();
        for _ in 0..4 {
            clients.spawn(load(process.connect().await, usize::MAX));
        }
        load(process.connect().await, 50 + 17 * round).await;
        process.child.kill().await.expect("killed");
        clients.join_all().await;
    }
    let mut process = place.launch(&backend).start().await;
    stop(&mut process).await;

    let verdict = place.verdict(&["audit.log"]);

    assert_eq!(verdict.problem, None);
    let records = records(&place.file("audit.log"));
    assert_eq!(of_kind(&records, "start").len(), 5);
    assert!(of_kind(&records, "transition").len() > 100);
}

#[tokio::test]
async fn a_file_that_is_rotated_under_load_loses_nothing() {
    let (backend, place) = (backend().await, Place::new());
    let mut process = place.launch(&backend).start().await;
    let mut clients = JoinSet::new();
    for _ in 0..4 {
        clients.spawn(load(process.connect().await, 150));
    }
    for number in [1, 2] {
        load(process.connect().await, 30).await;
        let old = place.file(&format!("audit.log.{number}"));
        fs::rename(place.file("audit.log"), old).expect("renamed");
        process.signal(Signal::HUP);
    }
    let started: usize = clients.join_all().await.into_iter().sum();
    stop(&mut process).await;

    let files = ["audit.log.1", "audit.log.2", "audit.log"];
    let verdict = place.verdict(&files);

    assert_eq!(verdict.problem, None);
    assert_eq!(verdict.first, Some(1));
    let records: Vec<Value> = files
        .iter()
        .flat_map(|name| records(&place.file(name)))
        .collect();
    assert_eq!(of_kind(&records, "transition").len(), started + 60);
    assert_eq!(of_kind(&records, "rotate").len(), 2);
    let gap = place.verdict(&["audit.log.1", "audit.log"]).problem;
    assert!(gap.is_some_and(|gap| gap.to_string().contains("gap")));
}

#[tokio::test]
async fn a_full_disk_holds_up_no_request_and_the_chain_goes_on_after_it() {
    let (backend, place) = (backend().await, Place::new());
    let little = Launch::service_after("trap '' XFSZ; ulimit -S -f 8", &backend);
    let mut process = place.of(little).start().await;
    assert_eq!(load(process.connect().await, 60).await, 60);
    process.says("the audit file takes no writes").await;
    assert_eq!(load(process.connect().await, 60).await, 60);

    let id = i32::try_from(process.id()).ok().and_then(Pid::from_raw);
    let unlimited = Rlimit {
        current: None,
        maximum: None,
    };
    prlimit(id, Resource::Fsize, unlimited).expect("raised");
    process.says("the audit file takes writes again").await;
    stop(&mut process).await;

    assert_eq!(place.verdict(&["audit.log"]).problem, None);
    let records = records(&place.file("audit.log"));
    assert_eq!(of_kind(&records, "transition").len(), 120);
    let log = process.log();
    let told = log.iter().filter(|line| line.contains("takes no writes"));
    assert_eq!(told.count(), 1);
}

#[tokio::test]
async fn an_end_that_was_tampered_with_ends_the_start_with_what_to_do() {
    let (backend, place) = (backend().await, Place::new());
    let mut process = place.launch(&backend).start().await;
    process.start_flow().await;
    stop(&mut process).await;
    let text = fs::read_to_string(place.file("audit.log")).expect("text");
    let cut = text.lines().take(2).map(|line| format!("{line}\n"));
    fs::write(place.file("audit.log"), cut.collect::<String>()).expect("written");

    let (code, told) = place.launch(&backend).run_to_its_end().await;

    assert_eq!(code, Some(1));
    assert!(told.contains("seq 2: truncated"), "{told}");
    assert!(told.contains("start again with a new chain"), "{told}");
}

#[tokio::test]
async fn the_log_tells_the_head_at_the_end_so_that_it_can_be_kept_elsewhere() {
    let (backend, place) = (backend().await, Place::new());
    let mut process = place.launch(&backend).start().await;
    stop(&mut process).await;
    process.says("audit head").await;

    let log = process.log();
    let line = log.iter().find(|line| line.contains("\"audit head\""));
    let line: Value = serde_json::from_str(line.expect("a line")).expect("JSON");
    let beside = fs::read_to_string(place.file("audit.log.head")).expect("a head");

    assert_eq!(line["head"], beside.trim());
}

#[tokio::test]
async fn a_stream_is_said_to_go_on_only_where_it_has_records() {
    let (backend, place) = (backend().await, Place::new());
    let mut said_by_run = Vec::new();
    for _ in 0..2 {
        let launch = place.launch(&backend);
        let (mut process, words) = launch.started_with_its_first_words().await;
        stop(&mut process).await;
        let goes_on = |line: &String| line.contains("the audit stream goes on");
        said_by_run.push(words.iter().any(goes_on));
    }

    assert_eq!(said_by_run, [false, true]);
}
