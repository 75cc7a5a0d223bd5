//! What a setting is: where it stands, what it may hold, what it is when nobody says, and why.

/// A feature that settings belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// Ordering flows, keeping them, and asking backends.
    Flows,
    /// Listening, draining, and the listener for operators.
    Service,
    /// TLS on the listener.
    Tls,
    /// Admission control.
    Admission,
    /// Callers, their credentials and scopes.
    Authentication,
    /// Logs.
    Logs,
    /// Traces sent to a collector.
    Traces,
}

impl Feature {
    /// The feature's name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Feature::Flows => "flows",
            Feature::Service => "the service",
            Feature::Tls => "TLS",
            Feature::Admission => "admission control",
            Feature::Authentication => "authentication",
            Feature::Logs => "logs",
            Feature::Traces => "sending traces",
        }
    }
}

/// The lowest rate per second that can be said.
pub const RATE_LEAST: f64 = 0.01;
/// The highest rate per second that can be said.
pub const RATE_MOST: f64 = 1_000_000.0;

/// What a value may be: its type and its range, both ends included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A whole number of `unit`.
    Integer {
        /// The least that is allowed.
        least: u64,
        /// The most that is allowed.
        most: u64,
        /// What is counted.
        unit: &'static str,
    },
    /// A finite number.
    Number {
        /// The least that is allowed.
        least: f64,
        /// The most that is allowed.
        most: f64,
    },
    /// On or off.
    Boolean,
    /// One of these words.
    Word(&'static [&'static str]),
    /// The name of a protocol or a backend.
    Name,
    /// A text that is not empty.
    Text,
    /// A file or a folder.
    Path,
    /// An IP address with a port.
    Address,
    /// The URL of a backend or a collector.
    Url,
    /// The URL of a store; it may hold a password, so it is never shown.
    StoreUrl,
    /// 64 hexadecimal digits; never shown, since a key may stand in its place by mistake.
    Sha256,
    /// Header name to value; never shown.
    Headers,
    /// A time of the calendar and a rate per second.
    RatePoint,
    /// Any number of one kind.
    List(&'static Kind),
}

impl Kind {
    /// What is allowed, as messages and documents say it.
    pub fn allowed(&self) -> String {
        match self {
            Kind::Integer { least, most, unit } => {
                format!("an integer from {least} to {most} ({unit})")
            }
            Kind::Number { least, most } => format!("a number from {least} to {most}"),
            Kind::Boolean => "true, false, 1 or 0".to_owned(),
            Kind::Word(words) => format!("one of {}", words.join(", ")),
            Kind::Name => "a name of 1 to 40 of a-z, 0-9 and -, beginning with a letter".to_owned(),
            Kind::Text => "a text that is not empty".to_owned(),
            Kind::Path => "a path".to_owned(),
            Kind::Address => {
                "an IP address and a port, such as 127.0.0.1:8090 or [::1]:8090".to_owned()
            }
            Kind::Url => "an http or https URL with a host and at most a path".to_owned(),
            Kind::StoreUrl => "a redis, rediss, postgres or postgresql URL with a host".to_owned(),
            Kind::Sha256 => "64 hexadecimal digits".to_owned(),
            Kind::Headers => {
                "a table of header names and values; a value may be env:NAME".to_owned()
            }
            Kind::RatePoint => format!(
                "a time of RFC 3339 and a rate from {RATE_LEAST} to {RATE_MOST}, such as \
                 2026-12-01T00:00:00Z 10"
            ),
            Kind::List(item) => format!("a list, each item {}", item.allowed()),
        }
    }
}

/// What a build that lacks a setting's feature accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// The whole range: the feature is here, or the setting is idle while the feature is off.
    Open,
    /// This value and no other.
    Only(&'static str),
    /// Nothing: the setting is left out.
    Absent,
}

/// One setting. `NAME` in its path stands for any name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// Section and key, with dots: `backends.NAME.timeout_ms`.
    pub path: &'static str,
    /// What it may hold.
    pub kind: Kind,
    /// What it is when no layer says so, as it is written in the environment.
    pub default: Option<&'static str>,
    /// The variable that existing deployments use. For an address it names the port only.
    pub legacy: Option<&'static str>,
    /// The feature that it belongs to.
    pub feature: Feature,
    /// What this build accepts.
    pub gate: Gate,
    /// What it means, in one line.
    pub meaning: &'static str,
}

impl Setting {
    /// A setting without default and legacy name, open in this build.
    pub(super) const fn new(
        path: &'static str,
        kind: Kind,
        feature: Feature,
        meaning: &'static str,
    ) -> Setting {
        Setting {
            path,
            kind,
            default: None,
            legacy: None,
            feature,
            gate: Gate::Open,
            meaning,
        }
    }

    /// With a default.
    pub(super) const fn default(mut self, text: &'static str) -> Setting {
        self.default = Some(text);
        self
    }

    /// With the variable that existing deployments use.
    pub(super) const fn legacy(mut self, variable: &'static str) -> Setting {
        self.legacy = Some(variable);
        self
    }

    /// That this build leaves at its off value.
    pub(super) const fn gate(mut self, gate: Gate) -> Setting {
        self.gate = gate;
        self
    }

    /// The section: the path without the key.
    pub fn section(&self) -> &'static str {
        self.path
            .rsplit_once('.')
            .map_or("", |(section, _)| section)
    }

    /// The key inside its section.
    pub fn key(&self) -> &'static str {
        self.path.rsplit_once('.').map_or(self.path, |(_, key)| key)
    }

    /// The variable of the newer family, `NAME` standing for any name. Tables, what stands inside
    /// arrays of tables, and what has no section have none.
    pub fn variable(&self) -> Option<String> {
        let section = self.section();
        let without =
            section.is_empty() || self.kind == Kind::Headers || super::registry::is_array(section);
        (!without).then(|| {
            format!(
                "INTEGRATOR__{}",
                self.path.to_uppercase().replace('.', "__")
            )
        })
    }
}
