//! The ends of every range, and the off values of what this build lacks.

use appattest_integrator::config::registry;
use appattest_integrator::config::setting::{Gate, Kind, Setting};

use super::{Layers, problems_of};

/// A file that gives one setting a value.
fn file(setting: &Setting, value: &str) -> String {
    format!("{} = {value}", setting.path.replace("NAME", "default"))
}

fn is_allowed(setting: &Setting, value: &str) -> bool {
    let problems = problems_of(&file(setting, value));
    !problems.contains("allowed: an integer from") && !problems.contains("allowed: a number from")
}

#[test]
fn both_ends_of_every_range_are_allowed_and_one_beyond_is_not() {
    for setting in registry::settings() {
        if let Kind::Integer { least, most, .. } = setting.kind {
            assert!(is_allowed(setting, &least.to_string()), "{}", setting.path);
            assert!(is_allowed(setting, &most.to_string()), "{}", setting.path);
            assert!(
                !is_allowed(setting, &(i128::from(least) - 1).to_string()),
                "{}",
                setting.path
            );
            assert!(
                !is_allowed(setting, &(most + 1).to_string()),
                "{}",
                setting.path
            );
        }
        if let Kind::Number { least, most } = setting.kind {
            assert!(is_allowed(setting, &least.to_string()), "{}", setting.path);
            assert!(is_allowed(setting, &most.to_string()), "{}", setting.path);
            assert!(
                !is_allowed(setting, &(least - 0.00001).to_string()),
                "{}",
                setting.path
            );
            assert!(
                !is_allowed(setting, &(most + 0.00001).to_string()),
                "{}",
                setting.path
            );
        }
    }
}

#[test]
fn every_word_is_allowed_in_its_own_case_only() {
    for setting in registry::settings().filter(|setting| setting.gate == Gate::Open) {
        if let (Kind::Word(words), false) = (setting.kind, setting.path.starts_with("auth.callers"))
        {
            for word in words {
                let own = problems_of(&file(setting, &format!("'{word}'")));
                assert!(!own.contains("allowed: one of"), "{own}");
                let upper = problems_of(&file(setting, &format!("'{}'", word.to_uppercase())));
                assert!(upper.contains("allowed: one of"), "{upper}");
            }
        }
    }
}

#[test]
fn booleans_are_true_false_1_and_0_in_file_and_environment() {
    for (value, on) in [("true", true), ("1", true), ("false", false), ("0", false)] {
        let file = Layers::none().file(format!("[log]\nartifacts = {value}"));
        assert_eq!(file.config().log.artifacts, on);
        let variable = Layers::none().variable("APP_ATTEST_DEBUG_LOG_ARTIFACTS", value);
        assert_eq!(variable.config().log.artifacts, on);
    }
    for value in ["2", "yes", "TRUE", " 1"] {
        let problems = Layers::none()
            .variable("APP_ATTEST_DEBUG_LOG_ARTIFACTS", value)
            .problems();
        assert!(
            problems.contains("allowed: true, false, 1 or 0"),
            "{problems}"
        );
    }
    assert!(problems_of("[log]\nartifacts = 2").contains("found the integer 2"));
}

#[test]
fn numbers_in_the_environment_are_plain() {
    for value in [
        "+5",
        "5_0",
        "0x5",
        " 5",
        "5.0",
        "1e1",
        "-5",
        "five",
        "99999999999999999999999",
    ] {
        let problems = Layers::none()
            .variable("INTEGRATOR__FLOWS__MAX", value)
            .problems();
        assert!(
            problems.contains("allowed: an integer from 1"),
            "{value}: {problems}"
        );
    }
}

#[test]
fn features_that_are_not_here_may_stand_at_their_off_value() {
    Layers::none()
        .file("[auth]\nmode = 'none'")
        .variable("INTEGRATOR__AUTH__MODE", "none")
        .config();
}

#[test]
fn turning_on_what_is_not_here_is_refused() {
    let mut problems = Vec::new();
    for value in [
        "server.tls.certificate = 'x'",
        "server.tls.key = 'x'",
        "server.tls.client_ca = 'x'",
        "auth.mode = 'api-key'",
        "auth.mode = 'mtls'",
        "[[auth.callers]]",
    ] {
        problems.push(problems_of(value));
    }
    insta::assert_snapshot!(problems.join("\n"));
}
