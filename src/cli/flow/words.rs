//! What people read: ages, whose fault something is, and texts of others that cannot harm a
//! terminal.

use std::cmp::Ordering;

use jiff::Timestamp;

use super::seen::Seen;
use crate::printable::commands;

/// A text in which nothing commands a terminal or turns the direction of what follows.
pub(super) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if commands(character) {
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

/// Who is at fault for an attempt that got no recorded answer, and why: as the table of
/// docs/OPERATIONS.md names them.
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
        ("store_unavailable", _) => "the store: it did not take the claim or the answer.",
        ("shutting_down", _) => {
            "nobody: an instance was stopped during the call. The backend may have acted."
        }
        ("outcome_unknown", _) => {
            "the integrator: the instance that called was lost. The backend may have acted."
        }
        ("expired", _) => "time: the flow ended while the call was under way.",
        _ => "see docs/OPERATIONS.md, who is at fault.",
    }
}

/// Who is at fault that a flow ended as it did, where its state's name does not say so.
pub(super) fn ending(flow: &Seen<'_>, history: &Seen<'_>) -> Option<&'static str> {
    match flow.text("state").as_deref() {
        Some("expired") => Some(expiry(flow, history)),
        Some("error") => Some(
            "the contract between backend and definition: a success that the definition cannot \
             place.",
        ),
        _ => None,
    }
}

fn expiry(flow: &Seen<'_>, history: &Seen<'_>) -> &'static str {
    let transitions = history.objects("transitions");
    let (answers, expiries): (Vec<Seen<'_>>, Vec<Seen<'_>>) = transitions
        .into_iter()
        .partition(|made| made.text("step").is_some());
    let made = expiries.last().and_then(|made| made.time("at"));
    // An expiry is dated to the deadline, unless somebody made it earlier.
    if let (Some(made), Some(deadline)) = (made, flow.time("expiresAt"))
        && deadline.as_millisecond() - made.as_millisecond() > 1
    {
        return "an operator: it was expired by hand before its deadline.";
    }
    let attempts = history.objects("attempts");
    if attempts
        .iter()
        .any(|failed| is_after(failed, answers.last()))
    {
        "time: the deadline came after a call had failed. Whose fault that was stands below."
    } else {
        "the client: the deadline came, no next step did, and no call had failed."
    }
}

/// Whether an attempt failed after the last recorded answer. Within a millisecond, a call that
/// failed came before the answer to the same step.
fn is_after(failed: &Seen<'_>, answer: Option<&Seen<'_>>) -> bool {
    answer.is_none_or(|answer| match failed.time("at").cmp(&answer.time("at")) {
        Ordering::Less => false,
        Ordering::Equal => failed.text("step") != answer.text("step"),
        Ordering::Greater => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_others_wrote_commands_the_terminal() {
        let hostile = "a\u{1b}[2Jb\r\n\u{7f}\u{9b}c\u{202e}d\u{feff}\u{ad}\u{e0041}é";
        assert_eq!(
            clean(hostile),
            "a\\u{1b}[2Jb\\r\\n\\u{7f}\\u{9b}c\\u{202e}d\\u{feff}\\u{ad}\\u{e0041}é"
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
