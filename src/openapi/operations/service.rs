//! Operations that tell of protocols and of the service itself.

use utoipa::openapi::ResponseBuilder;
use utoipa::openapi::content::ContentBuilder;

use super::super::entry::{Described, json};
use super::super::parameters;
use super::super::shape::{anything, text};
use crate::orchestrator::code::Code;

const PROTOCOLS: &str = "Protocols";
const SERVICE: &str = "Service";

/// `GET /v1/protocols`
#[must_use]
pub fn protocols() -> Described {
    let description = "Name, title and digest of every protocol in use, and how the latest reload \
        of definitions ended.";
    read(
        ("listProtocols", PROTOCOLS, "List the protocols"),
        description,
        json("The protocols.", "Protocols", &["protocols"]),
    )
}

/// `GET /v1/protocols/{name}`
#[must_use]
pub fn protocol() -> Described {
    let description = "One protocol: its states, its steps, its definition and its diagram.\n\nOn \
        `not_found` the `detail` lists the names there are.";
    Described {
        parameters: vec![parameters::protocol_in_path("name", "The protocol's name.")],
        codes: vec![Code::NotFound],
        ..read(
            ("readProtocol", PROTOCOLS, "Read a protocol"),
            description,
            json("The protocol.", "Protocol", &["protocol"]),
        )
    }
}

/// `GET /health`
#[must_use]
pub fn health() -> Described {
    let description = "What this instance is, and what its store is and holds. Asks the store, \
        never the backend. For people and dashboards; probes take `/livez` and `/readyz`.";
    Described {
        codes: vec![Code::StoreUnavailable],
        ..read(
            ("readHealth", SERVICE, "Read what runs here"),
            description,
            json("It runs.", "Health", &["health"]),
        )
    }
}

/// `GET /livez`
#[must_use]
pub fn live() -> Described {
    let description = "200 as long as the process answers. Restart it where this fails.";
    read(
        ("probeLive", SERVICE, "Probe whether the process answers"),
        description,
        json("It answers.", "Live", &["live"]),
    )
}

/// `GET /readyz`
#[must_use]
pub fn ready() -> Described {
    let description = "200 while the instance takes requests: the store takes reads and writes and \
        nobody asked it to stop. Otherwise 503: send requests elsewhere. Never depends on the \
        backend.";
    Described {
        codes: vec![Code::StoreUnavailable, Code::ShuttingDown],
        ..read(
            ("probeReady", SERVICE, "Probe whether the instance serves"),
            description,
            json("It serves.", "Ready", &["ready"]),
        )
    }
}

/// `GET /metrics`
#[must_use]
pub fn metrics() -> Described {
    let description = "Prometheus text. docs/OPERATIONS.md lists every metric.";
    let text = text("One sample a line.");
    let content = ContentBuilder::new().schema(Some(text)).build();
    read(
        ("readMetrics", SERVICE, "Read the metrics"),
        description,
        ResponseBuilder::new()
            .description("The metrics, in text format 0.0.4.")
            .content("text/plain", content),
    )
}

/// `GET /openapi.json`
#[must_use]
pub fn document() -> Described {
    let description = "This document: OpenAPI 3.1.";
    let content = ContentBuilder::new()
        .schema(Some(anything("An OpenAPI document.")))
        .build();
    read(
        ("readOpenapi", SERVICE, "Read this document"),
        description,
        ResponseBuilder::new()
            .description("The document.")
            .content("application/json", content),
    )
}

/// `GET /docs`
#[must_use]
pub fn page() -> Described {
    let description = "This document as a page. It needs no network and no script.";
    read(
        ("readDocs", SERVICE, "Read this document as a page"),
        description,
        html("The page."),
    )
}

/// `GET /console`
#[must_use]
pub fn console() -> Described {
    let description = "A page for whoever is on call: how things stand, where a flow is, and who \
        is at fault. It asks the routes that are described here and needs no other network.";
    read(
        ("readConsole", SERVICE, "Open the console"),
        description,
        html("The page."),
    )
}

fn html(description: &str) -> ResponseBuilder {
    let content = ContentBuilder::new().schema(Some(text("HTML.")));
    ResponseBuilder::new()
        .description(description)
        .content("text/html", content.build())
}

/// What takes nothing and refuses nothing of its own.
fn read(
    (id, tag, summary): (&'static str, &'static str, &'static str),
    description: &str,
    success: ResponseBuilder,
) -> Described {
    Described {
        id,
        tag,
        summary,
        description: description.to_owned(),
        parameters: Vec::new(),
        body: None,
        success,
        replays: false,
        codes: Vec::new(),
    }
}
