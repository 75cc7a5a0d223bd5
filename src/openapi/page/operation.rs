//! One operation: what it takes, what it replies, how it refuses.

use std::collections::BTreeMap;

use utoipa::openapi::header::Header;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{Content, RefOr, Required, Response};

use super::Page;
use super::example::examples;
use super::html::Html;
use super::kind::{description, kind};
use crate::openapi::codes::{advice, occasion};
use crate::orchestrator::code::Code;

/// Writes the article of an operation.
pub(super) fn article(
    html: &mut Html,
    page: &Page<'_>,
    (method, path): (&str, &str),
    operation: &Operation,
) -> Result<(), serde_json::Error> {
    let id = operation.operation_id.as_deref().unwrap_or_default();
    let mut outcome = Ok(());
    html.element("article", &[("id", id)], |html| {
        html.element("h3", &[], |html| {
            html.element("span", &[("class", &method.to_lowercase())], |html| {
                html.text(method);
            });
            html.of("code", path);
        });
        html.element("p", &[("class", "summary")], |html| {
            html.text(operation.summary.as_deref().unwrap_or_default());
            html.text(" ").of("code", id);
        });
        html.prose(operation.description.as_deref().unwrap_or_default());
        parameters(html, operation.parameters.as_deref().unwrap_or_default());
        outcome = bodies(html, page, operation);
        refusals(html, page, operation);
    });
    outcome
}

fn bodies(
    html: &mut Html,
    page: &Page<'_>,
    operation: &Operation,
) -> Result<(), serde_json::Error> {
    if let Some(RefOr::T(body)) = &operation.request_body {
        html.of("h4", "Request body");
        html.prose(body.description.as_deref().unwrap_or_default());
        // The most general type stands first in the map, and is the least to say.
        for (content_type, content) in body.content.iter().rev() {
            if let RefOr::T(content) = content {
                content_of(html, page, content_type, content)?;
            }
        }
    }
    if let Some(RefOr::T(reply)) = operation.responses.responses.get("200") {
        html.of("h4", "Reply 200");
        html.prose(&reply.description);
        for (content_type, content) in &reply.content {
            if let RefOr::T(content) = content {
                content_of(html, page, content_type, content)?;
            }
        }
        headers(html, &reply.headers);
    }
    Ok(())
}

fn parameters(html: &mut Html, parameters: &[RefOr<Parameter>]) {
    let parameters = parameters.iter().filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    });
    let parameters: Vec<&Parameter> = parameters.collect();
    if parameters.is_empty() {
        return;
    }
    html.of("h4", "Parameters");
    html.table(&["name", "in", "what"], |html| {
        for parameter in parameters {
            html.row(&[
                &|html| {
                    html.of("code", &parameter.name);
                },
                &|html| {
                    html.text(place(&parameter.parameter_in));
                    if parameter.required == Required::False {
                        html.text(", optional");
                    }
                },
                &|html| {
                    html.line(parameter.description.as_deref().unwrap_or_default());
                    if let Some(shape) = &parameter.schema {
                        html.element("div", &[("class", "kind")], |html| kind(html, shape));
                    }
                },
            ]);
        }
    });
}

const fn place(place: &ParameterIn) -> &'static str {
    match place {
        ParameterIn::Query => "query",
        ParameterIn::Path => "path",
        ParameterIn::Header => "header",
        ParameterIn::Cookie => "cookie",
        ParameterIn::QueryString => "whole query",
    }
}

fn content_of(
    html: &mut Html,
    page: &Page<'_>,
    content_type: &str,
    content: &Content,
) -> Result<(), serde_json::Error> {
    html.element("p", &[("class", "content")], |html| {
        let name = if content_type == "*/*" {
            "any type"
        } else {
            content_type
        };
        html.of("code", name).text(" ");
        if let Some(shape) = &content.schema {
            kind(html, shape);
            let words = description(shape);
            if !words.is_empty() {
                html.text(": ").line(words);
            }
        }
    });
    examples(html, page, content)
}

fn headers(html: &mut Html, headers: &BTreeMap<String, RefOr<Header>>) {
    if headers.is_empty() {
        return;
    }
    html.table(&["header", "what"], |html| {
        for (name, header) in headers {
            let RefOr::T(header) = header else { continue };
            html.row(&[
                &|html| {
                    html.of("code", name);
                },
                &|html| {
                    html.line(header.description.as_deref().unwrap_or_default());
                },
            ]);
        }
    });
}

/// Codes that a reply may have, as its header names them.
fn codes(page: &Page<'_>, reply: &Response) -> Vec<Code> {
    let text = &reply.description;
    let named = |code: &Code| text.contains(&format!("`{}`: ", code.as_str()));
    page.codes.iter().copied().filter(named).collect()
}

fn refusals(html: &mut Html, page: &Page<'_>, operation: &Operation) {
    html.of("h4", "Refusals");
    html.table(&["HTTP", "code", "when, and what to do"], |html| {
        for (status, reply) in &operation.responses.responses {
            let RefOr::T(reply) = reply else { continue };
            for code in codes(page, reply) {
                html.row(&[
                    &|html| {
                        html.text(status);
                    },
                    &|html| {
                        html.code_link(&format!("code-{}", code.as_str()), code.as_str());
                    },
                    &|html| {
                        html.when(occasion(code)).line(advice(code));
                    },
                ]);
            }
        }
    });
}
