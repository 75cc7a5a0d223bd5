//! Amounts of money, counted in hundredths and never as floating point.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount with two decimals, spelled `"10.00"`; more than nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Amount {
    hundredths: u64,
}

impl TryFrom<String> for Amount {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no amount; write \"10.00\", more than nothing");
        let (whole, cents) = text.split_once('.').ok_or_else(wrong)?;
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if cents.len() != 2 || !is_number(whole) || !is_number(cents) {
            return Err(wrong());
        }
        let hundredths = format!("{whole}{cents}").parse().map_err(|_| wrong())?;
        if hundredths == 0 {
            return Err(wrong());
        }
        Ok(Amount { hundredths })
    }
}

impl From<Amount> for String {
    fn from(amount: Amount) -> String {
        amount.to_string()
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, cents) = (self.hundredths / 100, self.hundredths % 100);
        write!(formatter, "{whole}.{cents:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::Amount;

    #[test]
    fn an_amount_is_spelled_as_it_was_read() {
        for text in ["0.01", "10.00", "184467440737095516.15"] {
            let amount = Amount::try_from(text.to_owned()).expect("an amount");

            assert_eq!(amount.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in [
            "",
            "10",
            "10.0",
            "10.000",
            "0.00",
            "-1.00",
            "+1.00",
            "1e3.00",
            "184467440737095516.16",
        ] {
            assert!(Amount::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
