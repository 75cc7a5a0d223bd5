//! Operations that read one flow and change nothing.

use utoipa::openapi::ResponseBuilder;
use utoipa::openapi::content::ContentBuilder;

use super::super::entry::{Described, json};
use super::super::shape::{anything, schema};
use super::super::{headers, parameters};
use crate::orchestrator::code::Code;

const OF_READS: [Code; 2] = [Code::NotFound, Code::StoreUnavailable];
const TAG: &str = "Flows";

/// `GET /v1/flows/{flowHandle}/status`
#[must_use]
pub fn status() -> Described {
    let description = "Where the flow is. Reading changes nothing. Past its deadline a flow that \
        has not ended reads as `expired`, with status 200.\n\nOn `store_unavailable` ask again; \
        on `not_found` the handle is wrong, or the flow was removed after its retention.";
    Described {
        id: "readFlow",
        tag: TAG,
        summary: "Read where a flow is",
        description: description.to_owned(),
        parameters: vec![parameters::flow_handle()],
        body: None,
        success: json("The flow.", "Observation", &["flow_status", "flow_expired"]),
        replays: false,
        codes: OF_READS.to_vec(),
    }
}

/// `GET /v1/flows/{flowHandle}/history`
#[must_use]
pub fn history() -> Described {
    let description = "Every transition in order, each with the backend's answer as it came, and \
        the latest calls that left no recorded answer.\n\nOn `store_unavailable` ask again.";
    Described {
        id: "readHistory",
        tag: TAG,
        summary: "Read how a flow came there",
        description: description.to_owned(),
        parameters: vec![parameters::flow_handle()],
        body: None,
        success: json("The flow's past.", "History", &["history"]),
        replays: false,
        codes: OF_READS.to_vec(),
    }
}

/// `GET /v1/flows/{flowHandle}/steps/{step}/response`
#[must_use]
pub fn response() -> Described {
    let description = "The latest recorded answer to a step, byte for byte, under the \
        `Content-Type` that the backend gave it (none if it gave none). Check signatures over \
        this one.\n\nA step without a recorded answer is `not_found`.";
    let any = "The backend's bytes.";
    let mut reply = ResponseBuilder::new()
        .description("The answer. It carries the backend's `Content-Type`.")
        .content(
            "*/*",
            ContentBuilder::new().schema(Some(anything(any))).build(),
        );
    for (name, header) in [headers::backend_status(), headers::repr_digest()] {
        reply = reply.header(name, header);
    }
    Described {
        id: "readAnswer",
        tag: TAG,
        summary: "Read a recorded answer",
        description: description.to_owned(),
        parameters: vec![
            parameters::flow_handle(),
            parameters::step("The step that was answered; `start` too."),
        ],
        body: None,
        success: reply,
        replays: false,
        codes: OF_READS.to_vec(),
    }
}

/// `GET /v1/flows/{flowHandle}/events`
#[must_use]
pub fn events() -> Described {
    let description = "Server-sent events: first `observation`, whose data is what `status` \
        shows, then one `transition` for each transition, whose data is its entry of the history. \
        The `id` of each is the version of the flow. Only later ones are told, unless `Last-Event-ID` says which was \
        seen last. A comment every 15 s shows that the stream lives; it ends after the transition \
        that ends the flow.\n\nWhere the stream breaks off, ask again with the last `id`.";
    let content = ContentBuilder::new().schema(Some(schema("Event"))).build();
    Described {
        id: "watchFlow",
        tag: TAG,
        summary: "Watch a flow",
        description: description.to_owned(),
        parameters: vec![parameters::flow_handle(), parameters::last_event_id()],
        body: None,
        success: ResponseBuilder::new()
            .description("The stream; the schema is that of each event in it.")
            .content("text/event-stream", content),
        replays: false,
        codes: [&OF_READS[..], &[Code::CapacityExhausted]].concat(),
    }
}
