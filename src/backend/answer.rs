//! Reading an answer whole, or not at all.

use bytes::{Bytes, BytesMut};
use integrator_core::flow::answer::WholeAnswer;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use reqwest::{Response, StatusCode};

use super::error::CallError;

/// Largest body that is taken, in bytes.
pub const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// Reads `response` to its end.
///
/// # Errors
///
/// A [`CallError`] where the answer is not a final one, is not framed so that its end can be
/// known (RFC 9112 section 6), is too large, or breaks off.
pub(super) async fn read_whole(mut response: Response) -> Result<WholeAnswer, CallError> {
    let status = response.status().as_u16();
    if !(200..=599).contains(&status) {
        return Err(CallError::unreadable(&format!(
            "the backend answered with status {status}"
        )));
    }
    if !is_framed(&response) {
        return Err(CallError::unreadable(
            "the backend's answer is framed neither by Content-Length nor by chunked encoding alone: its end is unknown",
        ));
    }
    let content_type = response.headers().get(CONTENT_TYPE);
    let content_type = content_type.map(|value| Bytes::copy_from_slice(value.as_bytes()));
    let mut body = BytesMut::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| CallError::classify(&error))?
    {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(CallError::unreadable(
                "the backend's answer is larger than 1 MiB",
            ));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(WholeAnswer {
        status,
        content_type,
        body: body.freeze(),
    })
}

/// A transfer coding other than `chunked` alone would have to be undone before the body could be
/// kept as it was meant, and one that does not end in `chunked` hides the end of the body.
fn is_framed(response: &Response) -> bool {
    let bodiless = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&response.status());
    let headers = response.headers();
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        _ if bodiless => true,
        (None, _) => headers.contains_key(CONTENT_LENGTH),
        (Some(coding), None) => coding
            .as_bytes()
            .trim_ascii()
            .eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
}
