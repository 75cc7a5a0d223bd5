//! Names: what they may look like, and which one was probably meant.

use super::limits::{MEMBER_BYTES_MAX, NAME_CHARS_MAX};

/// What a protocol's or step's name looks like.
pub const NAME_PATTERN: &str = "[a-z][a-z0-9-]{0,39}";
/// What a backend's name looks like.
pub(super) const WIDE_NAME_PATTERN: &str = "[a-z][a-z0-9_-]{0,39}";
/// What a state's name looks like: as authors of specifications write them.
pub const STATE_NAME_PATTERN: &str = "[A-Za-z][A-Za-z0-9_.-]{0,39}";

/// Whether a text is a protocol's or step's name.
#[must_use]
pub fn is_name(text: &str) -> bool {
    is_wide_name(text) && !text.contains('_')
}

/// Whether a text is a state's name.
#[must_use]
pub fn is_state_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    text.len() <= NAME_CHARS_MAX
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(inner)
}

/// Whether a text is a backend's name.
pub(super) fn is_wide_name(text: &str) -> bool {
    let inner = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
    text.len() <= NAME_CHARS_MAX
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(inner)
}

/// Whether a text may name a request or reply member.
pub(super) fn is_member_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= MEMBER_BYTES_MAX && !text.contains(char::is_control)
}

/// A text from a definition as messages quote it: escaped and not too long.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 60;
    let mut shown: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}

/// `did you mean "…"?` with a space before it, or nothing if no candidate is
/// near enough.
pub(super) fn did_you_mean<'c>(
    found: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> String {
    let near = candidates
        .into_iter()
        .filter(|candidate| *candidate != found)
        .map(|candidate| (distance(found, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 3)
        .min_by_key(|(distance, _)| *distance);
    near.map_or_else(String::new, |(_, name)| format!(" Did you mean {name:?}?"))
}

/// How many characters to insert, delete or replace to turn one into the other;
/// letter case counts for nothing.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.to_lowercase().chars().take(64).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, from) in left.to_lowercase().chars().take(64).enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        let mut next = vec![before];
        for (to, above) in right.iter().zip(row.iter().skip(1)) {
            let replaced = diagonal + usize::from(from != *to);
            before = replaced.min(above + 1).min(before + 1);
            diagonal = *above;
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// `"a", "b" and "c"`, for messages; of a long list only the beginning.
pub(super) fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    const SHOWN_MAX: usize = 16;
    let mut names: Vec<String> = names.into_iter().map(|name| format!("{name:?}")).collect();
    if names.len() > SHOWN_MAX {
        let more = names.len() - SHOWN_MAX;
        names.truncate(SHOWN_MAX);
        names.push(format!("{more} more"));
    }
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "none".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_their_pattern() {
        let longest = "a".repeat(40);
        for good in ["a", "app-attest", "a1-", longest.as_str()] {
            assert!(is_name(good), "{good}");
        }
        let too_long = "a".repeat(41);
        for bad in ["", "1a", "-a", "A", "a_b", "a b", "ä", too_long.as_str()] {
            assert!(!is_name(bad), "{bad}");
        }
        assert!(is_wide_name("hash_issued"));
    }

    #[test]
    fn the_nearest_name_is_suggested_and_a_far_one_is_not() {
        let known = ["from", "call", "require", "remember"];
        assert_eq!(did_you_mean("form", known), " Did you mean \"from\"?");
        assert_eq!(
            did_you_mean("requires", known),
            " Did you mean \"require\"?"
        );
        assert_eq!(did_you_mean("banana", known), "");
    }

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("same", "SAME"), 0);
    }
}
