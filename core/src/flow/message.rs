//! The request that a step sends to the backend: where to, and what. Values travel as they are; how
//! text is encoded in a URL or a form is left to whoever writes HTTP.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::record::Flow;
use super::sources::resolve;
use crate::json::{Kind, Value, splice};
use crate::protocol::members::{Body, InvalidInput};
use crate::protocol::outcome::ANSWER_DEPTH_MAX;
use crate::protocol::step::{PathPiece, Sends, Source, Step};

/// The longest path and query that are sent, in bytes: what servers take in a request line.
pub const TARGET_BYTES_MAX: usize = 16 * 1024;

/// What a step sends. Its `Debug` form shows no content.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The path below the backend's base.
    pub path: Vec<PathPart>,
    /// What goes with it.
    pub payload: Payload,
}

/// A part of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathPart {
    /// To be sent as it is, slashes and percent-encoding included.
    Written(Arc<str>),
    /// A whole segment, to be encoded: never empty, `.` or `..`.
    Segment(String),
}

/// What goes with a call.
#[derive(Clone, PartialEq, Eq)]
pub enum Payload {
    /// A JSON object.
    Json(Bytes),
    /// Names and values, to be encoded as a form.
    Form(Vec<(String, String)>),
    /// Bytes, with the content type that they came with.
    Raw(Bytes),
    /// Names and values, to be encoded as a query.
    Query(Vec<(String, String)>),
}

/// What the step sends of this request: the request's own members, then what the definition
/// attaches, then what it adds unless sent.
///
/// # Errors
///
/// A value that cannot be written where the definition puts it: a path's segment, or a form's or
/// query's member, that is no scalar; a segment that is empty, `.` or `..`.
pub(super) fn compose(flow: &Flow, step: &Step, body: &Body<'_>) -> Result<Message, InvalidInput> {
    let payload = match step.sends() {
        Sends::Json => Payload::Json(json(flow, step, body)),
        Sends::Form => Payload::Form(pairs(flow, step, body)?),
        Sends::Raw => Payload::Raw(Bytes::copy_from_slice(body.bytes())),
        Sends::Query => Payload::Query(pairs(flow, step, body)?),
    };
    let path = step.path().pieces().iter().map(|piece| match piece {
        PathPiece::Written(text) => Ok(PathPart::Written(text.clone())),
        PathPiece::Value(source) => segment(flow, step, source).map(PathPart::Segment),
    });
    let message = Message {
        path: path.collect::<Result<_, _>>()?,
        payload,
    };
    let length = message.target_len();
    if length > TARGET_BYTES_MAX {
        return Err(InvalidInput::new(format!(
            "step '{}' would be called with a path and query of {length} bytes; at most {TARGET_BYTES_MAX} can be sent",
            step.name()
        )));
    }
    Ok(message)
}

/// The caller's own bytes with the added members spliced in.
fn json(flow: &Flow, step: &Step, body: &Body<'_>) -> Bytes {
    let added: Vec<(&str, Bytes)> = added(flow, step, body).collect();
    let added: Vec<(&str, &[u8])> = added
        .iter()
        .map(|(name, value)| (*name, value.as_ref()))
        .collect();
    Bytes::from(splice(body.bytes(), &added))
}

/// The members that the step adds to those that were sent. A source that resolves to nothing adds
/// nothing.
fn added<'s>(
    flow: &Flow,
    step: &'s Step,
    body: &Body<'_>,
) -> impl Iterator<Item = (&'s str, Bytes)> {
    let unsent = step
        .default()
        .iter()
        .filter(|(name, _)| body.member(name).is_none());
    let added = step.attach().iter().chain(unsent);
    added.filter_map(|(name, source)| Some((name.as_str(), resolve(flow, source, None)?)))
}

fn pairs(flow: &Flow, step: &Step, body: &Body<'_>) -> Result<Vec<(String, String)>, InvalidInput> {
    let mut pairs = Vec::new();
    let sent = body.object().members().into_iter().flatten();
    for (number, member) in (1..).zip(sent) {
        let pair = text(member.name()).zip(scalar(member.value()));
        // A request is never repeated in words of ours: its members are told by number.
        pairs.push(pair.ok_or_else(|| unwritable(&format!("member {number} of the body"), step))?);
    }
    for (name, value) in added(flow, step, body) {
        let value = Value::parse(&value, ANSWER_DEPTH_MAX).ok().and_then(scalar);
        let value = value.ok_or_else(|| {
            InvalidInput::new(format!(
                "step '{}' cannot be called: the value that this flow has for member '{name}' is an object, an array or no Unicode, which {} cannot hold",
                step.name(),
                carrier(step)
            ))
        })?;
        pairs.push((name.to_owned(), value));
    }
    Ok(pairs)
}

fn unwritable(what: &str, step: &Step) -> InvalidInput {
    InvalidInput::new(format!(
        "step '{}' sends {}, which {what} cannot stand in: send a string that is Unicode, a number, a boolean or null",
        step.name(),
        carrier(step)
    ))
}

fn carrier(step: &Step) -> &'static str {
    match step.sends() {
        Sends::Query => "a query",
        Sends::Json | Sends::Form | Sends::Raw => "a form",
    }
}

fn segment(flow: &Flow, step: &Step, source: &Source) -> Result<String, InvalidInput> {
    let value = resolve(flow, source, None);
    let value = value
        .as_ref()
        .and_then(|value| Value::parse(value, ANSWER_DEPTH_MAX).ok());
    let segment = value.filter(|value| value.kind() != Kind::Null);
    let segment = segment.and_then(scalar);
    let segment = segment.filter(|text| !matches!(text.as_str(), "" | "." | ".."));
    segment.ok_or_else(|| {
        InvalidInput::new(format!(
            "step '{}' cannot be called: a value that this flow has for its path {} is empty, \".\", \"..\", no Unicode, or no string, number or boolean",
            step.name(),
            step.path().text()
        ))
    })
}

/// A scalar in its JSON spelling, a string decoded; nothing for a container, nor for a string that
/// is not Unicode.
fn scalar(value: Value<'_>) -> Option<String> {
    match value.kind() {
        Kind::Object | Kind::Array => None,
        Kind::String => text(value.decoded_string()?),
        Kind::Number | Kind::True | Kind::False | Kind::Null => text(Cow::Borrowed(value.raw())),
    }
}

fn text(bytes: Cow<'_, [u8]>) -> Option<String> {
    String::from_utf8(bytes.into_owned()).ok()
}

impl Message {
    /// How many bytes path and query have once they are encoded.
    fn target_len(&self) -> usize {
        let path = self.path.iter().map(|part| match part {
            PathPart::Written(text) => text.len(),
            PathPart::Segment(text) => encoded_len(text),
        });
        let query = match &self.payload {
            Payload::Query(pairs) => pairs.as_slice(),
            Payload::Json(_) | Payload::Form(_) | Payload::Raw(_) => &[],
        };
        // A mark before each pair, and one within.
        let query = query
            .iter()
            .map(|(name, value)| encoded_len(name) + encoded_len(value) + 2);
        path.chain(query).sum()
    }
}

/// The length of a text of which all but unreserved characters (RFC 3986, section 2.3) are written
/// as `%XX`.
fn encoded_len(text: &str) -> usize {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let lengths = text
        .bytes()
        .map(|byte| if unreserved(byte) { 1 } else { 3 });
    lengths.sum()
}

impl Payload {
    /// How many bytes of values it holds.
    fn len(&self) -> usize {
        match self {
            Self::Json(bytes) | Self::Raw(bytes) => bytes.len(),
            Self::Form(pairs) | Self::Query(pairs) => pairs
                .iter()
                .map(|(name, value)| name.len() + value.len())
                .sum(),
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "message of {:?}", self.payload)
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} bytes", self.len())
    }
}
