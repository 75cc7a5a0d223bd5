//! The fields of a flow, as bytes and back. Whatever cannot be what it claims to be is told with
//! the place where it stands.

use std::fmt::Write as _;

use bytes::Bytes;
use integrator_core::flow::ids::{AttemptId, FlowHandle};
use integrator_core::flow::time::Tick;
use serde::{Deserialize, Serialize};

use crate::store::operations::StoreError;
use crate::store::records::{Answer, Head, Row, Sealed};
use crate::store::stored::{Facts, LookupKey};

/// A field's name and value.
pub(super) type Field = (String, Vec<u8>);

/// An error about what is stored of a flow.
pub(super) fn unreadable(handle: &FlowHandle, what: &str, reason: &str) -> StoreError {
    StoreError::Unreadable {
        coordinates: format!("the {what} of flow {} in the redis store", handle.as_str()),
        reason: reason.to_owned(),
    }
}

/// The head and facts of a flow.
pub(super) fn of_row(row: &Row) -> Vec<Field> {
    let Sealed { schema, text, seal } = &row.head.sealed;
    vec![
        ("v".to_owned(), row.head.version.to_string().into()),
        ("s".to_owned(), schema.to_string().into()),
        ("t".to_owned(), text.as_bytes().to_vec()),
        ("x".to_owned(), seal.to_vec()),
        ("c".to_owned(), row.claim.clone().unwrap_or_default().into()),
        ("d".to_owned(), row.facts.due.0.to_string().into()),
        ("f".to_owned(), facts_text(&row.facts).into()),
    ]
}

/// An answer: what is kept beside its body, which begins with the bytes that it counts, and the
/// body.
pub(super) fn of_answer(answer: &Answer) -> [Field; 2] {
    let Sealed { schema, text, seal } = &answer.sealed;
    let kept = format!("{} {schema} {} {text}", answer.bytes, hex(seal));
    [
        (answer_field(&answer.attempt), kept.into()),
        (body_field(&answer.attempt), answer.body.to_vec()),
    ]
}

/// The field that holds an answer's head.
pub(super) fn answer_field(attempt: &AttemptId) -> String {
    format!("a:{}", attempt.as_str())
}

/// The field that holds an answer's body.
pub(super) fn body_field(attempt: &AttemptId) -> String {
    format!("o:{}", attempt.as_str())
}

/// A head from its fields `v`, `s`, `t` and `x`; none where none of them is there.
pub(super) fn head(
    handle: &FlowHandle,
    [version, schema, text, seal]: [Option<Vec<u8>>; 4],
) -> Result<Option<Head>, StoreError> {
    let damaged = |what: &str| unreadable(handle, "record", &format!("its {what} is damaged"));
    if [&version, &schema, &text, &seal]
        .iter()
        .all(|field| field.is_none())
    {
        return Ok(None);
    }
    let version: Option<u64> = version.as_deref().and_then(number);
    let schema: Option<u16> = schema.as_deref().and_then(number);
    let text = text.and_then(|text| String::from_utf8(text).ok());
    let seal = seal.and_then(|seal| <[u8; 32]>::try_from(seal).ok());
    Ok(Some(Head {
        version: version.ok_or_else(|| damaged("version (field v)"))?,
        sealed: Sealed {
            schema: schema.ok_or_else(|| damaged("schema (field s)"))?,
            text: text.ok_or_else(|| damaged("text (field t)"))?,
            seal: seal.ok_or_else(|| damaged("seal (field x)"))?,
        },
    }))
}

/// An answer from its two fields.
pub(super) fn answer(
    handle: &FlowHandle,
    attempt: &AttemptId,
    kept: &[u8],
    body: Option<Vec<u8>>,
) -> Result<Answer, StoreError> {
    let what = format!("answer to attempt {}", attempt.as_str());
    let read = || {
        let mut parts = std::str::from_utf8(kept).ok()?.splitn(4, ' ');
        let bytes = parts.next()?.parse().ok()?;
        let schema = parts.next()?.parse().ok()?;
        let seal = unhex(parts.next()?)?;
        let text = parts.next()?.to_owned();
        Some((bytes, Sealed { schema, text, seal }))
    };
    let (bytes, sealed) =
        read().ok_or_else(|| unreadable(handle, &what, "what is kept beside it is damaged"))?;
    let body = body.ok_or_else(|| unreadable(handle, &what, "its body is missing"))?;
    Ok(Answer {
        attempt: attempt.clone(),
        sealed,
        body: Bytes::from(body),
        bytes,
    })
}

/// Facts as they are kept, but for the due time, which changes more often than the rest.
#[derive(Serialize, Deserialize)]
struct KeptFacts<'a> {
    protocol: &'a str,
    state: &'a str,
    terminal: bool,
    issued: i64,
    correlation: String,
    flow: Option<String>,
    run: Option<String>,
}

/// Facts without the due time, as text.
pub(super) fn facts_text(facts: &Facts) -> String {
    let kept = KeptFacts {
        protocol: &facts.protocol,
        state: &facts.state,
        terminal: facts.terminal,
        issued: facts.issued_ms,
        correlation: facts.correlation_id.as_ref().to_owned(),
        flow: facts.flow_id.map(|id| hex(&id.0)),
        run: facts.verify_run_id.map(|id| hex(&id.0)),
    };
    // A struct of texts and numbers always has a JSON form.
    serde_json::to_string(&kept).unwrap_or_default()
}

/// The facts of a text, with this due time; none where the text is damaged.
pub(super) fn facts(text: &[u8], due: Tick) -> Option<Facts> {
    let kept: KeptFacts<'_> = serde_json::from_slice(text).ok()?;
    let key = |hex: Option<String>| match hex {
        Some(hex) => unhex(&hex).map(|key| Some(LookupKey(key))),
        None => Some(None),
    };
    Some(Facts {
        due,
        protocol: kept.protocol.into(),
        state: kept.state.into(),
        terminal: kept.terminal,
        issued_ms: kept.issued,
        correlation_id: kept.correlation.into(),
        flow_id: key(kept.flow)?,
        verify_run_id: key(kept.run)?,
    })
}

/// A number in decimal digits.
pub(super) fn number<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Bytes in hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

fn unhex(digits: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}
