//! Date-times as RFC 3339 writes them, and nothing laxer.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

/// Parses an RFC 3339 `date-time`; nothing for any other text.
///
/// `T` and `Z` may be small, the fraction may have any number of digits (what
/// is finer than a nanosecond is cut off), the offset may be any that two
/// two-digit numbers can say. A leap second (`23:59:60` UTC) counts as the
/// second before it. Instants beyond what [`Timestamp`] can hold become its
/// first or last.
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked(10)?;
    let rest = rest.strip_prefix(['T', 't'])?;
    let (clock, rest) = rest.split_at_checked(8)?;
    let (nanosecond, offset) = fraction(rest)?;
    let offset = offset_seconds(offset)?;
    let (time, leap) = time(clock, nanosecond)?;
    let shift = SignedDuration::from_secs(offset);
    let utc = DateTime::from_parts(calendar_date(date)?, time).saturating_sub(shift);
    if leap && (utc.hour(), utc.minute()) != (23, 59) {
        return None;
    }
    let saturated = if utc.year() < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    Some(Offset::UTC.to_timestamp(utc).unwrap_or(saturated))
}

/// `YYYY-MM-DD`, a day that exists.
fn calendar_date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let year = number(parts.next()?, 4)?;
    let month = number(parts.next()?, 2)?;
    let day = number(parts.next()?, 2)?;
    if parts.next().is_some() {
        return None;
    }
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// `HH:MM:SS`, and whether it is a leap second.
fn time(text: &str, nanosecond: i32) -> Option<(Time, bool)> {
    let mut parts = text.split(':');
    let hour = i8::try_from(number(parts.next()?, 2)?).ok()?;
    let minute = i8::try_from(number(parts.next()?, 2)?).ok()?;
    let second = i8::try_from(number(parts.next()?, 2)?).ok()?;
    if parts.next().is_some() {
        return None;
    }
    let leap = second == 60;
    let second = if leap { 59 } else { second };
    Some((Time::new(hour, minute, second, nanosecond).ok()?, leap))
}

/// The fraction of a second in nanoseconds (0 if there is none), and the rest.
fn fraction(text: &str) -> Option<(i32, &str)> {
    let Some(rest) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let end = rest
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(rest.len());
    let (digits, rest) = rest.split_at_checked(end)?;
    if digits.is_empty() {
        return None;
    }
    let nine = digits.bytes().chain(core::iter::repeat(b'0')).take(9);
    let nanosecond = nine.fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0'));
    Some((nanosecond, rest))
}

/// `Z` or `±HH:MM`, in seconds east of Greenwich.
fn offset_seconds(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let east = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
    let valid = hours < 24 && minutes < 60;
    valid.then(|| east * (i64::from(hours) * 3600 + i64::from(minutes) * 60))
}

/// A number of exactly so many digits.
fn number(text: &str, digits: usize) -> Option<i16> {
    let plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Option<i64> {
        parse(text).map(Timestamp::as_second)
    }

    #[test]
    fn date_times_are_read() {
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("2026-01-17T12:05:00.000Z"), Some(1_768_651_500));
        assert_eq!(seconds("2026-01-17t13:05:00+01:00"), Some(1_768_651_500));
        assert_eq!(seconds("2026-01-17T07:05:00-05:00"), Some(1_768_651_500));
        assert_eq!(seconds("2026-01-17T12:05:00-00:00"), Some(1_768_651_500));
        assert_eq!(seconds("2024-02-29T00:00:00z"), Some(1_709_164_800));
    }

    #[test]
    fn fractions_have_any_number_of_digits() {
        let nanoseconds = |text| parse(text).map(Timestamp::subsec_nanosecond);
        assert_eq!(nanoseconds("2026-01-17T12:05:00.5Z"), Some(500_000_000));
        assert_eq!(nanoseconds("2026-01-17T12:05:00.000000001999Z"), Some(1));
        let long = format!("2026-01-17T12:05:00.{}Z", "9".repeat(10_000));
        assert_eq!(nanoseconds(&long), Some(999_999_999));
    }

    #[test]
    fn a_leap_second_counts_as_the_second_before_it() {
        assert_eq!(
            seconds("2016-12-31T23:59:60Z"),
            seconds("2016-12-31T23:59:59Z")
        );
        assert_eq!(
            seconds("2016-12-31T15:59:60-08:00"),
            seconds("2016-12-31T23:59:59Z")
        );
        assert_eq!(seconds("2016-12-31T23:58:60Z"), None);
        assert_eq!(seconds("2016-12-31T23:59:60+01:00"), None);
        assert_eq!(seconds("2016-12-31T23:59:61Z"), None);
    }

    #[test]
    fn instants_out_of_range_become_the_last() {
        assert_eq!(parse("9999-12-31T23:59:59.999Z"), Some(Timestamp::MAX));
        assert_eq!(parse("9999-12-31T23:59:59-23:59"), Some(Timestamp::MAX));
        assert!(seconds("0000-01-01T00:00:00+23:59").is_some());
    }

    #[test]
    fn anything_laxer_is_refused() {
        let bad = [
            "",
            "2026-01-17",
            "2026-01-17 12:05:00Z",
            "2026-01-17T12:05Z",
            "2026-01-17T12:05:00",
            "2026-01-17T12:05:00.Z",
            "2026-01-17T12:05:00,5Z",
            "2026-01-17T12:05:00ZZ",
            " 2026-01-17T12:05:00Z",
            "2026-01-17T12:05:00Z ",
            "2026-01-17T12:05:00+0100",
            "2026-01-17T12:05:00+01",
            "2026-01-17T12:05:00+24:00",
            "2026-01-17T12:05:00+01:60",
            "2026-01-17T24:00:00Z",
            "2026-01-17T12:60:00Z",
            "2026-13-17T12:05:00Z",
            "2026-00-17T12:05:00Z",
            "2026-02-29T12:05:00Z",
            "2026-01-32T12:05:00Z",
            "+026-01-17T12:05:00Z",
            "2026-1-017T12:05:00Z",
            "2026-01-17T1:005:00Z",
            "20260117T120500Z",
            "2026-W03-6T12:05:00Z",
            "2026-01-17T12:05:00[UTC]",
            "2026-01-17T12:05:00Z[UTC]",
            "２026-01-17T12:05:00Z",
        ];
        for text in bad {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
