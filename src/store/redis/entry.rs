//! What the index has of one flow, as one text: whether it still is what the flow's record says
//! is a comparison of texts.

use integrator_core::flow::time::Tick;

use super::fields;
use super::keys;
use crate::store::stored::Facts;

/// The text of a flow whose facts are kept as `facts`.
///
/// It begins with what is counted, where scripts read it.
pub(super) fn text(facts: &[u8], bytes: u64, start: Option<&str>) -> Vec<u8> {
    let terminal = fields::facts(facts, Tick(0)).is_some_and(|facts| facts.terminal);
    let start = start.unwrap_or("-");
    let mut text = format!("{bytes} {} {start} ", u8::from(terminal)).into_bytes();
    text.extend_from_slice(facts);
    text
}

/// A text that is taken apart.
pub(super) struct Entry {
    /// The digest of the start key that names the flow.
    pub(super) start: Option<String>,
    /// The facts, without a due time; none where they are damaged.
    pub(super) facts: Option<Facts>,
}

impl Entry {
    /// Of the text that the index has, or none of nothing.
    pub(super) fn of(text: &[u8]) -> Self {
        let mut parts = text.splitn(4, |byte| *byte == b' ').skip(2);
        let start = parts
            .next()
            .and_then(|start| std::str::from_utf8(start).ok());
        Self {
            start: start.filter(|start| *start != "-").map(str::to_owned),
            facts: parts.next().and_then(|facts| fields::facts(facts, Tick(0))),
        }
    }

    /// The sets that the flow is in.
    pub(super) fn sets(&self) -> Vec<String> {
        self.facts.as_ref().map(keys::sets).unwrap_or_default()
    }
}
