//! The named schemas: what their members are.

use utoipa::openapi::schema::Object;
use utoipa::openapi::{RefOr, Schema};

use super::html::Html;
use super::kind::{description, kind};

/// Writes the section of a schema.
pub(super) fn section(html: &mut Html, name: &str, shape: &RefOr<Schema>) {
    html.element("article", &[("id", &format!("schema-{name}"))], |html| {
        html.of("h3", name);
        html.prose(description(shape));
        match shape {
            RefOr::T(Schema::Object(object)) if !object.properties.is_empty() => {
                members(html, object);
            }
            shape => {
                html.element("p", &[("class", "kind")], |html| kind(html, shape));
            }
        }
    });
}

fn members(html: &mut Html, object: &Object) {
    html.table(&["member", "is", "meaning"], |html| {
        for (name, shape) in &object.properties {
            html.row(&[
                &|html| {
                    html.of("code", name);
                    if !object.required.contains(name) {
                        html.text(" ").of("small", "where it applies");
                    }
                },
                &|html| kind(html, shape),
                &|html| {
                    html.line(description(shape));
                },
            ]);
        }
    });
}
