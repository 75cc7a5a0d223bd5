//! Bodies as a scenario writes them: a table that becomes JSON, exact JSON, or any text.

use bytes::Bytes;
use serde_json::{Map, Number, Value as Json};
use toml::Value;

/// The bytes of a body that is written in one of three ways, or in none.
pub(super) fn bytes(
    table: Option<&Value>,
    json: Option<String>,
    text: Option<String>,
) -> Result<Bytes, String> {
    match (table, json, text) {
        (None, None, None) => Ok(Bytes::new()),
        (Some(table), None, None) => Ok(json_of(table)?.to_string().into()),
        (None, Some(json), None) => match serde_json::from_str::<serde::de::IgnoredAny>(&json) {
            Ok(_) => Ok(json.into()),
            Err(error) => Err(format!(
                "`json` is no JSON: {error}. Bytes that are to be none stand under `text`"
            )),
        },
        (None, None, Some(text)) => Ok(text.into()),
        _ => Err("write one of `body`, `json` and `text`, not several".to_owned()),
    }
}

/// A TOML value as JSON.
pub(super) fn json_of(value: &Value) -> Result<Json, String> {
    Ok(match value {
        Value::String(text) => Json::String(text.clone()),
        Value::Integer(integer) => Json::Number((*integer).into()),
        Value::Float(float) => Number::from_f64(*float)
            .map(Json::Number)
            .ok_or_else(|| format!("JSON has no number {float}"))?,
        Value::Boolean(boolean) => Json::Bool(*boolean),
        Value::Datetime(time) => {
            return Err(format!("JSON has no dates: write \"{time}\" in quotes"));
        }
        Value::Array(items) => {
            Json::Array(items.iter().map(json_of).collect::<Result<_, String>>()?)
        }
        Value::Table(table) => {
            let members = table
                .iter()
                .map(|(name, value)| Ok((name.clone(), json_of(value)?)));
            Json::Object(members.collect::<Result<Map<_, _>, String>>()?)
        }
    })
}
