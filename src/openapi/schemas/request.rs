//! Bodies of requests.

use super::super::shape::Presence::{Always, Sometimes};
use super::super::shape::{Member, Shape, base64, open, text};

pub(super) fn all() -> [(&'static str, Shape); 3] {
    [
        ("StepRequest", step()),
        ("AppAttestStart", app_attest_start()),
        ("AppAttestAssert", app_attest_assert()),
    ]
}

fn step() -> Shape {
    let description = "Members that the protocol's definition requires are non-empty strings; \
                       those that the flow attaches may not be sent; all others are forwarded \
                       unchanged, whatever they are. At most 256 KiB, nested at most 64 deep, no \
                       name twice at the top level. An empty body is `{}`.";
    open(description, [])
}

fn app_attest_start() -> Shape {
    let run = "Kept with the flow and added to its later calls.";
    open(
        "What a start of the compiled-in protocol `app-attest` needs, and what your backend needs \
         besides.",
        [
            required("keyID_base64", "The device key's identifier."),
            required("attestationObject_base64", "The device's attestation."),
            ("verifyRunID", Sometimes, text(run).into()),
        ],
    )
}

fn app_attest_assert() -> Shape {
    open(
        "What `assert` of the compiled-in protocol `app-attest` needs. `client-data-hash` needs \
         nothing.",
        [required(
            "assertionObject_base64",
            "The device's assertion.",
        )],
    )
}

/// A non-empty string is all that the integrator asks for.
fn required(name: &'static str, description: &str) -> Member {
    let opaque = format!("{description} Forwarded as it is, never looked into.");
    (name, Always, base64(&opaque))
}
