//! The layer of the environment: `INTEGRATOR__SECTION__KEY`, and the names of existing deployments.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use super::raw::{Raw, quoted};
use super::registry;
use super::setting::{Kind, Setting};
use super::settled::Settled;
use super::source::Source;
use super::value::{Value, is_name};
use super::{auth, backends};
use crate::problems::Problem;

const PREFIX: &str = "INTEGRATOR__";
const LEGACY_PREFIX: &str = "APP_ATTEST_";

/// The environment as it was handed over; an empty variable is unset.
pub(super) struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    pub(super) fn new(variables: Vec<(OsString, OsString)>) -> Environment {
        Environment(
            variables
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .collect(),
        )
    }

    pub(super) fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str)
    }
}

/// Lays the environment over what is settled so far.
pub(super) fn apply(environment: &Environment, settled: &mut Settled) {
    let mut said = BTreeMap::new();
    for (name, value) in &environment.0 {
        let name = name.to_string_lossy();
        if name.starts_with(PREFIX) || name.starts_with(LEGACY_PREFIX) {
            variable(&name, value, &mut said, settled);
        }
    }
}

/// What an earlier variable said of a setting.
struct Said {
    variable: String,
    value: Value,
    found: String,
}

fn variable(name: &str, value: &OsStr, said: &mut BTreeMap<String, Said>, settled: &mut Settled) {
    let source = Source::Variable(name.to_owned());
    let (setting, path) = match target(name) {
        Ok(target) => target,
        Err(text) => {
            return settled
                .problems
                .push(Problem::new(format!("environment variable {name}: {text}")));
        }
    };
    let Some(text) = value.to_str() else {
        return settled.refuse(&path, &source, "its value is not UTF-8");
    };
    let raw = Raw::Text(text);
    let port_only = setting.kind == Kind::Address && setting.legacy == Some(name);
    let read = if port_only {
        setting.read_port(raw)
    } else {
        setting.read(raw)
    };
    if let Ok(value) = &read {
        let found = raw.found(&setting.kind);
        if let Some(other) = said.get(&path).filter(|other| !other.value.agrees(value)) {
            return settled.refuse(&path, &source, contradiction(&found, other));
        }
        said.insert(
            path.clone(),
            Said {
                variable: name.to_owned(),
                value: value.clone(),
                found,
            },
        );
    }
    settled.take(&path, source, read);
}

fn contradiction(found: &str, other: &Said) -> String {
    format!(
        "found {found}, but environment variable {}, which names the same setting, is {}; set one of them, or both to the same",
        other.variable, other.found
    )
}

/// The setting that a variable names, and its path written out.
fn target(name: &str) -> Result<(&'static Setting, String), String> {
    let Some(rest) = name.strip_prefix(PREFIX) else {
        let setting = registry::by_legacy(name).ok_or_else(|| unknown(name))?;
        return Ok((setting, setting.path.replace("NAME", backends::DEFAULT)));
    };
    let parts: Vec<String> = rest.split("__").map(str::to_ascii_lowercase).collect();
    let path = match parts.as_slice() {
        [section, backend, key @ ..] if section == backends::SECTION => {
            format!("{section}.{}.{}", backend.replace('_', "-"), key.join("."))
        }
        _ => parts.join("."),
    };
    if in_file_only(&path) {
        return Err("this is a table or an array of tables; write it in the file".to_owned());
    }
    if let Some(backend) = backend_of(&path).filter(|backend| !is_name(backend)) {
        return Err(format!(
            "{} names no backend; allowed: {}",
            quoted(backend),
            Kind::Name.allowed()
        ));
    }
    if rest.chars().any(|letter| letter.is_ascii_lowercase()) {
        return Err(unknown(name));
    }
    registry::find(&path)
        .map(|setting| (setting, path))
        .ok_or_else(|| unknown(name))
}

/// Whether a path is, or leads into, what only the file can tell.
fn in_file_only(path: &str) -> bool {
    let under = |table: &str| {
        path.strip_prefix(table)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let headers = backend_of(path).is_some() && path.split('.').nth(2) == Some("headers");
    under(auth::CALLERS) || headers
}

/// The backend that a path leads into.
fn backend_of(path: &str) -> Option<&str> {
    path.strip_prefix(backends::SECTION)?
        .strip_prefix('.')?
        .split('.')
        .next()
}

fn unknown(name: &str) -> String {
    let name = &name.to_ascii_uppercase();
    let named = |setting: &'static Setting| {
        let own = setting
            .variable()
            .map(|variable| for_backend(&variable, name));
        own.into_iter().chain(setting.legacy.map(ToOwned::to_owned))
    };
    let known: Vec<String> = registry::settings()
        .chain(registry::environment_only())
        .flat_map(named)
        .collect();
    match registry::nearest(name, known.iter().map(String::as_str)) {
        Some(meant) => format!("names no setting; did you mean {meant}?"),
        None => "names no setting; unset it".to_owned(),
    }
}

/// A variable's pattern with the backend that the unknown name holds, so that the keys compare.
fn for_backend(pattern: &str, name: &str) -> String {
    let backend = name
        .strip_prefix("INTEGRATOR__BACKENDS__")
        .and_then(|rest| rest.split("__").next());
    pattern.replace("NAME", backend.unwrap_or("DEFAULT"))
}
