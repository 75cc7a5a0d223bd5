//! An operation of the document: what its route does, and what it may answer.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{Operation, OperationBuilder, Parameter};
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::schema::{Discriminator, OneOfBuilder};
use utoipa::openapi::{HttpMethod, Ref, RefOr, Response, ResponseBuilder};

use super::codes::{CodeFacts, advice, occasion, of_every_route};
use super::headers::{self, Named};
use super::schemas::problem;
use super::shape::{Presence, Shape, schema};
use crate::orchestrator::code::Code;

/// Which listener has a route, where operators have one of their own (`ops.listen`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The main one.
    Product,
    /// The operators'.
    Operator,
    /// Both.
    Both,
}

impl Side {
    const fn listeners(self) -> &'static [&'static str] {
        match self {
            Self::Product => &["main"],
            Self::Operator => &["operators"],
            Self::Both => &["main", "operators"],
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::Product => "With `ops.listen` set: on the main listener only.",
            Self::Operator => "With `ops.listen` set: on the operators' listener only.",
            Self::Both => "With `ops.listen` set: on both listeners.",
        }
    }
}

/// What an operation is by itself. Its path, its method and the listener come from its route.
pub struct Described {
    /// Its name, for generated clients.
    pub(super) id: &'static str,
    /// The chapter that it stands in.
    pub(super) tag: &'static str,
    /// What it does, in a few words.
    pub(super) summary: &'static str,
    /// What it does, and what to do where it fails.
    pub(super) description: String,
    /// What stands in its path, query and headers.
    pub(super) parameters: Vec<Parameter>,
    /// What it is sent.
    pub(super) body: Option<RequestBody>,
    /// Its reply where it succeeds.
    pub(super) success: ResponseBuilder,
    /// Whether it may reply with what was recorded earlier.
    pub(super) replays: bool,
    /// The codes that it may answer, besides those of every route.
    pub(super) codes: Vec<Code>,
}

/// A route and what it does.
pub struct Entry {
    /// Its path, parameters in braces.
    pub path: &'static str,
    /// Its method.
    pub method: HttpMethod,
    /// Where it is.
    pub side: Side,
    /// What it does.
    pub described: Described,
}

impl Entry {
    /// The operation as the document has it.
    pub(super) fn operation(self, facts: fn(Code) -> CodeFacts) -> (HttpMethod, Operation) {
        let correlated = self.path.starts_with("/v1/");
        let described = self.described;
        let mut codes = of_every_route(self.path, &self.method);
        codes.extend(described.codes);
        codes.sort();
        codes.dedup();
        let mut success = described.success;
        if correlated {
            let (name, header) = headers::correlation_id();
            success = success.header(name, header);
        }
        let mut operation = OperationBuilder::new()
            .operation_id(Some(described.id))
            .tag(described.tag)
            .summary(Some(described.summary))
            .description(Some(format!(
                "{}\n\n{}",
                described.description,
                self.side.sentence()
            )))
            .request_body(described.body)
            .response("200", success)
            .extensions(Some(
                ExtensionsBuilder::new()
                    .add("x-listeners", self.side.listeners())
                    .build(),
            ));
        if !described.parameters.is_empty() {
            operation = operation.parameters(Some(described.parameters));
        }
        for (status, codes) in by_status(&codes, facts) {
            let reply = refusal(&codes, facts, correlated, described.replays);
            operation = operation.response(status.to_string(), reply);
        }
        (self.method, operation.build())
    }
}

fn by_status(codes: &[Code], facts: fn(Code) -> CodeFacts) -> BTreeMap<u16, Vec<Code>> {
    let mut found = BTreeMap::<u16, Vec<Code>>::new();
    for code in codes {
        found.entry(facts(*code).status).or_default().push(*code);
    }
    found
}

/// The replies of one status: a problem of one of these codes.
fn refusal(
    codes: &[Code],
    facts: fn(Code) -> CodeFacts,
    correlated: bool,
    replays: bool,
) -> Response {
    let lines = codes.iter().map(|code| {
        let (name, occasion, advice) = (code.as_str(), occasion(*code), advice(*code));
        format!("`{name}`: {occasion} {advice}")
    });
    let mut content = ContentBuilder::new().schema(Some(problems(codes)));
    content = content.examples_from_iter(codes.iter().map(|code| {
        let name = code.as_str();
        (name, example(name))
    }));
    let mut reply = ResponseBuilder::new()
        .description(lines.collect::<Vec<_>>().join("\n\n"))
        .content("application/problem+json", content.build());
    for (name, header) in headers_of(codes, facts, correlated, replays) {
        reply = reply.header(name, header);
    }
    reply.build()
}

fn headers_of(
    codes: &[Code],
    facts: fn(Code) -> CodeFacts,
    correlated: bool,
    replays: bool,
) -> Vec<Named> {
    let mut named = vec![headers::error(codes)];
    if correlated {
        named.push(headers::correlation_id());
    }
    if codes.contains(&Code::MethodNotAllowed) {
        named.push(headers::allow());
    }
    if replays && codes.contains(&Code::BackendUnclassified) {
        named.push(headers::replayed());
    }
    if codes.iter().all(|code| facts(*code).waits) {
        named.push(headers::retry_after(Presence::Always));
    } else if codes.iter().any(|code| facts(*code).waits) {
        named.push(headers::retry_after(Presence::Sometimes));
    }
    named
}

fn problems(codes: &[Code]) -> Shape {
    if let [code] = codes {
        return schema(&problem(*code));
    }
    let place = |code: &Code| format!("#/components/schemas/{}", problem(*code));
    let mapping = codes.iter().map(|code| (code.as_str(), place(code)));
    let mut any =
        OneOfBuilder::new().discriminator(Some(Discriminator::with_mapping("code", mapping)));
    for code in codes {
        any = any.item(schema(&problem(*code)));
    }
    any.into()
}

/// A reply of JSON, with the examples of these names.
pub(super) fn json(description: &str, schema_name: &str, examples: &[&str]) -> ResponseBuilder {
    let content = ContentBuilder::new()
        .schema(Some(schema(schema_name)))
        .examples_from_iter(examples.iter().map(|name| (*name, example(name))));
    ResponseBuilder::new()
        .description(description)
        .content("application/json", content.build())
}

/// The example of that name among the document's components.
pub(super) fn example(name: &str) -> RefOr<utoipa::openapi::example::Example> {
    RefOr::Ref(Ref::new(format!("#/components/examples/{name}")))
}

/// An example as it was captured.
pub(super) fn captured(summary: &str, value: Value) -> utoipa::openapi::example::Example {
    ExampleBuilder::new()
        .summary(summary)
        .value(Some(value))
        .build()
}
