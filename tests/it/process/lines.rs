//! Every line that a process writes, held against docs/LOGGING.md; and against what must never be
//! in one.

use std::collections::{BTreeMap, BTreeSet};

use rustix::process::Signal;
use serde_json::Value;

use super::{Launch, Process};
use crate::harness::{Answer, Backend, Request};

const PAGE: &str = include_str!("../../../docs/LOGGING.md");
/// Stands in bodies, in answers, in headers, in paths and in queries.
const CANARY: &str = "canary-9e107d9d";
/// What would break a line, if it could: it stands where a line repeats what a backend wrote.
const BREAKS: &str = r"x\n2026-01-01T00:00:00.000Z ERROR forged flowHandle=y\u001b[2J\u2028\u0085";

/// The fields of each message, and the type of each field, as the page says.
struct Page {
    messages: BTreeMap<String, BTreeSet<String>>,
    types: BTreeMap<String, String>,
}

impl Page {
    fn read() -> Self {
        let (mut messages, mut types) = (BTreeMap::new(), BTreeMap::new());
        let mut of_messages = false;
        for row in PAGE.lines().filter(|line| line.starts_with("| ")) {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let quoted = |at: usize| -> BTreeSet<String> {
                let cell = cells.get(at).copied().unwrap_or_default();
                let words = cell.split('`').skip(1).step_by(2);
                words.map(str::to_owned).collect()
            };
            let cell = |at: usize| cells.get(at).copied().unwrap_or_default();
            match cell(1) {
                "message" => of_messages = true,
                "field" => of_messages = false,
                _ if of_messages => {
                    messages.extend(quoted(1).into_iter().map(|it| (it, quoted(4))));
                }
                _ => types.extend(quoted(1).into_iter().map(|it| (it, cell(2).to_owned()))),
            }
        }
        Self { messages, types }
    }

    fn allows(&self, line: &Value) {
        let members = line.as_object().expect("an object");
        let text = |name: &str| {
            members
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let message = text("message");
        if !text("target").starts_with("appattest_integrator") {
            panic!("a library speaks up: {line}");
        }
        let fields = self.messages.get(message);
        let fields = fields.unwrap_or_else(|| panic!("no such message is listed: {line}"));
        for (name, value) in members {
            let always = ["timestamp", "level", "message", "target"];
            assert!(
                always.contains(&name.as_str()) || fields.contains(name),
                "{name} in {line}"
            );
            self.is_typed(name, value, message);
        }
    }

    fn is_typed(&self, name: &str, value: &Value, message: &str) {
        let said = self.types.get(name).map_or("", String::as_str);
        let is_so = match value {
            Value::String(_) => said.contains("text"),
            Value::Number(_) => said.starts_with("number"),
            Value::Bool(_) => said == "true or false",
            Value::Object(_) => said == "object",
            Value::Null | Value::Array(_) => false,
        };
        assert!(
            is_so,
            "{name} of {message} is {value}; the page says: {said}"
        );
    }
}

/// A request whose headers hold what no line may.
fn planted(request: Request) -> Request {
    request
        .header("authorization", format!("Bearer {CANARY}"))
        .header("cookie", format!("a={CANARY}"))
        .header("tracestate", format!("a={CANARY}"))
        .header("user-agent", CANARY)
}

/// Everything that a day may bring: flows, refusals, an outage of the backend, a reload, a stop.
async fn a_day(process: &mut Process, backend: &Backend) {
    let hash = "/app-attest/client-data-hash";
    backend.always(
        "/app-attest/register",
        Answer::json(format!(r#"{{"flowID":"{BREAKS}","note":"{CANARY}"}}"#)),
    );
    backend.always(
        hash,
        Answer::json(format!(r#"{{"clientDataHash_base64":"{CANARY}"}}"#)),
    );
    let start = format!(
        r#"{{"keyID_base64":"{CANARY}","attestationObject_base64":"{CANARY}","\u0085{CANARY}":1}}"#
    );
    let keyed = planted(Request::post("/v1/flows/start", &start)).header("idempotency-key", CANARY);
    let begun = process.ask(keyed.clone()).await;
    assert_eq!(begun.status, 200, "{}", begun.text());
    let handle = begun.string("/flowHandle");
    let step = |name: &str| {
        let body = format!(r#"{{"assertionObject_base64":"{CANARY}"}}"#);
        planted(Request::post(
            format!("/v1/flows/{handle}/{name}?{CANARY}"),
            body,
        ))
    };
    let mut statuses = vec![process.ask(keyed).await.status];
    backend.once(hash, Answer::nothing());
    backend.once(
        hash,
        Answer::status(500, format!(r#"{{"why":"{CANARY}"}}"#)),
    );
    for name in [
        "assert",
        "client-data-hash",
        "client-data-hash",
        "client-data-hash",
        CANARY,
    ] {
        statuses.push(process.ask(step(name)).await.status);
    }
    for path in [
        format!("/{CANARY}").as_str(),
        "/v1/flows/x/status",
        "/health",
        "/metrics",
    ] {
        statuses.push(process.ask(planted(Request::get(path))).await.status);
    }
    for name in ["status", "history", "steps/start/response"] {
        let read = Request::get(format!("/v1/flows/{handle}/{name}"));
        statuses.push(process.ask(planted(read)).await.status);
    }
    backend.always("/app-attest/verify", Answer::json(format!("\"{CANARY}\"")));
    statuses.push(process.ask(step("assert")).await.status);
    assert_eq!(
        statuses,
        [
            200, 409, 502, 502, 200, 404, 404, 404, 200, 200, 200, 200, 200, 502
        ]
    );
    process.signal(Signal::HUP);
    process.says("protocols reloaded").await;
    process.signal(Signal::TERM);
    assert_eq!(process.ended().await, Some(0));
    process.says("stopped").await;
}

async fn lines_of_a_day(format: &str) -> Vec<String> {
    let backend = Backend::start().await;
    let launch = Launch::service(&backend)
        .with("INTEGRATOR__LOG__FORMAT", format)
        .with("INTEGRATOR__LOG__LEVEL", "trace");
    let (mut process, mut first) = launch.started_with_its_first_words().await;
    a_day(&mut process, &backend).await;
    first.extend(process.log());
    first
}

#[tokio::test]
async fn every_line_is_listed_with_its_fields_and_their_types_and_tells_nothing_that_was_sent() {
    let page = Page::read();

    let lines = lines_of_a_day("json").await;

    let mut messages = BTreeSet::new();
    for line in &lines {
        assert!(!line.contains(CANARY), "{line}");
        let read: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        page.allows(&read);
        messages.insert(read["message"].as_str().unwrap_or_default().to_owned());
    }
    for message in [
        "request",
        "transition",
        "the backend gave no whole answer",
        "stopped",
    ] {
        assert!(messages.contains(message), "{messages:?}");
    }
}

#[tokio::test]
async fn a_line_for_people_is_one_line_whose_fields_are_those_that_are_listed() {
    let page = Page::read();

    let lines = lines_of_a_day("text").await;

    assert!(lines.len() > 15, "{lines:#?}");
    for line in &lines {
        assert!(!line.contains(CANARY), "{line}");
        assert!(
            line.chars().all(|character| !character.is_control()),
            "{line:?}"
        );
        let (time, rest) = line.split_at_checked(25).unwrap_or_default();
        let time = time.trim_end();
        assert!(time.parse::<jiff::Timestamp>().is_ok(), "{line}");
        let (level, rest) = rest.split_at_checked(6).unwrap_or_default();
        assert!(
            ["INFO", "WARN", "ERROR", "DEBUG"].contains(&level.trim_end()),
            "{line}"
        );
        // The longest one: a message may begin as another one does.
        let messages = page.messages.iter();
        let (message, fields) = messages
            .filter(|(message, _)| {
                rest.strip_prefix(message.as_str())
                    .is_some_and(|after| after.is_empty() || after.starts_with(' '))
            })
            .max_by_key(|(message, _)| message.len())
            .unwrap_or_else(|| panic!("no such message is listed: {line}"));
        for name in names_in(&rest[message.len()..]) {
            assert!(fields.contains(&name), "{name} in {line}");
        }
    }
    let forged = lines
        .iter()
        .any(|line| line.contains("ERROR forged") && !line.contains("\\n"));
    assert!(!forged, "{lines:#?}");
}

/// The names of `name=value …`, where a value may be quoted.
fn names_in(fields: &str) -> Vec<String> {
    let (mut names, mut word, mut quoted, mut escaped) = (Vec::new(), String::new(), false, false);
    for character in fields.chars().chain([' ']) {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ' ' if !quoted => {
                if let Some((name, _)) = word.split_once('=') {
                    names.push(name.to_owned());
                } else {
                    assert!(word.is_empty(), "{word:?} is no field of {fields}");
                }
                word.clear();
                continue;
            }
            _ => {}
        }
        word.push(character);
    }
    names
}
