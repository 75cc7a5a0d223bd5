//! What a value may be, in a few words.

use utoipa::openapi::schema::{ArrayItems, Object, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};

use super::html::Html;

/// Writes what a value may be: its type, its bounds, or where it is told.
pub(super) fn kind(html: &mut Html, shape: &RefOr<Schema>) {
    match shape {
        RefOr::Ref(reference) => {
            let name = last(&reference.ref_location);
            html.link(&format!("schema-{name}"), name);
        }
        RefOr::T(Schema::Object(object)) => of_object(html, object),
        RefOr::T(Schema::Array(array)) => {
            html.text("list of ");
            match &array.items {
                ArrayItems::RefOrSchema(items) => kind(html, items),
                ArrayItems::False => {
                    html.text("nothing");
                }
            }
        }
        RefOr::T(Schema::OneOf(choice)) => joined(html, &choice.items, " or "),
        RefOr::T(Schema::AnyOf(choice)) => joined(html, &choice.items, " or "),
        RefOr::T(Schema::AllOf(all)) => joined(html, &all.items, " and "),
        // The model may grow kinds that this document does not use.
        RefOr::T(_) => {
            html.text("any value");
        }
    }
}

/// The words that stand beside a value: those at its place, or its own.
pub(super) fn description(shape: &RefOr<Schema>) -> &str {
    match shape {
        RefOr::Ref(reference) => &reference.description,
        RefOr::T(Schema::Object(object)) => object.description.as_deref().unwrap_or_default(),
        RefOr::T(Schema::Array(array)) => array.description.as_deref().unwrap_or_default(),
        RefOr::T(Schema::AllOf(all)) => all.description.as_deref().unwrap_or_default(),
        RefOr::T(_) => "",
    }
}

/// The last part of a reference.
pub(super) fn last(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

fn joined(html: &mut Html, shapes: &[RefOr<Schema>], between: &str) {
    for (number, shape) in shapes.iter().enumerate() {
        if number > 0 {
            html.text(between);
        }
        kind(html, shape);
    }
}

fn of_object(html: &mut Html, object: &Object) {
    if let Some(values) = &object.enum_values {
        for (number, value) in values.iter().enumerate() {
            if number > 0 {
                html.text(", ");
            }
            let word = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            html.of("code", &word);
        }
        return;
    }
    html.text(match &object.schema_type {
        SchemaType::Type(Type::Object) => "object",
        SchemaType::Type(Type::String) => text_kind(object),
        SchemaType::Type(Type::Integer) => "integer",
        SchemaType::Type(Type::Number) => "number",
        SchemaType::Type(Type::Boolean) => "true or false",
        SchemaType::Type(Type::Array) => "list",
        SchemaType::Type(Type::Null) => "null",
        SchemaType::Array(_) | SchemaType::AnyValue => "any value",
    });
    if let Some(pattern) = &object.pattern {
        html.text(" ").of("code", pattern);
    }
    bounds(html, object);
}

fn text_kind(object: &Object) -> &'static str {
    match (&object.format, object.content_encoding.as_str()) {
        (Some(_), _) => "text, RFC 3339",
        (None, "base64") => "text, base64",
        (None, _) => "text",
    }
}

fn bounds(html: &mut Html, object: &Object) {
    let number = |bound: &Option<utoipa::Number>| {
        let bound = serde_json::to_value(bound).ok()?.as_f64()?;
        Some(bound.to_string())
    };
    match (number(&object.minimum), number(&object.maximum)) {
        (Some(least), Some(most)) => html.text(&format!(", {least} to {most}")),
        (Some(least), None) => html.text(&format!(", at least {least}")),
        (None, Some(most)) => html.text(&format!(", at most {most}")),
        (None, None) => html,
    };
    if let Some(default) = &object.default {
        html.text(", else ").of("code", &default.to_string());
    }
}
