//! The routes of protocols.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response};
use bytes::Bytes;
use integrator_core::protocol::graph::mermaid;
use integrator_core::protocol::{Protocol, Step, Unknown};

use super::Api;
use super::json::{ObjectWriter, array};
use super::observation::time;
use super::problem::Problem;
use crate::orchestrator::code::Code;
use crate::orchestrator::{Reload, ReloadOutcome};

/// `GET /v1/protocols`
pub(super) async fn list(State(api): State<Api>) -> Result<Response<Body>, Problem> {
    api.admits_work()?;
    let standing = api.orchestrator.catalogs().standing();
    let entries = standing.catalog.iter().map(|protocol| {
        let mut entry = ObjectWriter::new();
        write_names(&mut entry, protocol);
        entry.finish()
    });
    let mut object = ObjectWriter::new();
    object.raw("protocols", &array(entries));
    if let Some(reload) = &standing.reload {
        object.raw("reload", &described_reload(reload));
    }
    Ok(json(object.into_bytes()))
}

/// `GET /v1/protocols/{name}`
pub(super) async fn show(
    State(api): State<Api>,
    name: Result<Path<String>, PathRejection>,
) -> Result<Response<Body>, Problem> {
    api.admits_work()?;
    let catalog = api.orchestrator.catalogs().current();
    let protocol = name.ok().and_then(|Path(name)| catalog.get(&name));
    let protocol = protocol.ok_or_else(|| {
        let names: Vec<&str> = catalog.iter().map(|protocol| protocol.name()).collect();
        let detail = format!("no such protocol. Protocols: {}.", names.join(", "));
        Problem::new(Code::NotFound, detail)
    })?;
    Ok(json(described(protocol)))
}

fn described_reload(reload: &Reload) -> Vec<u8> {
    let mut entry = ObjectWriter::new();
    entry
        .string("outcome", reload.outcome.as_str())
        .string("at", &time(reload.at));
    match &reload.outcome {
        ReloadOutcome::Loaded => {}
        ReloadOutcome::Refused(problems) => {
            entry.strings("problems", problems.iter().map(String::as_str));
        }
    }
    entry.finish()
}

fn described(protocol: &Protocol) -> Bytes {
    let state_names = protocol.states().map(|state| protocol.state_name(state));
    let terminal = protocol
        .states()
        .filter(|state| protocol.is_terminal(*state));
    let mut steps = ObjectWriter::new();
    for step in protocol.steps() {
        steps.raw(step.name(), &described_step(protocol, step));
    }
    let mut object = ObjectWriter::new();
    write_names(&mut object, protocol);
    object
        .strings("states", state_names)
        .string("initial", protocol.state_name(protocol.initial()))
        .strings("terminal", terminal.map(|state| protocol.state_name(state)))
        .raw("steps", &steps.finish())
        .string("definition", protocol.definition())
        .string("mermaid", &mermaid(protocol));
    object.into_bytes()
}

fn described_step(protocol: &Protocol, step: &Step) -> Vec<u8> {
    let mut entry = ObjectWriter::new();
    entry
        .strings(
            "from",
            step.from().iter().map(|state| protocol.state_name(*state)),
        )
        .strings(
            "to",
            step.outcomes()
                .iter()
                .map(|outcome| protocol.state_name(outcome.to())),
        )
        .string(
            "call",
            &format!("{} {}", step.method().as_str(), step.path().text()),
        )
        .strings("require", step.require().iter().map(String::as_str))
        .strings("remember", step.remember().iter().map(String::as_str))
        .strings(
            "attach",
            step.attach().iter().map(|(name, _)| name.as_str()),
        )
        .strings(
            "default",
            step.default().iter().map(|(name, _)| name.as_str()),
        )
        .strings("headers", step.headers().iter().map(String::as_str))
        .boolean("repeatable", step.repeatable())
        .string("unknown", unknown(step.unknown()));
    if let Some(body) = step.sends().body() {
        entry.string("body", body);
    }
    if let Some(pointer) = step.callback() {
        entry.string("callback", &pointer.to_string());
    }
    entry.finish()
}

const fn unknown(unknown: Unknown) -> &'static str {
    match unknown {
        Unknown::Retry => "retry",
        Unknown::Hold => "hold",
    }
}

fn write_names(object: &mut ObjectWriter, protocol: &Protocol) {
    object
        .string("name", protocol.name())
        .string("title", protocol.title())
        .string("digest", protocol.digest());
}

fn json(body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
