//! A rehearsal against the service: every shipped scenario is asked of the real router, in front of
//! a backend that answers as the scenario says, and comes to what the rehearsal says.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot arrange what it needs fails"
)]

use std::time::Duration;

use appattest_integrator::rehearsal::Outcome;
use integrator_core::protocol::duration;
use toml::{Table, Value};

use crate::harness::stores::Kind;
use crate::harness::{Answer, Reply, Request, Service, Setup};
use crate::scenarios::{DEFINITIONS, SCENARIOS, file, names, played};

/// A handle that no flow has.
const NOBODY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// One run, as it is asked of the service.
struct Run {
    service: Service,
    protocol: String,
    handle: String,
}

#[tokio::test]
async fn the_service_does_what_a_rehearsal_says() {
    let mut compared = 0;
    for name in names(SCENARIOS, ".toml") {
        let (_, rehearsal) = played(&name);
        let (_, text) = file(SCENARIOS, &name, ".toml");
        let scenario: Table = text.parse().expect("it was read before");
        let runs = scenario["run"].as_array().expect("runs");
        for (run, outcomes) in runs.iter().zip(rehearsal.outcomes()) {
            let requests = run["request"].as_array().expect("requests");
            // What cannot be reached cannot be taken away from a service for one request alone.
            if requests
                .iter()
                .any(|request| answer_word(request) == Some("not_sent"))
            {
                continue;
            }
            let mut served = Run::start(&name).await;
            for (number, (request, outcome)) in requests.iter().zip(&outcomes).enumerate() {
                let found = served.ask(request, outcome).await;
                let title = &run["title"];
                assert_eq!(
                    found,
                    *outcome,
                    "{name}, run {title}, request {}",
                    number + 1
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 10, "only {compared} requests");
}

impl Run {
    async fn start(name: &str) -> Self {
        let (_, definition) = file(DEFINITIONS, name, ".toml");
        let setup = Setup {
            protocols: vec![definition],
            store: Some(Kind::Memory),
            ..Setup::default()
        };
        let service = setup.start().await;
        let beginning = "2026-01-01T00:00:00Z".parse();
        service.clock.set_wall(beginning.expect("a time"));
        Self {
            service,
            protocol: name.to_owned(),
            handle: NOBODY.to_owned(),
        }
    }

    async fn ask(&mut self, asked: &Value, expected: &Outcome) -> Outcome {
        self.pass(asked).await;
        let calls = self.service.backend.calls();
        let reply = match asked.get("step") {
            Some(_) => self.send(asked, expected).await,
            None => self.service.status(&self.handle).await,
        };
        if let Some(handle) = reply.member("/flowHandle") {
            self.handle = handle.as_str().expect("a handle").to_owned();
        }
        let status = self.service.status(&self.handle).await;
        let state = status.member("/state").filter(|_| status.status == 200);
        let made = self.service.backend.calls() - calls;
        assert!(made <= 1, "{made} calls");
        let call = (made == 1).then(|| self.service.backend.last());
        let code = reply.code();
        let known = expected
            .code
            .filter(|expected| code.as_deref() == Some(expected));
        let told = code.as_ref().filter(|_| known.is_none());
        assert_eq!(told, None, "{}", reply.text());
        Outcome {
            code: known,
            replayed: reply.header("idempotent-replayed").is_some(),
            state: state.map(|state| state.as_str().expect("a state").to_owned()),
            call: call.map(|seen| {
                let line = format!("{} {}", seen.method, seen.path);
                (line, seen.text().to_owned())
            }),
        }
    }

    /// Lets time pass, with the sweeper at work.
    async fn pass(&self, asked: &Value) {
        let Some(after) = asked.get("after") else {
            return;
        };
        let mut left = duration::parse(after.as_str().expect("text")).expect("a duration");
        let most = if left > Duration::from_secs(3600) {
            60
        } else {
            1
        };
        while !left.is_zero() {
            let step = left.min(Duration::from_secs(most));
            self.service.clock.advance(step);
            self.service.sweep().await;
            left -= step;
        }
    }

    async fn send(&self, asked: &Value, expected: &Outcome) -> Reply {
        let request = self.request(asked);
        let target = expected
            .call
            .as_ref()
            .and_then(|(line, _)| line.split_once(' '));
        let Some((_, target)) = target else {
            return self.service.ask(request).await;
        };
        let backend = &self.service.backend;
        match asked.get("answer").expect("calls have answers") {
            Value::Table(answer) => {
                let status = answer
                    .get("status")
                    .and_then(Value::as_integer)
                    .unwrap_or(200);
                let status = u16::try_from(status).expect("a status");
                backend.once(target, Answer::status(status, body(answer)));
            }
            Value::String(word) if word == "timeout" => {
                let mut hold = backend.hold(target, Answer::nothing());
                let reply = self.service.send(request);
                hold.arrived().await;
                self.service.let_time_jump();
                let reply = reply.await.expect("the service answers");
                tokio::time::resume();
                return reply;
            }
            _ => backend.once(target, Answer::nothing()),
        }
        self.service.ask(request).await
    }

    fn request(&self, asked: &Value) -> Request {
        let asked = asked.as_table().expect("a table");
        let step = asked["step"].as_str().expect("a step");
        let path = match (step, asked.get("callback")) {
            ("start", _) => format!("/v1/flows/start?protocol={}", self.protocol),
            (step, Some(_)) => format!("/v1/callbacks/{}/{step}", self.protocol),
            (step, None) => format!("/v1/flows/{}/{step}", self.handle),
        };
        let mut request = Request::post(path, body(asked));
        if step == "start" {
            request = request.header("x-correlation-id", "rehearsal");
        }
        let headers = asked.get("headers").and_then(Value::as_table);
        for (name, value) in headers.into_iter().flatten() {
            request = request.header(name, value.as_str().expect("text"));
        }
        request
    }
}

fn answer_word(request: &Value) -> Option<&str> {
    request.get("answer")?.as_str()
}

/// The bytes of a body in one of its three spellings.
fn body(table: &Table) -> Vec<u8> {
    let text = |key| table.get(key).and_then(Value::as_str);
    let exact = text("json")
        .or(text("text"))
        .map(|text| text.as_bytes().to_vec());
    let members = table
        .get("body")
        .map(|body| serde_json::to_vec(body).expect("JSON"));
    exact.or(members).unwrap_or_default()
}
