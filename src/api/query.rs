//! Query parameters: each is known by its name, and none is given twice.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use super::problem::Problem;
use crate::orchestrator::code::Code;

/// How much of an unknown name is repeated, in characters.
const SHOWN: usize = 40;

/// The parameters of a request, decoded, by the names that its route knows.
pub(super) struct Parameters<'q> {
    given: Vec<(&'static str, Cow<'q, [u8]>)>,
}

impl<'q> Parameters<'q> {
    /// Reads a query (`application/x-www-form-urlencoded`) of a route that knows these names.
    ///
    /// # Errors
    ///
    /// A name that is none of them, or that is given twice.
    pub(super) fn read(raw: Option<&'q str>, known: &[&'static str]) -> Result<Self, Problem> {
        let mut given: Vec<(&'static str, Cow<'q, [u8]>)> = Vec::new();
        let pairs = raw.unwrap_or_default().split('&');
        for pair in pairs.filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let written = decoded(name);
            let name = known.iter().find(|known| known.as_bytes() == &*written);
            let name = name.ok_or_else(|| unknown(&written, known))?;
            if given.iter().any(|(earlier, _)| earlier == name) {
                return Err(refused(name, "was given more than once"));
            }
            given.push((name, decoded(value)));
        }
        Ok(Self { given })
    }

    /// The bytes of a parameter, where it is given.
    pub(super) fn bytes(&self, name: &str) -> Option<&[u8]> {
        let mut given = self.given.iter();
        let found = given.find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_ref())
    }

    /// The text of a parameter, where it is given.
    ///
    /// # Errors
    ///
    /// Bytes that are not UTF-8.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        let text = self.bytes(name).map(std::str::from_utf8).transpose();
        text.map_err(|_| refused(name, "is not UTF-8 once decoded"))
    }
}

/// A parameter that cannot be taken, and why.
pub(super) fn refused(name: &str, why: &str) -> Problem {
    let detail = format!("query parameter {name} {why}");
    Problem::new(Code::InvalidInput, detail)
}

/// The `protocol` parameter of a start.
pub(super) fn protocol(raw: Option<&str>) -> Result<Option<String>, Problem> {
    let parameters = Parameters::read(raw, &["protocol"])?;
    Ok(parameters.text("protocol")?.map(str::to_owned))
}

fn unknown(written: &[u8], known: &[&str]) -> Problem {
    let written = String::from_utf8_lossy(written);
    let shown: String = written.chars().take(SHOWN).collect();
    let known = known.join(", ");
    let detail = format!("unknown query parameter {shown:?}; known here: {known}");
    Problem::new(Code::InvalidInput, detail)
}

fn decoded(text: &str) -> Cow<'_, [u8]> {
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        return Cow::Owned(percent_decode(spaced.as_bytes()).collect());
    }
    Cow::from(percent_decode(text.as_bytes()))
}
