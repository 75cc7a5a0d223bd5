//! The backend's bytes inside a body of ours: its JSON as it is, anything else in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use integrator_core::json::Value;
use integrator_core::protocol::outcome::ANSWER_DEPTH_MAX;

use super::json::ObjectWriter;

/// Adds `backend`, or `backend_base64` with at most `most` bytes where `body` is not JSON. What
/// the answer says of itself in its headers is not asked.
pub(super) fn write_backend(object: &mut ObjectWriter, body: &[u8], most: usize) {
    match Value::parse(body, ANSWER_DEPTH_MAX) {
        Ok(value) => object.raw("backend", value.raw()),
        Err(_) => {
            let shown = body.get(..most).unwrap_or(body);
            object.string("backend_base64", &STANDARD.encode(shown))
        }
    };
}

/// The same for an event stream, which has no carriage returns: an answer that is broken into lines
/// with them is told in base64, so that every byte of it arrives.
pub(super) fn write_backend_in_lines(object: &mut ObjectWriter, body: &[u8]) {
    match Value::parse(body, ANSWER_DEPTH_MAX) {
        Ok(value) if !value.raw().contains(&b'\r') => object.raw("backend", value.raw()),
        Ok(_) | Err(_) => object.string("backend_base64", &STANDARD.encode(body)),
    };
}
