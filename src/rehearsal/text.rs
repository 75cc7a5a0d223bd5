//! The shape of a scenario file's requests, field for field.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use toml::{Spanned, Table, Value};

/// `[[run.request]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestText {
    pub(super) step: Option<Spanned<String>>,
    pub(super) body: Option<Value>,
    pub(super) json: Option<String>,
    pub(super) text: Option<String>,
    #[serde(default)]
    pub(super) headers: BTreeMap<Spanned<String>, String>,
    #[serde(default)]
    pub(super) callback: bool,
    pub(super) after: Option<Spanned<String>>,
    pub(super) answer: Option<Spanned<AnswerText>>,
    pub(super) expect: Option<ExpectText>,
}

/// `answer`: a table, or one word for how none came.
pub(super) enum AnswerText {
    Word(String),
    Whole(WholeText),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WholeText {
    pub(super) status: Option<u16>,
    pub(super) body: Option<Value>,
    pub(super) json: Option<String>,
    pub(super) text: Option<String>,
}

/// `expect`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectText {
    pub(super) state: Option<Spanned<String>>,
    pub(super) code: Option<Spanned<String>>,
    pub(super) replayed: Option<bool>,
    pub(super) call: Option<String>,
    pub(super) called: Option<bool>,
    pub(super) sent: Option<Spanned<Value>>,
    pub(super) headers: Option<Spanned<Table>>,
    pub(super) members: Option<Spanned<Table>>,
}

impl<'de> Deserialize<'de> for AnswerText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = AnswerText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"timeout\", \"unavailable\", \"not_sent\", or a table with status and body, json or text")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<AnswerText, E> {
                Ok(AnswerText::Word(word.to_owned()))
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<AnswerText, M::Error> {
                WholeText::deserialize(MapAccessDeserializer::new(map)).map(AnswerText::Whole)
            }
        }
        deserializer.deserialize_any(Either)
    }
}
