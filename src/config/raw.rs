//! A value before it is judged: a text (environment, flag, default) or a TOML value.

use toml::de::DeValue;

use super::setting::Kind;

/// At most so many characters of a value are repeated in a problem.
const SHOWN_CHARACTERS: usize = 80;

/// A value as its layer spells it.
#[derive(Clone, Copy)]
pub(super) enum Raw<'a> {
    Text(&'a str),
    Toml(&'a DeValue<'a>),
}

impl<'a> Raw<'a> {
    /// The text, if it is one.
    pub(super) fn text(self) -> Option<&'a str> {
        match self {
            Raw::Text(text) => Some(text),
            Raw::Toml(value) => value.as_str(),
        }
    }

    /// The whole number, if it is one that fits.
    pub(super) fn integer(self) -> Option<u64> {
        match self {
            Raw::Text(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
            Raw::Text(_) => None,
            Raw::Toml(value) => {
                let integer = value.as_integer()?;
                u64::from_str_radix(integer.as_str(), integer.radix()).ok()
            }
        }
    }

    /// The number, if it is one.
    pub(super) fn number(self) -> Option<f64> {
        match self {
            Raw::Text(text) => text.parse().ok(),
            Raw::Toml(DeValue::Integer(integer)) if integer.radix() == 10 => {
                integer.as_str().parse().ok()
            }
            Raw::Toml(value) => value.as_float()?.as_str().parse().ok(),
        }
    }

    /// On or off, if it is either.
    pub(super) fn boolean(self) -> Option<bool> {
        if let Raw::Toml(DeValue::Boolean(value)) = self {
            return Some(*value);
        }
        match self {
            Raw::Text("true" | "1") => Some(true),
            Raw::Text("false" | "0") => Some(false),
            Raw::Text(_) => None,
            Raw::Toml(_) => self.integer().and_then(|integer| match integer {
                0 => Some(false),
                1 => Some(true),
                _ => None,
            }),
        }
    }

    /// The items, if it is a list; a text's are separated by commas.
    pub(super) fn items(self) -> Option<Vec<Raw<'a>>> {
        match self {
            Raw::Text(text) => Some(text.split(',').map(|item| Raw::Text(item.trim())).collect()),
            Raw::Toml(value) => Some(
                value
                    .as_array()?
                    .iter()
                    .map(|item| Raw::Toml(item.get_ref()))
                    .collect(),
            ),
        }
    }

    /// What was found, without what could be a credential.
    pub(super) fn found(self, kind: &Kind) -> String {
        match (self, kind) {
            (Raw::Toml(DeValue::Table(_)), _) => "a table".to_owned(),
            (Raw::Toml(DeValue::Array(_)), _) => "an array".to_owned(),
            (Raw::Toml(value), kind) if may_hold_a_secret(kind) => {
                format!("a value that is not shown ({})", value.type_str())
            }
            (Raw::Text(_), kind) if may_hold_a_secret(kind) => {
                "a value that is not shown".to_owned()
            }
            (Raw::Text(text), Kind::Url) => shown_url(text),
            (Raw::Toml(DeValue::String(text)), Kind::Url) => shown_url(text),
            (Raw::Text(text), _) => quoted(text),
            (Raw::Toml(DeValue::String(text)), _) => format!("the string {}", quoted(text)),
            (Raw::Toml(DeValue::Integer(integer)), _) => format!("the integer {integer}"),
            (Raw::Toml(DeValue::Float(float)), _) => format!("the float {float}"),
            (Raw::Toml(DeValue::Boolean(value)), _) => format!("the boolean {value}"),
            (Raw::Toml(DeValue::Datetime(time)), _) => format!("the time {time}"),
        }
    }
}

fn may_hold_a_secret(kind: &Kind) -> bool {
    match kind {
        Kind::StoreUrl | Kind::Sha256 | Kind::Headers => true,
        Kind::List(item) => **item != Kind::RatePoint,
        Kind::Integer { .. }
        | Kind::Number { .. }
        | Kind::Boolean
        | Kind::Word(_)
        | Kind::Name
        | Kind::Text
        | Kind::Path
        | Kind::Address
        | Kind::Url
        | Kind::RatePoint => false,
    }
}

/// A text in quotes, escaped and cut.
pub(super) fn quoted(text: &str) -> String {
    let cut: String = text.chars().take(SHOWN_CHARACTERS).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    format!("\"{}{more}\"", cut.escape_debug())
}

/// A URL that can hold no credential, or that there is one.
fn shown_url(text: &str) -> String {
    if text.contains(['@', '?', '#']) {
        "a URL that is not shown".to_owned()
    } else {
        quoted(text)
    }
}
