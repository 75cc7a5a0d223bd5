//! What stands in paths, queries and request headers.

use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};

use super::shape::{Shape, integer, pattern, schema, text};

pub(super) fn flow_handle() -> Parameter {
    in_path(
        "flowHandle",
        "The flow, as its start named it.",
        schema("FlowHandle"),
    )
}

pub(super) fn step(description: &str) -> Parameter {
    in_path("step", description, schema("StepName"))
}

pub(super) fn protocol_in_path(name: &str, description: &str) -> Parameter {
    in_path(name, description, schema("ProtocolName"))
}

pub(super) fn protocol() -> Parameter {
    let description = "The protocol to run; without it the default one (`protocols.default`).";
    in_query("protocol", description, schema("ProtocolName"))
}

/// The parameters of a search.
pub(super) fn search() -> Vec<Parameter> {
    let state = pattern("Flows in this state.", "^[A-Za-z][A-Za-z0-9_.-]{0,39}$");
    let older = "Flows that were created longer ago than this: one number and one unit of `ms`, \
                 `s`, `m`, `h`, `d`.";
    let limit = integer("How many flows a page has.", 1)
        .maximum(Some(1000_u32))
        .default(Some(100.into()));
    vec![
        in_query("state", "Flows in this state.", state),
        in_query(
            "protocol",
            "Flows of this protocol.",
            schema("ProtocolName"),
        ),
        in_query(
            "flowID",
            "Flows with this name of the backend's.",
            text("Any text.").min_length(Some(1)),
        ),
        in_query(
            "correlationID",
            "Flows with this correlation id.",
            correlation_shape(),
        ),
        in_query(
            "verifyRunID",
            "Flows whose start named this run.",
            text("Any text.").min_length(Some(1)),
        ),
        in_query(
            "olderThan",
            older,
            pattern("A duration.", "^[0-9]{1,9}(ms|s|m|h|d)$"),
        ),
        in_query("limit", "How many flows a page has.", limit),
        in_query(
            "cursor",
            "The `nextCursor` of the page before.",
            text("Opaque.").min_length(Some(1)),
        ),
    ]
}

pub(super) fn correlation_id() -> Parameter {
    let description = "Names the flow's doings across services, and stays with the flow. Without \
                       it one is made.";
    in_header("X-Correlation-ID", description, correlation_shape())
}

fn correlation_shape() -> Shape {
    pattern("1 to 128 visible ASCII characters.", "^[!-~]{1,128}$").into()
}

pub(super) fn idempotency_key() -> Parameter {
    let description = "Makes the start repeatable: the same key, protocol and body get the \
                       recorded reply as long as the flow is stored. Bare or as one quoted string.";
    let bare = pattern("1 to 255 visible ASCII characters.", "^[!#-~][!-~]{0,254}$");
    in_header("Idempotency-Key", description, bare)
}

pub(super) fn trace() -> [Parameter; 2] {
    let parent = "W3C trace context, handed on to the backend. An invalid one is dropped and a new \
                  one made.";
    let state = "Goes along with a valid `traceparent`.";
    [
        in_header(
            "traceparent",
            parent,
            text("`00-` trace `-` span `-` flags."),
        ),
        in_header("tracestate", state, text("A list of vendors' entries.")),
    ]
}

pub(super) fn last_event_id() -> Parameter {
    let description = "The `id` of the last event that was seen: the stream begins after it. \
                       Without it only later transitions are told.";
    in_header(
        "Last-Event-ID",
        description,
        pattern("A version.", "^[0-9]{1,20}$"),
    )
}

fn in_path(name: &str, description: &str, shape: impl Into<Shape>) -> Parameter {
    parameter(name, description, shape, ParameterIn::Path)
}

fn in_query(name: &str, description: &str, shape: impl Into<Shape>) -> Parameter {
    parameter(name, description, shape, ParameterIn::Query)
}

fn in_header(name: &str, description: &str, shape: impl Into<Shape>) -> Parameter {
    parameter(name, description, shape, ParameterIn::Header)
}

fn parameter(
    name: &str,
    description: &str,
    shape: impl Into<Shape>,
    place: ParameterIn,
) -> Parameter {
    let required = if matches!(place, ParameterIn::Path) {
        Required::True
    } else {
        Required::False
    };
    ParameterBuilder::new()
        .name(name)
        .description(Some(description))
        .parameter_in(place)
        .required(required)
        .schema(Some(shape))
        .build()
}
