//! What people read: ages, whose fault something is, and texts of others that cannot harm a
//! terminal.

use jiff::Timestamp;

/// A text in which nothing commands a terminal or turns the direction of what follows.
pub(super) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || turns_text(character) {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

/// The same, line by line, each behind `indent`.
pub(super) fn block(text: &str, indent: &str) -> String {
    text.lines()
        .map(|line| format!("{indent}{}\n", clean(&line.replace('\t', "    "))))
        .collect()
}

fn turns_text(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}

/// A span of seconds in the largest unit that it has, and the next smaller one.
pub(super) fn span(seconds: i64) -> String {
    let seconds = seconds.unsigned_abs();
    let (large, small) = match seconds {
        0..60 => return format!("{seconds} s"),
        60..3600 => ((seconds / 60, "min"), (seconds % 60, "s")),
        3600..86_400 => ((seconds / 3600, "h"), (seconds % 3600 / 60, "min")),
        _ => ((seconds / 86_400, "d"), (seconds % 86_400 / 3600, "h")),
    };
    match small {
        (0, _) => format!("{} {}", large.0, large.1),
        (rest, unit) => format!("{} {} {rest} {unit}", large.0, large.1),
    }
}

/// How long ago something was.
pub(super) fn age(then: Timestamp, now: Timestamp) -> String {
    span((now.as_second() - then.as_second()).max(0))
}

/// In how long something will be, or how long ago it was.
pub(super) fn until(then: Timestamp, now: Timestamp) -> String {
    let seconds = then.as_second() - now.as_second();
    if seconds >= 0 {
        format!("in {}", span(seconds))
    } else {
        format!("{} ago", span(seconds))
    }
}

/// Who is at fault for an attempt that got no recorded answer, and why.
pub(super) fn fault(code: &str, outcome: Option<&str>) -> &'static str {
    match (code, outcome) {
        ("backend_unavailable", Some("not_sent")) => {
            "the backend, or the way there: no connection. Nothing was sent; a retry is safe."
        }
        ("backend_timeout", Some("not_sent")) => {
            "the backend, or the way there: no connection in time. Nothing was sent; a retry is safe."
        }
        ("backend_unavailable", _) => {
            "the backend: it took the request and broke off. It may have acted."
        }
        ("backend_timeout", _) => "the backend: no whole answer in time. It may have acted.",
        ("backend_error", _) => {
            "the backend, or what the client sent it: an answer that is no success. 5xx is its \
             trouble, 4xx its opinion of the request."
        }
        ("backend_unclassified", _) => {
            "the contract between backend and definition: a success that the definition cannot place."
        }
        ("store_unavailable", _) => "the integrator's store: it did not answer.",
        ("shutting_down", _) => {
            "nobody: an instance was stopped during the call. The backend may have acted."
        }
        ("outcome_unknown", _) => {
            "the integrator: the instance that called was lost. The backend may have acted."
        }
        ("expired", _) => "time: the flow ended while the call was under way.",
        ("sequence_violation" | "terminal_state" | "invalid_input", _) => {
            "the client: it asked for what the flow does not take."
        }
        _ => "see docs/OPERATIONS.md, who is at fault.",
    }
}

/// What an ended flow says of itself, beyond its state's name.
pub(super) fn ending(state: &str, attempts: usize) -> Option<&'static str> {
    match (state, attempts) {
        ("expired", 0) => Some(
            "time, or an operator: no next step came, and no call failed. The client went away, or \
             the flow was ended by hand.",
        ),
        ("expired", _) => Some("time: the deadline came. The attempts that failed are below."),
        ("error", _) => Some(
            "the contract between backend and definition: a success that the definition cannot \
             place.",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_others_wrote_commands_the_terminal() {
        let hostile = "a\u{1b}[2Jb\r\n\u{7f}\u{9b}c\u{202e}d\u{feff}é";
        assert_eq!(
            clean(hostile),
            "a\\u{1b}[2Jb\\r\\n\\u{7f}\\u{9b}c\\u{202e}d\\u{feff}é"
        );
        assert_eq!(
            block("{\n\t\"a\":\r1\n}", "  "),
            "  {\n      \"a\":\\r1\n  }\n"
        );
    }

    #[test]
    fn spans_are_told_in_their_largest_units() {
        let told = [0, 59, 61, 600, 3661, 90_000].map(span);
        assert_eq!(
            told,
            ["0 s", "59 s", "1 min 1 s", "10 min", "1 h 1 min", "1 d 1 h"]
        );
    }
}
