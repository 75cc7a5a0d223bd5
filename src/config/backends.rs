//! `[backends.NAME]`: the parties with authority, where they are and how long they may take.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use super::registry;
use super::setting::{Feature, Kind, Setting};
use super::settled::Settled;
use crate::backend::base_url::BaseUrl;
use crate::problems::Problem;

pub(super) const SECTION: &str = "backends";
/// The backend that always exists.
pub(super) const DEFAULT: &str = "default";

pub(super) const SETTINGS: &[Setting] = &[
    Setting::new(
        "backends.NAME.base_url",
        Kind::Url,
        Feature::Flows,
        "Where the backend is; a path in it is a prefix. Only `default` has a default.",
    )
    .default("http://127.0.0.1:8080")
    .legacy("APP_ATTEST_BACKEND_BASE_URL"),
    Setting::new(
        "backends.NAME.timeout_ms",
        Kind::Integer {
            least: 1,
            most: 600_000,
            unit: "milliseconds",
        },
        Feature::Flows,
        "The whole time that one call may take, connecting included.",
    )
    .default("3000")
    .legacy("APP_ATTEST_BACKEND_TIMEOUT_MS"),
    Setting::new(
        "backends.NAME.headers",
        Kind::Headers,
        Feature::Flows,
        "Headers sent with every call, such as a credential taken from the environment.",
    ),
];

/// One party with authority.
#[derive(Clone, PartialEq, Eq)]
pub struct Backend {
    /// Where it is.
    pub base_url: BaseUrl,
    /// The whole time that one call may take.
    pub timeout: Duration,
    /// Names and values sent with every call; the values may be credentials.
    pub headers: Vec<(String, String)>,
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Backend")
            .field("base_url", &self.base_url.as_str())
            .field("timeout", &self.timeout)
            .field("headers", &names)
            .finish()
    }
}

/// Every backend by its name.
pub(super) fn assemble(settled: &Settled) -> Result<BTreeMap<String, Backend>, Problem> {
    let backend = |name: &String| {
        let backend = Backend {
            base_url: settled.url(&base_url(name))?.clone(),
            timeout: settled.duration(&format!("{SECTION}.{name}.timeout_ms"))?,
            headers: settled.headers(&format!("{SECTION}.{name}.headers")),
        };
        Ok((name.clone(), backend))
    };
    settled.backends.keys().map(backend).collect()
}

/// Hands out the defaults of a backend other than `default`: all but where it is.
pub(super) fn defaults_of(name: &str, mut set: impl FnMut(&Setting, &str)) {
    for setting in SETTINGS.iter().filter(|setting| setting.kind != Kind::Url) {
        set(setting, &setting.path.replace("NAME", name));
    }
}

/// Backends that are named but cannot be found.
pub(super) fn contradictions(settled: &Settled) -> Vec<Problem> {
    let lost = |name: &&String| {
        settled.source(&base_url(name)).is_none() && !settled.is_broken(&base_url(name))
    };
    let problem = |name: &String| {
        let source = settled
            .backends
            .get(name)
            .map(ToString::to_string)
            .unwrap_or_default();
        let known: Vec<&String> = settled
            .backends
            .keys()
            .filter(|other| *other != name)
            .collect();
        let meant = registry::nearest(name, known.iter().map(|known| known.as_str()));
        let meant = meant
            .map(|known| format!(" (or did you mean the backend {known}?)"))
            .unwrap_or_default();
        let text = format!("is missing; the backend {name} needs one: an http or https URL{meant}");
        Problem::at(base_url(name), source, text)
    };
    settled.backends.keys().filter(lost).map(problem).collect()
}

/// Backends that are hardly meant: addresses that name no host, or that machines give themselves.
pub(super) fn warnings(backends: &BTreeMap<String, Backend>) -> Vec<String> {
    let warning = |(name, backend): (&String, &Backend)| {
        let address: IpAddr = backend
            .base_url
            .host()
            .trim_matches(['[', ']'])
            .parse()
            .ok()?;
        let what = doubtful(address.to_canonical())?;
        Some(format!(
            "{}: {} is {what}; a backend is seldom there",
            base_url(name),
            backend.base_url
        ))
    };
    backends.iter().filter_map(warning).collect()
}

fn doubtful(address: IpAddr) -> Option<&'static str> {
    let link_local = match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    match () {
        () if address.is_unspecified() => Some("the unspecified address"),
        () if link_local => Some("a link-local address (cloud metadata services are there)"),
        () => None,
    }
}

fn base_url(name: &str) -> String {
    format!("{SECTION}.{name}.base_url")
}
