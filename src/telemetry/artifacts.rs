//! Lengths and digests of artifacts, for operators who ask for them; never the artifacts.

use std::borrow::Cow;
use std::fmt::Write;

use integrator_core::protocol::{Step, read_body};
use sha2::{Digest, Sha256};

use super::escape;

/// How many members one log line tells of.
const MAX_MEMBERS: usize = 32;
/// The longest name that is told, in bytes; members with longer ones are passed over.
const MAX_NAME_BYTES: usize = 128;

/// `{"member":{"len":…,"sha256":"…"}}` for every member that the step neither remembers nor adds.
/// A string is measured decoded, in UTF-8 bytes; any other value as it is written.
pub(super) fn digests(step: &Step, body: &[u8]) -> Option<String> {
    let body = read_body(body).ok()?;
    let mut out = String::from("{");
    let mut told = 0;
    for member in body.object().members()? {
        let name = member.name();
        let Ok(name) = std::str::from_utf8(&name) else {
            continue;
        };
        let is_remembered = step.remember().iter().any(|remembered| remembered == name);
        if is_remembered || name.len() > MAX_NAME_BYTES || told == MAX_MEMBERS {
            continue;
        }
        told += 1;
        let value = member.value();
        let text = value.decoded_string().unwrap_or(Cow::Borrowed(value.raw()));
        if out.len() > 1 {
            out.push(',');
        }
        escape::json(&mut out, name);
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

#[cfg(test)]
mod tests {
    use integrator_core::protocol::compile;

    use super::*;

    fn told(body: &str) -> String {
        let text = include_str!("../../config/protocols/app-attest.toml");
        let protocol = compile("app-attest.toml", text, "digest").unwrap().protocol;
        digests(protocol.start(), body.as_bytes()).unwrap()
    }

    #[test]
    fn an_artifact_is_told_by_its_decoded_length_and_digest_and_a_remembered_member_not_at_all() {
        assert_eq!(
            told(r#"{"keyID_base64":"key","attestationObject_base64":"\u0061bc"}"#),
            "{\"attestationObject_base64\":{\"len\":3,\"sha256\":\
             \"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}}"
        );
    }

    #[test]
    fn however_many_members_a_body_has_and_however_long_their_names_the_line_stays_short() {
        let many: Vec<String> = (0..5000).map(|number| format!("\"m{number}\":1")).collect();
        assert_eq!(
            told(&format!("{{{}}}", many.join(",")))
                .matches("len")
                .count(),
            MAX_MEMBERS
        );
        assert_eq!(
            told(&format!("{{\"{}\":1}}", "n".repeat(MAX_NAME_BYTES + 1))),
            "{}"
        );
    }
}
