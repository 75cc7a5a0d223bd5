//! The named schemas of the document.

mod flow;
mod problem;
mod protocol;
mod request;
mod search;
mod service;

pub(super) use self::problem::{of_code as problem_of_code, reference as problem};

use super::shape::{Member, Presence, Shape, pattern, schema_as};

/// Each with its name.
pub(super) fn all() -> Vec<(&'static str, Shape)> {
    let mut schemas = vec![
        ("FlowHandle", handle()),
        ("ProtocolName", name("The name of a protocol.")),
        ("StepName", name("The name of a step.")),
    ];
    schemas.extend(flow::all());
    schemas.extend(search::all());
    schemas.extend(request::all());
    schemas.extend(problem::all());
    schemas.extend(protocol::all());
    schemas.extend(service::all());
    schemas
}

fn handle() -> Shape {
    let description = "The flow's name here. Whoever knows it may run steps: treat it as a secret.";
    pattern(description, "^[A-Za-z0-9_-]{32}$").into()
}

fn name(description: &str) -> Shape {
    pattern(description, "^[a-z][a-z0-9-]{0,39}$").into()
}

fn flow_handle(presence: Presence) -> Member {
    ("flowHandle", presence, schema_as("FlowHandle", "The flow."))
}
