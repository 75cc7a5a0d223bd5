//! `GET /v1/flows`: flows by what an operator knows of them.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use integrator_core::flow::ids::FlowHandle;
use integrator_core::protocol::duration;
use integrator_core::protocol::name::{NAME_PATTERN, STATE_NAME_PATTERN, is_name, is_state_name};
use jiff::Timestamp;

use super::Api;
use super::headers::is_correlation_id;
use super::json::{ObjectWriter, array};
use super::observation::observation;
use super::problem::Problem;
use super::query::{Parameters, refused};
use crate::orchestrator::{Page, Position, SearchOrder};

/// Parameters that a search knows.
const KNOWN: [&str; 8] = [
    "state",
    "protocol",
    "flowID",
    "correlationID",
    "verifyRunID",
    "olderThan",
    "limit",
    "cursor",
];
/// Flows of a page, unless the caller says otherwise, and the most that may be asked for.
const LIMIT: usize = 100;
const MOST: usize = 1000;

/// `GET /v1/flows`
pub(super) async fn search(
    State(api): State<Api>,
    RawQuery(raw): RawQuery,
) -> Result<Response<Body>, Problem> {
    api.admits_work()?;
    let order = order(raw.as_deref())?;
    let page = api.orchestrator.search(&order).await?;
    let mut response = Response::new(Body::from(written(&page)));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

fn order(raw: Option<&str>) -> Result<SearchOrder, Problem> {
    let given = Parameters::read(raw, &KNOWN)?;
    Ok(SearchOrder {
        state: text(&given, "state", is_state_name, &named(STATE_NAME_PATTERN))?,
        protocol: text(&given, "protocol", is_name, &named(NAME_PATTERN))?,
        flow_id: id(&given, "flowID")?,
        correlation_id: text(
            &given,
            "correlationID",
            is_correlation_id,
            "must be 1 to 128 visible ASCII characters",
        )?,
        verify_run_id: id(&given, "verifyRunID")?,
        older_than: match given.text("olderThan")? {
            None => None,
            Some(age) => Some(
                duration::parse(age)
                    .map_err(|error| refused("olderThan", &format!("is no duration: {error}")))?,
            ),
        },
        limit: limit(&given)?,
        after: match given.text("cursor")? {
            None => None,
            Some(cursor) => Some(position(cursor).ok_or_else(|| {
                let why = "cannot be read: send the nextCursor of a page, unchanged, or none";
                refused("cursor", why)
            })?),
        },
    })
}

fn named(pattern: &str) -> String {
    format!("must be a name, {pattern}")
}

fn text(
    given: &Parameters<'_>,
    name: &str,
    is_one: impl Fn(&str) -> bool,
    otherwise: &str,
) -> Result<Option<Arc<str>>, Problem> {
    match given.text(name)? {
        None => Ok(None),
        Some(text) if is_one(text) => Ok(Some(text.into())),
        Some(_) => Err(refused(name, otherwise)),
    }
}

/// The backend's and callers' ids are any text, lone surrogates included, so they are bytes here.
fn id(given: &Parameters<'_>, name: &str) -> Result<Option<Vec<u8>>, Problem> {
    match given.bytes(name) {
        Some(b"") => Err(refused(name, "is empty")),
        id => Ok(id.map(<[u8]>::to_vec)),
    }
}

fn limit(given: &Parameters<'_>) -> Result<usize, Problem> {
    let Some(text) = given.text("limit")? else {
        return Ok(LIMIT);
    };
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let limit = text.parse().ok().filter(|_| is_number);
    limit
        .filter(|limit| (1..=MOST).contains(limit))
        .ok_or_else(|| refused("limit", &format!("must be a number from 1 to {MOST}")))
}

fn written(page: &Page) -> Bytes {
    let flows = page.flows.iter().map(|seen| observation(seen).to_vec());
    let mut object = ObjectWriter::new();
    object.raw("flows", &array(flows));
    if let Some(next) = &page.next {
        object.string("nextCursor", &cursor(next));
    }
    object.into_bytes()
}

/// A position as callers carry it. What it is made of is nobody's business but ours.
fn cursor(position: &Position) -> String {
    let Position { issued_ms, handle } = position;
    URL_SAFE_NO_PAD.encode(format!("{issued_ms}.{}", handle.as_str()))
}

fn position(text: &str) -> Option<Position> {
    let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let (issued, handle) = plain.split_once('.')?;
    let issued = Timestamp::from_millisecond(issued.parse().ok()?).ok()?;
    let position = Position {
        issued_ms: issued.as_millisecond(),
        handle: FlowHandle::parse(handle)?,
    };
    (cursor(&position) == text).then_some(position)
}
