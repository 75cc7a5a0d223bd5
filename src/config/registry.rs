//! The one list of every setting: what is parsed, checked, suggested and documented comes from it.

use super::setting::Setting;
use super::{
    admission, auth, backends, build, flows, log, ops, protocols, server, store, telemetry,
};

/// Every section's settings, in the order in which they are documented.
const SECTIONS: [&[Setting]; 10] = [
    server::SETTINGS,
    ops::SETTINGS,
    backends::SETTINGS,
    protocols::SETTINGS,
    flows::SETTINGS,
    store::SETTINGS,
    admission::SETTINGS,
    auth::SETTINGS,
    log::SETTINGS,
    telemetry::SETTINGS,
];

/// Sections that are arrays of tables; they stand in the file only.
const ARRAYS: [&str; 1] = [auth::CALLERS];

/// Every setting that the file knows.
pub fn settings() -> impl Iterator<Item = &'static Setting> {
    SECTIONS.into_iter().flatten()
}

/// Settings that have no place in the file: the environment alone tells them.
pub fn environment_only() -> impl Iterator<Item = &'static Setting> {
    build::SETTINGS.iter()
}

/// The setting at a path that is written out (`backends.payments.timeout_ms`).
pub(super) fn find(path: &str) -> Option<&'static Setting> {
    let pattern = pattern(path);
    settings().find(|setting| setting.path == pattern)
}

/// The setting that an existing deployment's variable names.
pub(super) fn by_legacy(variable: &str) -> Option<&'static Setting> {
    settings()
        .chain(environment_only())
        .find(|setting| setting.legacy == Some(variable))
}

/// Whether a path that is written out is a section, or leads to one.
pub(super) fn is_section(path: &str) -> bool {
    let pattern = pattern(path);
    settings().any(|setting| {
        setting
            .path
            .strip_prefix(&pattern)
            .is_some_and(|rest| rest.starts_with('.'))
    })
}

/// Whether a section is an array of tables.
pub(super) fn is_array(section: &str) -> bool {
    ARRAYS.contains(&section)
}

/// A path with the name of a backend replaced by `NAME`.
fn pattern(path: &str) -> String {
    let mut parts: Vec<&str> = path.split('.').collect();
    if let [section, name, ..] = parts.as_mut_slice()
        && *section == backends::SECTION
    {
        *name = "NAME";
    }
    parts.join(".")
}

/// The names that may follow `prefix` (a section, or nothing for the top): keys and sections.
pub(super) fn names_in(prefix: &str) -> Vec<&'static str> {
    let pattern = if prefix.is_empty() {
        String::new()
    } else {
        format!("{}.", pattern(prefix))
    };
    let mut names: Vec<&str> = settings()
        .filter_map(|setting| setting.path.strip_prefix(&pattern))
        .filter_map(|rest| rest.split('.').next())
        .collect();
    names.dedup();
    names
}

/// The candidate that an unknown name was probably meant to be.
pub(super) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let most = (name.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::raw::Raw;
    use crate::config::setting::Gate;

    #[test]
    fn no_two_settings_share_a_path_or_a_variable() {
        let mut paths: Vec<_> = settings().map(|setting| setting.path).collect();
        let mut variables: Vec<_> = settings()
            .chain(environment_only())
            .filter_map(|setting| setting.legacy)
            .collect();
        paths.sort_unstable();
        variables.sort_unstable();
        assert!(paths.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(variables.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn every_default_is_a_value_that_the_setting_allows() {
        for setting in settings() {
            if let Some(default) = setting.default {
                assert!(setting.read(Raw::Text(default)).is_ok(), "{}", setting.path);
            }
        }
    }

    #[test]
    fn a_value_that_alone_is_allowed_is_the_default() {
        for setting in settings() {
            if let Gate::Only(off) = setting.gate {
                assert_eq!(setting.default, Some(off), "{}", setting.path);
            }
        }
    }

    #[test]
    fn a_setting_is_found_under_any_backends_name() {
        assert_eq!(
            find("backends.payments.timeout_ms").unwrap().path,
            "backends.NAME.timeout_ms"
        );
        assert!(find("backends.timeout_ms").is_none());
        assert!(is_section("backends") && is_section("backends.x") && is_section("server.tls"));
        assert!(!is_section("backends.x.timeout_ms") && !is_section("serve"));
    }

    #[test]
    fn the_nearest_name_is_suggested_and_a_far_one_is_not() {
        assert_eq!(nearest("lisen", names_in("server")), Some("listen"));
        assert_eq!(nearest("colour", names_in("server")), None);
    }
}
