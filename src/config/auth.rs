//! `[auth]`: who may call. This build knows no callers; that must be said before it listens to all.

use super::setting::{Feature, Gate, Kind, Setting};

pub(super) const MODE: &str = "auth.mode";
/// The array of tables that names the callers.
pub(super) const CALLERS: &str = "auth.callers";

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        MODE,
        Kind::Word(&["none", "api-key", "mtls"]),
        "How callers prove who they are.",
    )
    .default("none")
    .gate(Gate::Only("none")),
    setting(
        "auth.callers.name",
        Kind::Text,
        "The caller's name, in logs.",
    ),
    setting(
        "auth.callers.tenant",
        Kind::Text,
        "Whose flows it sees; `*` is everyone's.",
    ),
    setting(
        "auth.callers.scopes",
        Kind::List(&Kind::Word(&["flows", "operator", "metrics"])),
        "What it may do.",
    ),
    setting(
        "auth.callers.key_sha256",
        Kind::List(&Kind::Sha256),
        "SHA-256 of each of its keys.",
    ),
    setting(
        "auth.callers.client_certificate",
        Kind::Text,
        "The subject of its client certificate.",
    ),
];

const fn setting(path: &'static str, kind: Kind, meaning: &'static str) -> Setting {
    Setting::new(path, kind, Feature::Authentication, meaning)
}
