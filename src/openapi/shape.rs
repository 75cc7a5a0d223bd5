//! Schemas in few words: what the document is made of, so that its parts read like tables.

use serde_json::Value;
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat,
    SchemaType, Type,
};
use utoipa::openapi::{Ref, RefOr};

/// A schema, or where it stands.
pub(super) type Shape = RefOr<Schema>;

/// Whether a member is always there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Always,
    Sometimes,
}

/// A member of an object: its name, when it is there, and what it is.
pub(super) type Member = (&'static str, Presence, Shape);

/// The schema of that name among the document's components.
pub(super) fn schema(name: &str) -> Shape {
    Ref::from_schema_name(name).into()
}

/// The same, with words of its own at this place.
pub(super) fn schema_as(name: &str, description: &str) -> Shape {
    let mut reference = Ref::from_schema_name(name);
    reference.description = description.to_owned();
    reference.into()
}

/// An object whose members are all told: another one would be news.
pub(super) fn closed(description: &str, members: impl IntoIterator<Item = Member>) -> Shape {
    object(description, members)
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .into()
}

/// An object that may have other members, of any kind.
pub(super) fn open(description: &str, members: impl IntoIterator<Item = Member>) -> Shape {
    object(description, members)
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .into()
}

/// An object with these members.
pub(super) fn object(
    description: &str,
    members: impl IntoIterator<Item = Member>,
) -> ObjectBuilder {
    let mut object = ObjectBuilder::new().schema_type(Type::Object);
    if !description.is_empty() {
        object = object.description(Some(description));
    }
    for (name, presence, shape) in members {
        object = object.property(name, shape);
        if presence == Presence::Always {
            object = object.required(name);
        }
    }
    object
}

/// Any text.
pub(super) fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
}

/// Text of these characters and lengths.
pub(super) fn pattern(description: &str, pattern: &str) -> ObjectBuilder {
    text(description).pattern(Some(pattern))
}

/// RFC 3339.
pub(super) fn time(description: &str) -> Shape {
    text(description)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .into()
}

/// One of these words.
pub(super) fn one_of<'a>(description: &str, words: impl IntoIterator<Item = &'a str>) -> Shape {
    text(description).enum_values(Some(words)).into()
}

/// This value and no other.
pub(super) fn exactly(kind: Type, value: impl Into<Value>) -> Shape {
    ObjectBuilder::new()
        .schema_type(kind)
        .enum_values(Some([value.into()]))
        .into()
}

/// A whole number.
pub(super) fn integer(description: &str, least: u32) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .description(Some(description))
        .minimum(Some(least))
}

/// A number that is not negative.
pub(super) fn number(description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Number)
        .description(Some(description))
        .minimum(Some(0_u32))
}

/// The status of an answer of the backend.
pub(super) fn status(description: &str) -> Shape {
    integer(description, 200).maximum(Some(599_u32)).into()
}

/// Yes or no.
pub(super) fn boolean(description: &str) -> Shape {
    ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .description(Some(description))
        .into()
}

/// Any JSON value.
pub(super) fn anything(description: &str) -> Shape {
    ObjectBuilder::new()
        .schema_type(SchemaType::AnyValue)
        .description(Some(description))
        .into()
}

/// Bytes in base64.
pub(super) fn base64(description: &str) -> Shape {
    text(description).content_encoding("base64").into()
}

/// A list.
pub(super) fn list(description: &str, of: impl Into<Shape>) -> ArrayBuilder {
    ArrayBuilder::new()
        .items(of.into())
        .description(Some(description))
}

/// A list of texts.
pub(super) fn texts(description: &str) -> Shape {
    list(description, ObjectBuilder::new().schema_type(Type::String)).into()
}
