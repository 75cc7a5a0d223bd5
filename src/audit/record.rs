//! A record's bytes. It is one line of JSON; its last member is the hash of every byte that stands
//! before that member, and its last but one the hash of the record before it.

use integrator_core::json::{Kind, Value};
use jiff::Timestamp;

use super::entry::Entry;
use super::hash::{DIGITS, Hash};
use super::head::Head;

/// The longest line that is a record, its end not counted.
pub(super) const LINE_MAX: usize = 64 * 1024;
/// Containers that a record may have open at once.
const DEPTH_MAX: usize = 4;

const SEQ: &[u8] = b"{\"seq\":";
const PREV: &[u8] = b",\"prev\":\"";
const HASH: &[u8] = b",\"hash\":\"";
const END: &[u8] = b"\"}";

/// A record that was read, its own hash checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    /// Its number.
    pub(super) seq: u64,
    /// Its hash.
    pub(super) hash: Hash,
    /// The hash of the record before it.
    pub(super) prev: Hash,
    value: Value<'a>,
}

/// Why a line is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It does not look like one.
    Shape,
    /// Its hash does not fit its bytes; the number that it gives itself.
    Hash(u64),
}

/// Appends the record of `entry` that follows `after`, and tells where the chain then stands.
pub(super) fn write(out: &mut Vec<u8>, after: &Head, entry: &Entry) -> Head {
    let begin = out.len();
    let seq = after.seq.saturating_add(1);
    out.extend_from_slice(SEQ);
    out.extend_from_slice(seq.to_string().as_bytes());
    out.extend_from_slice(b",\"at\":\"");
    out.extend_from_slice(time(entry.at()).as_bytes());
    out.extend_from_slice(b"\",\"kind\":\"");
    out.extend_from_slice(entry.kind().as_bytes());
    out.push(b'"');
    out.extend_from_slice(entry.members());
    out.extend_from_slice(PREV);
    out.extend_from_slice(after.hash.to_string().as_bytes());
    out.push(b'"');
    let hash = Hash::of(out.get(begin..).unwrap_or_default());
    out.extend_from_slice(HASH);
    out.extend_from_slice(hash.to_string().as_bytes());
    out.extend_from_slice(END);
    out.push(b'\n');
    Head { seq, hash }
}

/// Reads a line without its end.
pub(super) fn read(line: &[u8]) -> Result<Record<'_>, Unread> {
    let (sealed, hash) = last_hash(line.strip_suffix(END), HASH)?;
    let (told, prev) = last_hash(sealed.strip_suffix(b"\""), PREV)?;
    let seq = number(told.strip_prefix(SEQ).ok_or(Unread::Shape)?)?;
    if Hash::of(sealed) != hash {
        return Err(Unread::Hash(seq));
    }
    let value = Value::parse(line, DEPTH_MAX).map_err(|_| Unread::Shape)?;
    if value.kind() != Kind::Object {
        return Err(Unread::Shape);
    }
    Ok(Record {
        seq,
        hash,
        prev,
        value,
    })
}

/// What stands before the member `name`, and the hash that is its value and ends the text.
fn last_hash<'a>(text: Option<&'a [u8]>, name: &[u8]) -> Result<(&'a [u8], Hash), Unread> {
    let cut = |text: &'a [u8]| {
        let (before, digits) = text.split_at_checked(text.len().checked_sub(DIGITS)?)?;
        Some((before.strip_suffix(name)?, Hash::parse(digits)?))
    };
    text.and_then(cut).ok_or(Unread::Shape)
}

/// The number that the text begins with.
fn number(text: &[u8]) -> Result<u64, Unread> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let digits = text
        .get(..length)
        .and_then(|digits| str::from_utf8(digits).ok());
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or(Unread::Shape)
}

impl Record<'_> {
    /// A member that is a string, decoded.
    pub(super) fn string(&self, name: &str) -> Option<String> {
        let decoded = self.member(name)?.decoded_string()?;
        Some(String::from_utf8_lossy(&decoded).into_owned())
    }

    /// A member that is a whole number.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        str::from_utf8(self.member(name)?.raw()).ok()?.parse().ok()
    }

    fn member(&self, name: &str) -> Option<Value<'_>> {
        let mut members = self.value.members()?;
        let member = members.find(|member| *member.name() == *name.as_bytes());
        member.map(|member| member.value())
    }
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
