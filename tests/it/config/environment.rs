//! Both families of environment variables.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::time::Duration;

use appattest_integrator::config::registry;
use appattest_integrator::config::setting::Setting;

use super::Layers;

#[test]
fn every_name_of_existing_deployments_is_heard() {
    let digest = "AB".repeat(32);
    let config = Layers::none()
        .variable(
            "APP_ATTEST_BACKEND_BASE_URL",
            "https://authority.internal/v2/",
        )
        .variable("APP_ATTEST_INTEGRATOR_PORT", "9000")
        .variable("APP_ATTEST_BACKEND_TIMEOUT_MS", "1500")
        .variable("APP_ATTEST_DEBUG_LOG_ARTIFACTS", "1")
        .variable("APP_ATTEST_BUILD_SHA256", &digest)
        .variable("APP_ATTEST_ADMISSION_CONTROL_ENABLED", "0")
        .variable("APP_ATTEST_TARGET_LATENCY_MS", "200")
        .variable("APP_ATTEST_EWMA_ALPHA", "0.2")
        .variable("APP_ATTEST_PID_KP", "0.5")
        .variable("APP_ATTEST_PID_KI", "0.05")
        .variable("APP_ATTEST_PID_KD", "0.1")
        .variable("APP_ATTEST_CONTROL_DT_MS", "500")
        .variable("APP_ATTEST_RATE_MIN_TPS", "1")
        .variable("APP_ATTEST_RATE_MAX_TPS", "200")
        .variable("APP_ATTEST_BURST_MAX_TOKENS", "50")
        .config();
    assert_eq!(
        config.backends["default"].base_url.as_str(),
        "https://authority.internal/v2"
    );
    assert_eq!(
        config.backends["default"].timeout,
        Duration::from_millis(1500)
    );
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:9000");
    assert!(config.log.artifacts);
    assert_eq!(config.build_sha256, Some(digest.to_lowercase()));
}

#[test]
fn every_name_of_existing_deployments_refuses_what_it_cannot_use() {
    let mut layers = Layers::none();
    for setting in registry::settings().chain(registry::environment_only()) {
        if let Some(variable) = setting.legacy {
            layers = layers.variable(variable, "?");
        }
    }
    insta::assert_snapshot!(layers.problems());
}

#[test]
fn the_defaults_of_existing_deployments_hold() {
    let defaults: Vec<String> = registry::settings()
        .filter_map(|setting| Some(format!("{} = {}", setting.legacy?, setting.default?)))
        .collect();
    insta::assert_snapshot!(defaults.join("\n"));
}

#[test]
fn every_setting_has_a_variable_of_its_own_but_tables() {
    let mut layers = Layers::none();
    for variable in registry::settings().filter_map(Setting::variable) {
        layers = layers.variable(variable.replace("NAME", "MY_PAY"), "?");
    }
    insta::assert_snapshot!(layers.problems());
}

#[test]
fn a_backends_variable_is_lower_cased_with_dashes() {
    let config = Layers::none()
        .variable(
            "INTEGRATOR__BACKENDS__MY_PAY__BASE_URL",
            "http://pay.internal",
        )
        .variable("INTEGRATOR__BACKENDS__MY_PAY__TIMEOUT_MS", "10")
        .config();
    assert_eq!(
        config.backends["my-pay"].base_url.as_str(),
        "http://pay.internal"
    );
    assert_eq!(config.backends["my-pay"].timeout, Duration::from_millis(10));
}

#[test]
fn an_empty_variable_is_unset() {
    let layers = Layers::none()
        .file("[server]\nlisten = \"127.0.0.1:1\"")
        .variable("INTEGRATOR__SERVER__LISTEN", "")
        .variable("APP_ATTEST_INTEGRATOR_PORT", "")
        .variable("INTEGRATOR__NO__SUCH", "");
    assert_eq!(layers.config().server.listen.port(), 1);
}

#[test]
fn unknown_variables_of_both_families_are_refused_and_those_of_others_are_not_looked_at() {
    let layers = Layers::none()
        .variable("INTEGRATOR__SERVER__LISTN", "x")
        .variable("INTEGRATOR__server__listen", "x")
        .variable("INTEGRATOR__BACKENDS__MY_PAY__TIMEOUT", "x")
        .variable("INTEGRATOR__BACKENDS__9__TIMEOUT_MS", "1")
        .variable("INTEGRATOR__BACKENDS__DEFAULT__HEADERS", "x")
        .variable("INTEGRATOR__BACKENDS__DEFAULT__HEADERS__AUTHORIZATION", "x")
        .variable("INTEGRATOR__AUTH__CALLERS", "x")
        .variable("INTEGRATOR__AUTH__CALLERS__NAME", "x")
        .variable("INTEGRATOR__", "x")
        .variable("INTEGRATOR__BUILD_SHA256", "x")
        .variable("APP_ATTEST_BACKEND_TIMEOUT", "x")
        .variable("APP_ATTEST_", "x")
        .variable("APPATTEST_BACKEND_LISTEN", "x")
        .variable("INTEGRATOR_HOME", "x")
        .variable("APP_ATTESTATION", "x");
    insta::assert_snapshot!(layers.problems());
}

#[test]
fn bytes_that_are_not_utf8_are_refused_under_our_names_only() {
    let bytes = || OsString::from_vec(vec![0xff, b'1']);
    let mut name = b"INTEGRATOR__".to_vec();
    name.push(0xff);
    let layers = Layers::none()
        .variable("INTEGRATOR__FLOWS__MAX", bytes())
        .variable("APP_ATTEST_PID_KP", bytes())
        .variable(OsString::from_vec(name), "x")
        .variable("PATH", bytes())
        .variable(bytes(), bytes());
    insta::assert_snapshot!(layers.problems());
}

#[test]
fn both_families_may_say_the_same_of_one_setting() {
    let config = Layers::none()
        .variable("APP_ATTEST_BACKEND_BASE_URL", "http://a.internal/")
        .variable(
            "INTEGRATOR__BACKENDS__DEFAULT__BASE_URL",
            "http://a.internal",
        )
        .variable("APP_ATTEST_INTEGRATOR_PORT", "9000")
        .variable("INTEGRATOR__SERVER__LISTEN", "[::1]:9000")
        .variable("APP_ATTEST_DEBUG_LOG_ARTIFACTS", "1")
        .variable("INTEGRATOR__LOG__ARTIFACTS", "true")
        .variable("APP_ATTEST_PID_KP", "0.50")
        .variable("INTEGRATOR__ADMISSION__KP", "0.5")
        .config();
    assert_eq!(config.server.listen.to_string(), "[::1]:9000");
    assert!(config.log.artifacts);
}

#[test]
fn both_families_saying_different_things_of_one_setting_contradict_each_other() {
    let layers = Layers::none()
        .variable("APP_ATTEST_BACKEND_BASE_URL", "http://a.internal")
        .variable(
            "INTEGRATOR__BACKENDS__DEFAULT__BASE_URL",
            "http://b.internal",
        )
        .variable("APP_ATTEST_INTEGRATOR_PORT", "9000")
        .variable("INTEGRATOR__SERVER__LISTEN", "127.0.0.1:9001")
        .variable("APP_ATTEST_DEBUG_LOG_ARTIFACTS", "1")
        .variable("INTEGRATOR__LOG__ARTIFACTS", "false");
    insta::assert_snapshot!(layers.problems());
}

#[test]
fn the_port_of_existing_deployments_leaves_the_host_to_lower_layers() {
    let layers = Layers::none()
        .file("[server]\nlisten = \"[::1]:1\"")
        .variable("APP_ATTEST_INTEGRATOR_PORT", "0");
    assert_eq!(layers.config().server.listen.to_string(), "[::1]:0");
    let layers = Layers::none().variable("APP_ATTEST_INTEGRATOR_PORT", "65536");
    insta::assert_snapshot!(layers.problems());
}
