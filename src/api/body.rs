//! Reading a request's body whole, within its bounds.

use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, EXPECT};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::time::timeout;

use super::problem::Problem;
use crate::orchestrator::code::Code;

/// Largest body that is taken, in bytes.
pub const MAX_BODY_BYTES: usize = 256 * 1024;
/// How long a body may take to arrive.
pub const BODY_DEADLINE: Duration = Duration::from_secs(30);
/// How much of a body that is too large is read and thrown away, so that a client which sends
/// before it listens still gets to read the refusal.
const DISCARDED_BYTES: usize = 4 * 1024 * 1024;
/// How long that is waited for.
const DISCARD_DEADLINE: Duration = Duration::from_secs(2);

/// The body, whole.
pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let read = timeout(BODY_DEADLINE, read_bounded(headers, body)).await;
    read.unwrap_or_else(|_| {
        let detail = "the body did not arrive within 30 s";
        Err(Problem::new(Code::RequestTimeout, detail).closing())
    })
}

async fn read_bounded(headers: &HeaderMap, mut body: Body) -> Result<Bytes, Problem> {
    if announced(headers).is_some_and(|length| length > MAX_BODY_BYTES as u64) {
        return Err(too_large(headers, body).await);
    }
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            let detail = "the body broke off before its end";
            return Err(Problem::new(Code::InvalidInput, detail).closing());
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > MAX_BODY_BYTES {
            return Err(too_large(headers, body).await);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Refuses the body. A client that sends before it listens would lose the refusal with its
/// connection, so what it sends is thrown away first, within bounds; one that waits to be asked
/// for its body is told at once.
async fn too_large(headers: &HeaderMap, body: Body) -> Problem {
    let detail = format!("the body is larger than {MAX_BODY_BYTES} bytes");
    let problem = Problem::new(Code::PayloadTooLarge, detail);
    let ended = !headers.contains_key(EXPECT)
        && timeout(DISCARD_DEADLINE, discard(body))
            .await
            .unwrap_or(false);
    if ended { problem } else { problem.closing() }
}

/// Reads on and keeps nothing; tells whether the end was reached.
async fn discard(mut body: Body) -> bool {
    let mut discarded = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return false;
        };
        discarded = discarded.saturating_add(frame.data_ref().map_or(0, Bytes::len));
        if discarded > DISCARDED_BYTES {
            return false;
        }
    }
    true
}
