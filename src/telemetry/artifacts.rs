//! Lengths and digests of artifacts, for operators who ask for them; never the artifacts.

use std::borrow::Cow;
use std::fmt::Write;

use integrator_core::json::write_string;
use integrator_core::protocol::{Step, read_body};
use sha2::{Digest, Sha256};

/// `{"member":{"len":…,"sha256":"…"}}` for every member that the step neither remembers nor adds.
/// A string is measured decoded, in UTF-8 bytes; any other value as it is written.
pub(super) fn digests(step: &Step, body: &[u8]) -> Option<String> {
    let body = read_body(body).ok()?;
    let mut out = String::from("{");
    for member in body.object().members()? {
        let name = member.name();
        let Ok(name) = std::str::from_utf8(&name) else {
            continue;
        };
        if step.remember().iter().any(|remembered| remembered == name) {
            continue;
        }
        let value = member.value();
        let text = value.decoded_string().unwrap_or(Cow::Borrowed(value.raw()));
        if out.len() > 1 {
            out.push(',');
        }
        let mut quoted = Vec::new();
        write_string(&mut quoted, name);
        out.push_str(&String::from_utf8_lossy(&quoted));
        let digest = hex(&Sha256::digest(&text));
        // Writing to a String cannot fail.
        let _infallible = write!(out, ":{{\"len\":{},\"sha256\":\"{digest}\"}}", text.len());
    }
    out.push('}');
    Some(out)
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            let _infallible = write!(out, "{byte:02x}");
            out
        })
}
