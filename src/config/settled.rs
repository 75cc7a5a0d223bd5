//! What the layers say together: the highest one's word on every setting, and every problem.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::backends;
use super::raw::Raw;
use super::registry;
use super::setting::Setting;
use super::source::Source;
use super::store_url::StoreUrl;
use super::value::{RatePoint, Value};
use crate::problems::{Problem, Problems};

/// The layers, laid on each other from the lowest to the highest.
pub(super) struct Settled {
    values: BTreeMap<String, (Value, Source)>,
    /// Settings that some layer gave a value that is none; what they are is not known.
    broken: BTreeSet<String>,
    /// Every backend that some layer names, with the place of its first mention.
    pub(super) backends: BTreeMap<String, Source>,
    pub(super) problems: Problems,
    /// Whether the whole file was understood; without it no contradiction can be told.
    pub(super) file_understood: bool,
}

impl Settled {
    /// Every default, and the backend `default`, which always exists.
    pub(super) fn defaults() -> Settled {
        let mut settled = Settled {
            values: BTreeMap::new(),
            broken: BTreeSet::new(),
            backends: BTreeMap::new(),
            problems: Problems::default(),
            file_understood: true,
        };
        for setting in registry::settings() {
            settled.set_default(setting, &setting.path.replace("NAME", backends::DEFAULT));
        }
        settled
            .backends
            .insert(backends::DEFAULT.to_owned(), Source::Default);
        settled
    }

    fn set_default(&mut self, setting: &Setting, path: &str) {
        if let Some(Ok(value)) = setting.default.map(|text| setting.read(Raw::Text(text))) {
            self.values
                .insert(path.to_owned(), (value, Source::Default));
        }
    }

    /// Takes a layer's word on the setting at `path`, value or refusal.
    pub(super) fn take(&mut self, path: &str, source: Source, read: Result<Value, String>) {
        self.note_backend(path, &source);
        match read {
            Ok(value) => self.set(path, value, source),
            Err(text) => self.refuse(path, &source, text),
        }
    }

    fn set(&mut self, path: &str, value: Value, source: Source) {
        let value = match (value, self.values.get(path)) {
            (Value::Port(port), Some((Value::Address(below), _))) => {
                Value::Address(SocketAddr::new(below.ip(), port))
            }
            (value, _) => value,
        };
        self.values.insert(path.to_owned(), (value, source));
    }

    /// Adds a problem with a value; what the setting is, is not known from then on.
    pub(super) fn refuse(&mut self, path: &str, source: &Source, text: impl Into<String>) {
        self.broken.insert(path.to_owned());
        self.problems.push(Problem::at(path, source, text));
    }

    /// Makes the backend known whose setting `path` is.
    pub(super) fn note_backend(&mut self, path: &str, source: &Source) {
        let mut parts = path.split('.');
        let (Some(backends::SECTION), Some(name)) = (parts.next(), parts.next()) else {
            return;
        };
        if !self.backends.contains_key(name) {
            self.backends.insert(name.to_owned(), source.clone());
            backends::defaults_of(name, |setting, path| self.set_default(setting, path));
        }
    }

    /// Whether a layer gave a value that is none.
    pub(super) fn is_broken(&self, path: &str) -> bool {
        self.broken.contains(path)
    }

    /// Where the word on a setting comes from.
    pub(super) fn source(&self, path: &str) -> Option<&Source> {
        self.values.get(path).map(|(_, source)| source)
    }

    /// The place of the word on a setting, for a problem.
    pub(super) fn place(&self, path: &str) -> String {
        self.source(path).unwrap_or(&Source::Default).to_string()
    }

    /// Whether a layer above the defaults gives the setting.
    pub(super) fn is_said(&self, path: &str) -> bool {
        self.source(path)
            .is_some_and(|source| *source != Source::Default)
    }

    fn value(&self, path: &str) -> Option<&Value> {
        self.values
            .get(path)
            .filter(|_| !self.is_broken(path))
            .map(|(value, _)| value)
    }

    /// A whole number.
    pub(super) fn integer(&self, path: &str) -> Result<u64, Problem> {
        match self.value(path) {
            Some(Value::Integer(integer)) => Ok(*integer),
            _ => Err(unsettled(path)),
        }
    }

    /// Milliseconds.
    pub(super) fn duration(&self, path: &str) -> Result<Duration, Problem> {
        self.integer(path).map(Duration::from_millis)
    }

    /// A number.
    pub(super) fn number(&self, path: &str) -> Result<f64, Problem> {
        match self.value(path) {
            Some(Value::Number(number)) => Ok(*number),
            _ => Err(unsettled(path)),
        }
    }

    /// On or off.
    pub(super) fn boolean(&self, path: &str) -> Result<bool, Problem> {
        match self.value(path) {
            Some(Value::Boolean(boolean)) => Ok(*boolean),
            _ => Err(unsettled(path)),
        }
    }

    /// A text.
    pub(super) fn text(&self, path: &str) -> Result<&str, Problem> {
        match self.value(path) {
            Some(Value::Text(text)) => Ok(text),
            _ => Err(unsettled(path)),
        }
    }

    /// A path.
    pub(super) fn path(&self, path: &str) -> Result<&PathBuf, Problem> {
        match self.value(path) {
            Some(Value::Path(value)) => Ok(value),
            _ => Err(unsettled(path)),
        }
    }

    /// An address.
    pub(super) fn address(&self, path: &str) -> Result<SocketAddr, Problem> {
        match self.value(path) {
            Some(Value::Address(address)) => Ok(*address),
            _ => Err(unsettled(path)),
        }
    }

    /// A URL.
    pub(super) fn url(&self, path: &str) -> Result<&crate::backend::base_url::BaseUrl, Problem> {
        match self.value(path) {
            Some(Value::Url(url)) => Ok(url),
            _ => Err(unsettled(path)),
        }
    }

    /// The URL of a store.
    pub(super) fn store_url(&self, path: &str) -> Result<&StoreUrl, Problem> {
        match self.value(path) {
            Some(Value::StoreUrl(url)) => Ok(url),
            _ => Err(unsettled(path)),
        }
    }

    /// Rates from moments on; none where no layer gives any.
    pub(super) fn rate_points(&self, path: &str) -> Vec<RatePoint> {
        let Some(Value::List(items)) = self.value(path) else {
            return Vec::new();
        };
        let point = |item: &Value| match item {
            Value::RatePoint(point) => Some(*point),
            _ => None,
        };
        items.iter().filter_map(point).collect()
    }

    /// Headers; none where no layer gives any.
    pub(super) fn headers(&self, path: &str) -> Vec<(String, String)> {
        match self.value(path) {
            Some(Value::Headers(headers)) => headers.clone(),
            _ => Vec::new(),
        }
    }
}

/// No layer, not even the defaults, settles what the program cannot do without.
fn unsettled(path: &str) -> Problem {
    Problem::of(path, "has no value; give it one")
}
