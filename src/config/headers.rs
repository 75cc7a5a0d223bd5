//! The headers of a backend: names and values that HTTP allows and the integrator does not set.

use reqwest::header::{HeaderName, HeaderValue};
use toml::Spanned;
use toml::de::DeValue;

use super::environment::Environment;
use super::raw::quoted;

/// Headers that belong to one connection, or say how this very message is framed.
const OF_THE_MESSAGE: [&str; 13] = [
    "connection",
    "content-encoding",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers that the integrator sets itself, or whose answers it could not pass on as they are.
const OF_THE_INTEGRATOR: [&str; 7] = [
    "accept-encoding",
    "content-type",
    "idempotency-key",
    "traceparent",
    "tracestate",
    "x-correlation-id",
    "x-flow-handle",
];

/// What is wrong with one entry of a table of headers.
pub(super) type Refusal = String;

/// One header, its value taken from the environment where it says so.
pub(super) fn read(
    name: &str,
    value: &Spanned<DeValue<'_>>,
    environment: &Environment,
) -> Result<(String, String), Refusal> {
    let name = header_name(name)?;
    let written = value
        .get_ref()
        .as_str()
        .ok_or_else(|| format!("found {}; allowed: a string", value.get_ref().type_str()))?;
    let value = match written.strip_prefix("env:") {
        Some(variable) => from_environment(variable, environment)?,
        None => written,
    };
    match HeaderValue::from_str(value) {
        Ok(_) if !value.is_empty() => Ok((name, value.to_owned())),
        _ => Err("its value is empty or holds characters that a header cannot (the value is not shown); \
                  allowed: visible ASCII, spaces and tabs"
            .to_owned()),
    }
}

/// The name in lower case, if it is one that may be configured.
fn header_name(name: &str) -> Result<String, Refusal> {
    let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
        return Err(format!("{} is no name of a header", quoted(name)));
    };
    let lower = parsed.as_str();
    if OF_THE_MESSAGE.contains(&lower) {
        return Err(
            "this header belongs to the connection or to the framing of the message; leave it out"
                .to_owned(),
        );
    }
    if OF_THE_INTEGRATOR.contains(&lower) {
        return Err("the integrator decides this header itself; leave it out".to_owned());
    }
    Ok(lower.to_owned())
}

fn from_environment<'a>(variable: &str, environment: &'a Environment) -> Result<&'a str, Refusal> {
    match environment.get(variable) {
        None => Err(format!(
            "the environment variable {} is unset or empty; set it, or leave the header out",
            quoted(variable)
        )),
        Some(value) => value
            .to_str()
            .ok_or_else(|| format!("the environment variable {} is not UTF-8", quoted(variable))),
    }
}
