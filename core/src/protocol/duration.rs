//! Durations as definitions, configuration and queries spell them: one number,
//! one unit.

use std::time::Duration;

/// The longest duration that may be written.
pub const DURATION_MAX: Duration = Duration::from_secs(3650 * 24 * 60 * 60);

/// The units, with their milliseconds, from the smallest.
const UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1000),
    ("m", 60 * 1000),
    ("h", 60 * 60 * 1000),
    ("d", 24 * 60 * 60 * 1000),
];

/// Why a text is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// It is not one whole number and one unit.
    #[error("a duration is one whole number and one unit of ms, s, m, h, d, such as \"5m\"")]
    Malformed,
    /// It is zero or longer than [`DURATION_MAX`].
    #[error("a duration is longer than nothing and at most \"3650d\"")]
    OutOfRange,
}

/// Parses a duration such as `250ms`, `30s`, `5m`, `1h`, `7d`.
///
/// # Errors
///
/// Any other text, zero, and more than ten years of 365 days.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(end).unwrap_or_default();
    let known = UNITS.iter().find(|(name, _)| *name == unit);
    let (_, millis_per_unit) = known.ok_or(DurationError::Malformed)?;
    if number.is_empty() {
        return Err(DurationError::Malformed);
    }
    // A number too large for the type is too large for the bound.
    let number: u64 = number.parse().unwrap_or(u64::MAX);
    let duration = Duration::from_millis(number.saturating_mul(*millis_per_unit));
    if duration.is_zero() || duration > DURATION_MAX {
        return Err(DurationError::OutOfRange);
    }
    Ok(duration)
}

/// A duration as it may be written, in the largest unit that divides it; what is below a
/// millisecond is left out.
#[must_use]
pub fn spelled(duration: Duration) -> String {
    let millis = duration.as_millis();
    let (unit, millis_per_unit) = UNITS
        .iter()
        .rev()
        .find(|(_, millis_per_unit)| millis.is_multiple_of(u128::from(*millis_per_unit)))
        .unwrap_or(&UNITS[0]);
    format!("{}{unit}", millis / u128::from(*millis_per_unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read() {
        let millis = |text| parse(text).map(|duration| duration.as_millis());
        assert_eq!(millis("250ms"), Ok(250));
        assert_eq!(millis("30s"), Ok(30_000));
        assert_eq!(millis("5m"), Ok(300_000));
        assert_eq!(millis("2h"), Ok(7_200_000));
        assert_eq!(millis("3650d"), Ok(315_360_000_000));
    }

    #[test]
    fn a_duration_is_spelled_in_the_largest_unit_that_divides_it() {
        for text in ["1ms", "999ms", "30s", "90m", "2h", "7d", "3650d"] {
            assert_eq!(parse(text).map(spelled).as_deref(), Ok(text));
        }
        assert_eq!(spelled(Duration::from_secs(3600)), "1h");
    }

    #[test]
    fn anything_but_one_number_and_one_unit_is_refused() {
        for text in [
            "", "5", "m", "5 m", " 5m", "5m ", "1.5h", "-1s", "+1s", "1h30m", "5M", "５m",
        ] {
            assert_eq!(parse(text), Err(DurationError::Malformed), "{text:?}");
        }
    }

    #[test]
    fn nothing_and_more_than_ten_years_are_out_of_range() {
        for text in ["0s", "0d", "3651d", "99999999999999999999999d"] {
            assert_eq!(parse(text), Err(DurationError::OutOfRange), "{text:?}");
        }
    }
}
