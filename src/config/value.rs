//! A value that was judged: of its setting's kind and within its range.

use std::net::SocketAddr;
use std::path::PathBuf;

use integrator_core::rfc3339;
use jiff::Timestamp;

use super::raw::{Raw, quoted};
use super::setting::{Gate, Kind, RATE_LEAST, RATE_MOST, Setting};
use super::store_url::StoreUrl;
use crate::backend::base_url::BaseUrl;

/// A value of a setting. It may hold a credential, so it cannot be printed.
#[derive(Clone, PartialEq)]
pub(super) enum Value {
    Integer(u64),
    Number(f64),
    Boolean(bool),
    Text(String),
    Path(PathBuf),
    Address(SocketAddr),
    /// The port of an address whose host a lower layer tells.
    Port(u16),
    Url(BaseUrl),
    StoreUrl(StoreUrl),
    Headers(Vec<(String, String)>),
    RatePoint(RatePoint),
    List(Vec<Value>),
}

/// A rate that holds from a moment on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RatePoint {
    pub(super) at: Timestamp,
    pub(super) rate_tps: f64,
}

impl Value {
    /// Whether two values that name one setting say the same.
    pub(super) fn agrees(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Address(address), Value::Port(port))
            | (Value::Port(port), Value::Address(address)) => address.port() == *port,
            _ => self == other,
        }
    }
}

impl Setting {
    /// Judges a value: whether this build can do it, its type, its range.
    pub(super) fn read(&self, raw: Raw<'_>) -> Result<Value, String> {
        if self.gate == Gate::Absent {
            return Err(format!("{}; leave it out", self.lacking()));
        }
        let value = self.kind.read(raw).map_err(|why| self.refusal(raw, why))?;
        match self.gate {
            Gate::Only(off) if !self.is(off, &value) => {
                Err(self.refusal(raw, Some(self.lacking())))
            }
            Gate::Only(_) | Gate::Open | Gate::Absent => Ok(value),
        }
    }

    /// Whether a text spells a value.
    fn is(&self, text: &str, value: &Value) -> bool {
        self.kind
            .read(Raw::Text(text))
            .is_ok_and(|read| read == *value)
    }

    /// Judges the port that an existing deployment's variable gives.
    pub(super) fn read_port(&self, raw: Raw<'_>) -> Result<Value, String> {
        raw.integer()
            .and_then(|port| u16::try_from(port).ok())
            .map(Value::Port)
            .ok_or_else(|| {
                format!(
                    "found {}; allowed: a port from 0 (the system chooses) to 65535",
                    raw.found(&Kind::Text)
                )
            })
    }

    /// That this build cannot do it yet.
    pub(super) fn lacking(&self) -> String {
        format!("{} is not in this build yet", self.feature.name())
    }

    fn refusal(&self, raw: Raw<'_>, why: Option<String>) -> String {
        let found = raw.found(&self.kind);
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        match self.gate {
            Gate::Only(off) => format!("found {found}{why}; allowed in this build: {off}"),
            Gate::Open | Gate::Absent => {
                format!("found {found}{why}; allowed: {}", self.kind.allowed())
            }
        }
    }
}

impl Kind {
    /// The value, or, where type and range do not say it all, why it is none.
    fn read(&self, raw: Raw<'_>) -> Result<Value, Option<String>> {
        match self {
            Kind::Url => return read_url(raw),
            Kind::StoreUrl => return read_store_url(raw),
            Kind::List(item) => return read_list(raw, item),
            Kind::RatePoint => return read_rate_point(raw),
            _ => {}
        }
        let text = || raw.text().filter(|text| !text.is_empty());
        match self {
            Kind::Integer { least, most, .. } => raw
                .integer()
                .filter(|integer| (least..=most).contains(&integer))
                .map(Value::Integer),
            Kind::Number { least, most } => raw
                .number()
                .filter(|number| (least..=most).contains(&number))
                .map(Value::Number),
            Kind::Boolean => raw.boolean().map(Value::Boolean),
            Kind::Word(words) => owned(text().filter(|text| words.contains(text))),
            Kind::Name => owned(text().filter(|text| is_name(text))),
            Kind::Text => owned(text()),
            Kind::Path => text().map(|text| Value::Path(PathBuf::from(text))),
            Kind::Address => text()
                .and_then(|text| text.parse().ok())
                .map(Value::Address),
            Kind::Sha256 => text()
                .filter(|text| is_sha256(text))
                .map(|text| Value::Text(text.to_ascii_lowercase())),
            Kind::Url | Kind::StoreUrl | Kind::RatePoint | Kind::List(_) | Kind::Headers => None,
        }
        .ok_or(None)
    }
}

fn owned(text: Option<&str>) -> Option<Value> {
    text.map(|text| Value::Text(text.to_owned()))
}

fn read_url(raw: Raw<'_>) -> Result<Value, Option<String>> {
    BaseUrl::parse(raw.text().ok_or(None)?)
        .map(Value::Url)
        .map_err(|why| Some(why.to_string()))
}

fn read_store_url(raw: Raw<'_>) -> Result<Value, Option<String>> {
    StoreUrl::parse(raw.text().ok_or(None)?)
        .map(Value::StoreUrl)
        .map_err(|why| Some(why.to_string()))
}

fn read_list(raw: Raw<'_>, item: &Kind) -> Result<Value, Option<String>> {
    let items = raw.items().ok_or(None)?;
    let read = |(index, raw)| {
        item.read(raw).map_err(|why| {
            let why = why.unwrap_or_else(|| "is none of those".to_owned());
            Some(format!("item {} {why}", index + 1))
        })
    };
    items
        .into_iter()
        .enumerate()
        .map(read)
        .collect::<Result<_, _>>()
        .map(Value::List)
}

/// A time and a rate, with space between them.
fn read_rate_point(raw: Raw<'_>) -> Result<Value, Option<String>> {
    let text = raw.text().ok_or(None)?;
    let why = |why: &str| Some(format!("is {}: {why}", quoted(text)));
    let (at, rate) = text
        .split_once(' ')
        .ok_or_else(|| why("no time and rate with a space between"))?;
    let at = rfc3339::parse(at).ok_or_else(|| why("the first part is no time of RFC 3339"))?;
    let rate_tps = Raw::Text(rate.trim_start()).number();
    let rate_tps = rate_tps
        .filter(|rate| (RATE_LEAST..=RATE_MOST).contains(rate))
        .ok_or_else(|| why("the second part is no rate within the range"))?;
    Ok(Value::RatePoint(RatePoint { at, rate_tps }))
}

/// Whether a text may name a protocol or a backend.
pub(super) fn is_name(text: &str) -> bool {
    let rest = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.len() <= 40
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(rest)
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
