//! Protocols as they are shown.

use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Type};

use super::super::shape::Presence::{Always, Sometimes};
use super::super::shape::{
    Member, Shape, boolean, closed, list, one_of, pattern, schema, text, texts, time,
};

pub(super) fn all() -> [(&'static str, Shape); 5] {
    [
        ("Protocols", protocols()),
        ("Reload", reload()),
        ("ProtocolEntry", closed("A protocol, by name.", names())),
        ("Protocol", protocol()),
        ("Step", step()),
    ]
}

fn protocols() -> Shape {
    let entries = list("In the order of their names.", schema("ProtocolEntry"));
    closed(
        "The protocols in use.",
        [
            ("protocols", Always, entries.into()),
            ("reload", Sometimes, schema("Reload")),
        ],
    )
}

fn reload() -> Shape {
    let refused = "Only where it was refused; what is listed is then what was in use before.";
    closed(
        "How the latest reload of definitions ended. Left out before one.",
        [
            (
                "outcome",
                Always,
                one_of("How it ended.", ["loaded", "refused"]),
            ),
            ("at", Always, time("When.")),
            ("problems", Sometimes, texts(refused)),
        ],
    )
}

fn names() -> [Member; 3] {
    let digest = pattern(
        "SHA-256 of the definition, in hexadecimal.",
        "^[0-9a-f]{64}$",
    );
    [
        ("name", Always, schema("ProtocolName")),
        ("title", Always, text("Its name for people.").into()),
        ("digest", Always, digest.into()),
    ]
}

fn protocol() -> Shape {
    let steps = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("By name."))
        .additional_properties(Some(AdditionalProperties::RefOr(schema("Step"))));
    let states = [
        ("states", Always, texts("Every state.")),
        (
            "initial",
            Always,
            text("The state before the first answer.").into(),
        ),
        (
            "terminal",
            Always,
            texts("The states in which a flow has ended."),
        ),
        ("steps", Always, steps.into()),
        (
            "definition",
            Always,
            text("The definition's own text (TOML).").into(),
        ),
        ("mermaid", Always, text("Its diagram, for Mermaid.").into()),
    ];
    closed("A protocol, whole.", names().into_iter().chain(states))
}

fn step() -> Shape {
    let unknown = "What holds after a call whose outcome is unknown: the step may be called again, \
                   or is held.";
    let callback = "The JSON pointer to where a callback's body names the flow by the backend's \
                    id. Left out where the step is no callback.";
    let body = "How the request's body is sent on. Left out where the call is a GET.";
    closed(
        "A step of a protocol.",
        [
            ("from", Always, texts("The states in which it may run.")),
            ("to", Always, texts("The states that its outcomes lead to.")),
            (
                "call",
                Always,
                text("The call to the backend: method and path.").into(),
            ),
            (
                "require",
                Always,
                texts("Members that a request must have."),
            ),
            (
                "remember",
                Always,
                texts("Members that are kept with the flow."),
            ),
            (
                "attach",
                Always,
                texts("Members that the flow adds, and callers may not send."),
            ),
            (
                "default",
                Always,
                texts("Members that the flow adds unless they are sent."),
            ),
            ("headers", Always, texts("Request headers that go along.")),
            (
                "repeatable",
                Always,
                boolean("Whether it polls, and so is never replayed."),
            ),
            ("unknown", Always, one_of(unknown, ["retry", "hold"])),
            ("body", Sometimes, one_of(body, ["json", "form", "raw"])),
            ("callback", Sometimes, text(callback).into()),
        ],
    )
}
