//! The service described: an OpenAPI 3.1 document, made of the routes that the service has, the
//! error codes that it knows and the replies that it was seen to give; and a page that shows it.

mod codes;
mod entry;
mod examples;
mod headers;
pub mod operations;
pub mod page;
mod parameters;
mod schemas;
mod shape;

use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathItem,
    PathsBuilder, Server, Tag,
};

pub use self::codes::CodeFacts;
pub use self::entry::{Described, Entry, Side};
use crate::orchestrator::code::Code;

const ABOUT: &str = "Orders the steps of multi-step protocols in front of a backend that alone \
    decides, forwards artifacts without looking into them, and keeps the backend's answers byte \
    for byte.\n\n\
    Every refusal and failure, on every route, is a problem (RFC 9457): branch on its `code`, \
    which the header `X-Integrator-Error` repeats. A path that is not listed is `not_found`; a \
    listed one with another method is `method_not_allowed`. `HEAD` answers as `GET` without a \
    body.\n\n\
    A request has exactly one `Host`, and a header block of at most 16 KiB and 64 headers; a \
    larger one is answered 431 without a body, before any route is looked at.\n\n\
    Times are RFC 3339. Members that do not apply are left out, never `null`.";

/// The document of these routes.
///
/// # Errors
///
/// Where the captured examples, which are part of the build, are not readable.
pub fn document(
    entries: Vec<Entry>,
    facts: fn(Code) -> CodeFacts,
) -> Result<OpenApi, serde_json::Error> {
    let mut components = ComponentsBuilder::new().schemas_from_iter(schemas::all());
    for code in Code::ALL {
        let schema = schemas::problem_of_code(code, &facts(code));
        components = components.schema(schemas::problem(code), schema);
    }
    for (name, example) in examples::all()? {
        components = components.example(name, example);
    }
    let mut paths = PathsBuilder::new();
    for entry in entries {
        let path = entry.path;
        let (method, operation) = entry.operation(facts);
        paths = paths.path(path, PathItem::new(method, operation));
    }
    let license = LicenseBuilder::new()
        .name("Apache License 2.0")
        .identifier(Some("Apache-2.0"));
    let info = InfoBuilder::new()
        .title("appattest-integrator")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(license.build()));
    Ok(OpenApiBuilder::new()
        .info(info.build())
        .servers(Some([Server::new("/")]))
        .tags(Some(tags()))
        .paths(paths)
        .components(Some(components.build()))
        .build())
}

fn tags() -> [Tag; 4] {
    let tag = |name: &str, description: &str| {
        TagBuilder::new()
            .name(name)
            .description(Some(description))
            .build()
    };
    [
        tag("Flows", "Start a flow, run its steps, read where it is."),
        tag(
            "Operators",
            "Find flows by what is known of them, and end one.",
        ),
        tag("Protocols", "What flows can be runs of."),
        tag("Service", "What this instance is and how it does."),
    ]
}
