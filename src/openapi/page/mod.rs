//! The document as a page: written out whole, so that it is read without a script and without a
//! network. The policy that it is served under lets it load nothing.

mod errors;
mod example;
mod html;
mod kind;
mod operation;
mod schema;

use utoipa::openapi::path::Operation;
use utoipa::openapi::{Components, OpenApi, PathItem};

use self::html::Html;
use super::codes::CodeFacts;
use crate::orchestrator::code::Code;
use crate::web_page::WebPage;

const LOOK: &str = include_str!("look.css");
const FILTER: &str = include_str!("filter.js");

/// What the parts of a page look things up in.
struct Page<'a> {
    components: &'a Components,
    codes: &'a [Code],
}

/// The page of a document.
///
/// # Errors
///
/// Where an example cannot be written as JSON.
pub(crate) fn rendered(
    document: &OpenApi,
    facts: fn(Code) -> CodeFacts,
) -> Result<WebPage, serde_json::Error> {
    let none = Components::default();
    let page = Page {
        components: document.components.as_ref().unwrap_or(&none),
        codes: &Code::ALL,
    };
    let mut main = Html::default();
    main_part(&mut main, &page, document, facts)?;
    let mut html = Html::default();
    html.raw("<!doctype html>");
    html.element("html", &[("lang", "en")], |html| {
        html.element("head", &[], |html| head(html, document));
        html.element("body", &[], |html| {
            html.element("a", &[("class", "skip"), ("href", "#main")], |html| {
                html.text("Skip the contents");
            });
            html.element("nav", &[("aria-label", "Contents")], |html| {
                contents(html, document);
            });
            html.element("main", &[("id", "main")], |html| {
                html.raw(&main.finish());
            });
            html.element("script", &[], |html| {
                html.raw(FILTER);
            });
        });
    });
    Ok(WebPage::new(html.finish(), LOOK, FILTER))
}

fn head(html: &mut Html, document: &OpenApi) {
    html.raw("<meta charset=\"utf-8\">");
    html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    html.raw("<meta name=\"color-scheme\" content=\"light dark\">");
    html.raw("<link rel=\"icon\" href=\"data:,\">");
    html.of("title", &format!("{} API", document.info.title));
    html.element("style", &[], |html| {
        html.raw(LOOK);
    });
}

/// Operations of a tag, in the order of the document.
fn of_tag<'a>(
    document: &'a OpenApi,
    tag: &'a str,
) -> impl Iterator<Item = ((&'static str, &'a str), &'a Operation)> {
    let items = document.paths.paths.iter();
    let operations = items.flat_map(|(path, item)| {
        methods(item).map(move |(method, operation)| ((method, path.as_str()), operation))
    });
    operations.filter(move |(_, operation)| {
        let tags = operation.tags.as_deref().unwrap_or_default();
        tags.iter().any(|known| known == tag)
    })
}

fn methods(item: &PathItem) -> impl Iterator<Item = (&'static str, &Operation)> {
    let known = [("GET", &item.get), ("POST", &item.post)];
    known
        .into_iter()
        .filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
}

fn contents(html: &mut Html, document: &OpenApi) {
    html.element("p", &[("class", "name")], |html| {
        html.link("main", &document.info.title);
    });
    html.element("label", &[("hidden", ""), ("id", "find")], |html| {
        html.text("Filter ");
        html.raw("<input type=\"search\" autocomplete=\"off\" spellcheck=\"false\">");
    });
    for tag in document.tags.as_deref().unwrap_or_default() {
        html.element("p", &[("class", "tag")], |html| {
            html.text(&tag.name);
        });
        html.element("ul", &[], |html| {
            for ((method, path), operation) in of_tag(document, &tag.name) {
                let id = operation.operation_id.as_deref().unwrap_or_default();
                html.element("li", &[("data-of", id)], |html| {
                    let place = format!("#{id}");
                    let title = format!("{method} {path}");
                    html.element("a", &[("href", &place), ("title", &title)], |html| {
                        html.text(operation.summary.as_deref().unwrap_or(id));
                    });
                });
            }
        });
    }
    html.element("p", &[("class", "tag")], |html| {
        html.link("errors", "Error codes").text(" · ");
        html.link("schemas", "Schemas");
    });
}

fn main_part(
    html: &mut Html,
    page: &Page<'_>,
    document: &OpenApi,
    facts: fn(Code) -> CodeFacts,
) -> Result<(), serde_json::Error> {
    let info = &document.info;
    html.of("h1", &info.title);
    html.element("p", &[("class", "kind")], |html| {
        html.text("Version ").text(&info.version).text(" · ");
        html.element("a", &[("href", "openapi.json")], |html| {
            html.text("openapi.json");
        });
        html.text(" (OpenAPI 3.1)");
    });
    html.prose(info.description.as_deref().unwrap_or_default());
    for tag in document.tags.as_deref().unwrap_or_default() {
        html.element("h2", &[], |html| {
            html.text(&tag.name);
        });
        html.prose(tag.description.as_deref().unwrap_or_default());
        for (place, operation) in of_tag(document, &tag.name) {
            operation::article(html, page, place, operation)?;
        }
    }
    html.element("h2", &[("id", "errors")], |html| {
        html.text("Error codes");
    });
    errors::section(html, page, facts)?;
    html.element("h2", &[("id", "schemas")], |html| {
        html.text("Schemas");
    });
    for (name, shape) in &page.components.schemas {
        schema::section(html, name, shape);
    }
    Ok(())
}
