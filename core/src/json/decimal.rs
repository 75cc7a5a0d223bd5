//! Exact equality of numbers, however they are spelled.

use core::fmt;

/// The exact value of a JSON number.
///
/// Two are equal when the numbers are: `1`, `1.0` and `10e-1` are one value,
/// so are `0` and `-0`. Nothing is rounded and no exponent is too large; time
/// and space are linear in the length of the text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    negative: bool,
    /// Significant digits, without zeros at either end; none for zero.
    digits: Vec<u8>,
    /// The power of ten that the digits, read as an integer, are scaled by.
    exponent: Exponent,
}

/// An integer of any size as sign and decimal digits, without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Exponent {
    negative: bool,
    digits: Vec<u8>,
}

/// Exponents of at most so many digits are computed with in 128 bits.
const SMALL_EXPONENT_DIGITS: usize = 30;

impl Decimal {
    /// The value of a number's text; nothing for a text that is no JSON number.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let value = super::Value::parse(text, 0).ok()?;
        (value.kind() == super::Kind::Number).then(|| Self::of_number(value.raw()))
    }

    /// The value of a checked number.
    fn of_number(text: &[u8]) -> Self {
        let (negative, unsigned) = sign(text);
        let mut parts = unsigned.splitn(2, |byte| matches!(byte, b'e' | b'E'));
        let significand = parts.next().unwrap_or_default();
        let exponent = parts.next().unwrap_or_default();
        let fraction = significand.splitn(2, |byte| *byte == b'.').nth(1);
        let fraction_len = fraction.map_or(0, <[u8]>::len);
        let mut digits: Vec<u8> = significand
            .iter()
            .copied()
            .filter(u8::is_ascii_digit)
            .collect();
        let trailing = digits
            .iter()
            .rev()
            .take_while(|digit| **digit == b'0')
            .count();
        digits.truncate(digits.len() - trailing);
        let digits = without_leading_zeros(&digits).to_vec();
        if digits.is_empty() {
            return Self::zero();
        }
        let shift = to_i128(trailing) - to_i128(fraction_len);
        Self {
            negative,
            digits,
            exponent: Exponent::parse(exponent).plus(shift),
        }
    }

    const fn zero() -> Self {
        Self {
            negative: false,
            digits: Vec::new(),
            exponent: Exponent {
                negative: false,
                digits: Vec::new(),
            },
        }
    }
}

impl fmt::Display for Decimal {
    /// The shortest spelling: with a point where few zeros are needed, else with an exponent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = String::from_utf8_lossy(&self.digits);
        if digits.is_empty() {
            return f.write_str("0");
        }
        if self.negative {
            f.write_str("-")?;
        }
        match self.exponent.few() {
            Some(zeros @ 0..) => write!(
                f,
                "{digits}{}",
                "0".repeat(usize::from(zeros.unsigned_abs()))
            ),
            Some(below) => {
                let below = usize::from(below.unsigned_abs());
                let padded = format!("{digits:0>width$}", width = below + 1);
                let (whole, fraction) = padded.split_at(padded.len() - below);
                write!(f, "{whole}.{fraction}")
            }
            None => {
                let sign = if self.exponent.negative { "-" } else { "" };
                let exponent = String::from_utf8_lossy(&self.exponent.digits);
                write!(f, "{digits}e{sign}{exponent}")
            }
        }
    }
}

impl Exponent {
    /// The exponent, where it is so small that zeros are the better spelling.
    fn few(&self) -> Option<i8> {
        const FEW: i128 = 20;
        let small = self.digits.len() <= SMALL_EXPONENT_DIGITS;
        let value = small.then(|| self.small())?;
        (-FEW..=FEW)
            .contains(&value)
            .then(|| i8::try_from(value).ok())?
    }

    fn parse(text: &[u8]) -> Self {
        let (negative, digits) = sign(text);
        Self {
            negative,
            digits: without_leading_zeros(digits).to_vec(),
        }
    }

    fn of(value: i128) -> Self {
        let text = value.unsigned_abs().to_string();
        Self {
            negative: value < 0,
            digits: without_leading_zeros(text.as_bytes()).to_vec(),
        }
    }

    /// Adds a shift, which is at most a text's length and so always smaller
    /// than an exponent that is not small.
    fn plus(mut self, shift: i128) -> Self {
        if self.digits.len() <= SMALL_EXPONENT_DIGITS {
            return Self::of(self.small() + shift);
        }
        let same_sign = self.negative == (shift < 0);
        let mut carry = if same_sign { shift.abs() } else { -shift.abs() };
        for digit in self.digits.iter_mut().rev() {
            if carry == 0 {
                break;
            }
            let sum = i128::from(*digit - b'0') + carry;
            *digit = u8::try_from(sum.rem_euclid(10)).unwrap_or_default() + b'0';
            carry = sum.div_euclid(10);
        }
        let mut digits = Self::of(carry).digits;
        digits.append(&mut self.digits);
        self.digits = without_leading_zeros(&digits).to_vec();
        self
    }

    fn small(&self) -> i128 {
        let magnitude = self
            .digits
            .iter()
            .fold(0, |sum: i128, digit| sum * 10 + i128::from(*digit - b'0'));
        if self.negative { -magnitude } else { magnitude }
    }
}

/// Splits a sign off: whether it is a minus, and the rest.
fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    }
}

fn without_leading_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    digits.get(zeros..).unwrap_or_default()
}

/// A length as a signed number: no text is longer than memory.
fn to_i128(length: usize) -> i128 {
    i128::try_from(length).unwrap_or(i128::MAX)
}
