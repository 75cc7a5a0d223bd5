//! Adding members to an object without touching what it already says.

use super::text::write_string;
use super::walk::skip_space;

/// Adds members before the closing brace of a checked object.
///
/// Every byte that was there stays as it was, white space included; with
/// nothing to add the result is the same bytes. Empty input counts as `{}`.
/// Names are written as JSON strings, values (JSON text) as they are. Whether
/// a name already stands in the object is the caller's to know. Text that has
/// no closing brace is returned as it is.
#[must_use]
pub fn splice(object: &[u8], added: &[(&str, &[u8])]) -> Vec<u8> {
    let object = if object.is_empty() { b"{}" } else { object };
    let Some(brace) = object.iter().rposition(|byte| *byte == b'}') else {
        return object.to_vec();
    };
    let (head, tail) = object.split_at(brace);
    let mut out = Vec::with_capacity(object.len() + added_len(added));
    out.extend_from_slice(head);
    let mut comma = !is_empty_head(head);
    for (name, value) in added {
        if core::mem::replace(&mut comma, true) {
            out.push(b',');
        }
        write_string(&mut out, name);
        out.push(b':');
        out.extend_from_slice(value);
    }
    out.extend_from_slice(tail);
    out
}

/// Whether what stands before the closing brace is the opening one alone.
fn is_empty_head(head: &[u8]) -> bool {
    let brace = skip_space(head, 0);
    skip_space(head, brace + 1) >= head.len()
}

/// About how many bytes the added members take: quotes, colon and comma too.
fn added_len(added: &[(&str, &[u8])]) -> usize {
    let lengths = added
        .iter()
        .map(|(name, value)| name.len() + value.len() + 4);
    lengths.sum()
}
