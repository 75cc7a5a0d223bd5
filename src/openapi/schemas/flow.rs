//! Flows as they are shown: now, and how they came there.

use super::super::shape::Presence::{Always, Sometimes};
use super::super::shape::{
    Member, Shape, anything, base64, boolean, closed, integer, list, one_of, open, pattern, schema,
    status, text, time,
};
use super::flow_handle;
use crate::orchestrator::code::Code;

pub(super) fn all() -> [(&'static str, Shape); 5] {
    [
        ("Observation", observation()),
        ("History", history()),
        ("Transition", transition()),
        ("Attempt", attempt()),
        ("Event", event()),
    ]
}

fn observation() -> Shape {
    let description = "Where a flow is. Besides these there are the members that the protocol's \
                       `reply` names (App Attest: `keyID_base64`, `verifyRunID`, and after \
                       `client-data-hash` also `clientDataHash_base64`). A member that does not \
                       apply is left out, never `null`.";
    let state =
        "The state that it is in. Past its deadline a flow that has not ended is `expired`.";
    let last = "The state that the last recorded answer led to. Left out before one.";
    let flow_id = "The backend's name for the flow. Left out until it gave one.";
    let mut members = vec![
        flow_handle(Always),
        ("flowID", Sometimes, text(flow_id).into()),
        ("protocol", Always, schema("ProtocolName")),
        ("state", Always, text(state).into()),
        ("terminal", Always, boolean("Whether the flow has ended.")),
        ("issuedAt", Always, time("When it was created, in UTC.")),
        ("expiresAt", Always, time(EXPIRES)),
        (
            "correlationID",
            Always,
            text("The flow's, for its whole life.").into(),
        ),
        ("lastBackendStatus", Sometimes, text(last).into()),
    ];
    members.extend(answer());
    open(description, members)
}

const EXPIRES: &str = "When it expires: the backend's own text if it gave one, else `issuedAt` \
                       plus the protocol's `ttl`.";

/// The backend's answer inside a body of ours.
pub(super) fn answer() -> [Member; 2] {
    let verbatim = "The backend's JSON, byte for byte: key order, inner spacing, the spelling of \
                    numbers, duplicate names and escapes are its own.";
    let encoded = "Instead of `backend`, where the answer is not JSON.";
    [
        ("backend", Sometimes, anything(verbatim)),
        ("backend_base64", Sometimes, base64(encoded)),
    ]
}

fn history() -> Shape {
    let omitted = "How many returns of a step to its own state are counted and not listed: all but \
                   the latest 16.";
    closed(
        "Every transition of a flow in order, and the calls that left no recorded answer.",
        [
            flow_handle(Always),
            (
                "transitions",
                Always,
                list(
                    "In the order in which they were made.",
                    schema("Transition"),
                )
                .into(),
            ),
            (
                "attempts",
                Always,
                list("The latest 16.", schema("Attempt"))
                    .max_items(Some(16))
                    .into(),
            ),
            ("selfLoopsOmitted", Sometimes, integer(omitted, 1).into()),
        ],
    )
}

fn transition() -> Shape {
    let version = "Counts every stored change of the flow, claims and releases included, so it \
                   may skip.";
    let attempt = "The id under which the backend was called.";
    let mut members = vec![
        ("version", Always, integer(version, 1).into()),
        ("step", Sometimes, schema("StepName")),
        ("from", Always, text("The state before.").into()),
        ("to", Always, text("The state after.").into()),
        (
            "at",
            Always,
            time("When. An expiry is dated to the deadline; one by an operator, to its request."),
        ),
        ("attemptID", Sometimes, text(attempt).into()),
        (
            "backendStatus",
            Sometimes,
            status("The HTTP status of the answer."),
        ),
    ];
    members.extend(answer());
    let description = "One change of state. An expiry has no step, no attempt and no answer.";
    closed(description, members)
}

fn attempt() -> Shape {
    let codes = [
        Code::BackendUnavailable,
        Code::BackendTimeout,
        Code::BackendError,
        Code::ShuttingDown,
        Code::OutcomeUnknown,
        Code::Expired,
        Code::StoreUnavailable,
    ];
    closed(
        "A call that left no recorded answer.",
        [
            ("step", Always, schema("StepName")),
            (
                "attemptID",
                Always,
                text("The id under which the backend was called.").into(),
            ),
            ("at", Always, time("When it ended.")),
            ("code", Always, one_of("Why.", codes.map(Code::as_str))),
            ("outcome", Always, outcome()),
            (
                "backendStatus",
                Sometimes,
                status("The HTTP status, where the backend answered."),
            ),
        ],
    )
}

/// What is known of a call.
pub(super) fn outcome() -> Shape {
    let description = "`not_sent`: no byte of the call reached the backend. `unknown`: it may have \
                       acted. `answered`: it answered, and nothing was recorded.";
    one_of(description, ["not_sent", "unknown", "answered"])
}

fn event() -> Shape {
    let version = "The version of the flow: what `Last-Event-ID` takes.";
    let data = "An `Observation`, or a `Transition`, as JSON.";
    closed(
        "A server-sent event, as its fields.",
        [
            (
                "event",
                Always,
                one_of("What it tells.", ["observation", "transition"]),
            ),
            ("id", Always, pattern(version, "^[0-9]{1,20}$").into()),
            (
                "data",
                Always,
                text(data).content_media_type("application/json").into(),
            ),
        ],
    )
}
