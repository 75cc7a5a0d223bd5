//! Headers that replies carry.

use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::header::{Header, HeaderBuilder};

use super::shape::{Presence, Shape, integer, one_of, pattern, text};
use crate::orchestrator::code::Code;

/// A header with its name.
pub(super) type Named = (&'static str, Header);

pub(super) fn correlation_id() -> Named {
    let description = "The flow's correlation id. Before a flow is known: the caller's valid one, \
                       else a new one.";
    let shape = pattern(description, "^[!-~]{1,128}$");
    header("X-Correlation-ID", Presence::Always, description, shape)
}

pub(super) fn replayed() -> Named {
    let description = "This is a recorded reply, told again; the backend was not called.";
    header(
        "Idempotent-Replayed",
        Presence::Sometimes,
        description,
        one_of(description, ["true"]),
    )
}

pub(super) fn error(codes: &[Code]) -> Named {
    let description = "The code of the problem. A backend's bytes never carry it.";
    let words = codes.iter().map(|code| code.as_str());
    header(
        "X-Integrator-Error",
        Presence::Always,
        description,
        one_of(description, words),
    )
}

pub(super) fn retry_after(presence: Presence) -> Named {
    let description = "Whole seconds to wait before asking again.";
    header(
        "Retry-After",
        presence,
        description,
        integer(description, 1),
    )
}

pub(super) fn allow() -> Named {
    let description = "The methods that the path takes.";
    header("Allow", Presence::Always, description, text(description))
}

pub(super) fn backend_status() -> Named {
    let description = "The HTTP status with which the backend answered.";
    let shape = super::shape::status(description);
    header("X-Backend-Status", Presence::Always, description, shape)
}

pub(super) fn repr_digest() -> Named {
    let description = "SHA-256 of the body (RFC 9530).";
    let shape = pattern(description, "^sha-256=:[A-Za-z0-9+/]{43}=:$");
    header("Repr-Digest", Presence::Always, description, shape)
}

fn header(
    name: &'static str,
    presence: Presence,
    description: &str,
    shape: impl Into<Shape>,
) -> Named {
    let mut header = HeaderBuilder::new()
        .schema(Some(shape))
        .description(Some(description));
    if presence == Presence::Always {
        // The model has no field for it; what stands among the extensions is written beside them.
        header = header.extensions(Some(Extensions::from_iter([("required", true)])));
    }
    (name, header.build())
}
