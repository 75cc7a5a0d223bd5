//! Operations that move flows.

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::link::{Link, LinkBuilder};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::AnyOfBuilder;
use utoipa::openapi::{Required, ResponseBuilder};

use super::super::entry::{Described, example, json};
use super::super::shape::{anything, schema};
use super::super::{headers, parameters};
use crate::orchestrator::code::Code;

/// What comes before a call to the backend, and what a call may come to, on every step.
const OF_EVERY_STEP: [Code; 11] = [
    Code::NotFound,
    Code::UnsupportedMediaType,
    Code::Expired,
    Code::StepInProgress,
    Code::OutcomeUnknown,
    Code::AdmissionLimited,
    Code::BackendUnavailable,
    Code::BackendError,
    Code::BackendUnclassified,
    Code::BackendTimeout,
    Code::StoreUnavailable,
];
/// What a start may be refused with besides.
const OF_START: [Code; 2] = [Code::IdempotencyKeyReused, Code::CapacityExhausted];
/// What a step of a flow may be refused with besides.
const OF_FLOW: [Code; 2] = [Code::SequenceViolation, Code::TerminalState];

const TAG: &str = "Flows";

/// `POST /v1/flows/start`
#[must_use]
pub fn start() -> Described {
    let description = "Runs the step `start` of the default protocol, or of the one that \
        `protocol` names: makes a flow, calls the backend, and shows the backend's answer as it \
        came.\n\nThe compiled-in protocol `app-attest` needs `keyID_base64` and \
        `attestationObject_base64`, which are forwarded and never looked into.\n\nWithout an \
        `Idempotency-Key` each start makes a flow, and one that gets no recorded answer leaves \
        none behind. With a key the same request may be sent again after any failure: it is \
        carried to its end once.";
    let mut parameters = vec![
        parameters::protocol(),
        parameters::correlation_id(),
        parameters::idempotency_key(),
    ];
    parameters.extend(parameters::trace());
    let reply = step_reply(&["flow_started"]);
    Described {
        id: "startFlow",
        tag: TAG,
        summary: "Start a flow",
        description: description.to_owned(),
        parameters,
        body: Some(body("AppAttestStart", &["app_attest_start"])),
        success: linked(reply),
        replays: true,
        codes: [&OF_EVERY_STEP[..], &OF_START].concat(),
    }
}

/// `POST /v1/flows/{flowHandle}/{step}`
#[must_use]
pub fn step() -> Described {
    let description = "Runs a step of the flow's own protocol: calls the backend, records its \
        answer, moves the flow, and shows the answer as it came. The steps of App Attest are \
        `client-data-hash` and `assert`.\n\nThe same request to the step that made the flow's \
        latest transition gets the recorded reply, and no second call. After `backend_unavailable`, \
        `backend_timeout` or `backend_error` the flow is unchanged and the same request may be \
        sent again. `status`, `history`, `events`, `steps` and `expire` are no steps.";
    let mut parameters = vec![
        parameters::flow_handle(),
        parameters::step("A step of the flow's protocol; never `start`."),
    ];
    parameters.extend(parameters::trace());
    let reply = step_reply(&["flow_hash_issued", "flow_verified"]);
    Described {
        id: "runStep",
        tag: TAG,
        summary: "Run a step of a flow",
        description: description.to_owned(),
        parameters,
        body: Some(body("AppAttestAssert", &["app_attest_assert"])),
        success: linked(reply),
        replays: true,
        codes: [&OF_EVERY_STEP[..], &OF_FLOW, &[Code::MethodNotAllowed]].concat(),
    }
}

/// `POST /v1/callbacks/{protocol}/{step}`
#[must_use]
pub fn callback() -> Described {
    let description = "Runs a step that the definition makes reachable for the backend itself, by \
        `callback`. The flow is found by the backend's id, which the body holds where the \
        definition says: the latest flow with that id that has not ended, else the latest one.\n\n\
        Errors are those of any step; a body without the id is `invalid_input`, an id that no \
        flow has is `not_found`.";
    let mut parameters = vec![
        parameters::protocol_in_path("protocol", "The protocol."),
        parameters::step("A callback step of it."),
    ];
    parameters.extend(parameters::trace());
    Described {
        id: "receiveCallback",
        tag: TAG,
        summary: "Run a step that the backend calls",
        description: description.to_owned(),
        parameters,
        body: Some(body("StepRequest", &[])),
        success: step_reply(&[]),
        replays: true,
        codes: [&OF_EVERY_STEP[..], &OF_FLOW].concat(),
    }
}

fn step_reply(examples: &[&str]) -> ResponseBuilder {
    let description = "The backend answered, the answer is recorded, and the flow has moved. \
                       `backend` is the answer.";
    let (name, header) = headers::replayed();
    json(description, "Observation", examples).header(name, header)
}

/// A JSON object; for steps that the definition calls `raw`, any bytes.
fn body(known: &str, examples: &[&str]) -> RequestBody {
    let raw = "Any bytes, up to 256 KiB, for a step that the definition calls `raw`. Other steps \
               answer `unsupported_media_type`.";
    let raw = ContentBuilder::new().schema(Some(anything(raw))).build();
    let mut body = object_body(known, examples);
    body.content.insert("*/*".to_owned(), raw.into());
    body
}

/// A JSON object, or nothing.
pub(super) fn object_body(known: &str, examples: &[&str]) -> RequestBody {
    let mut any = AnyOfBuilder::new();
    if known != "StepRequest" {
        any = any.item(schema(known));
    }
    let json = ContentBuilder::new()
        .schema(Some(any.item(schema("StepRequest"))))
        .examples_from_iter(examples.iter().map(|name| (*name, example(name))))
        .build();
    RequestBodyBuilder::new()
        .description(Some("A JSON object, or nothing, which is `{}`."))
        .content("application/json", json)
        .required(Some(Required::False))
        .build()
}

/// Where the handle of a reply leads.
fn linked(reply: ResponseBuilder) -> ResponseBuilder {
    let to = |operation: &str, does: &str| -> Link {
        LinkBuilder::new()
            .operation_id(operation)
            .parameter("flowHandle", "$response.body#/flowHandle")
            .description(does)
            .build()
    };
    reply
        .link("step", to("runStep", "Its next step."))
        .link("status", to("readFlow", "Where it is."))
        .link("history", to("readHistory", "How it came there."))
        .link("answer", to("readAnswer", "An answer as it was recorded."))
}
