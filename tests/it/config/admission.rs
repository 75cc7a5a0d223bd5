//! Admission control: turned on by any layer, and what its numbers must agree with.

use std::time::Duration;

use appattest_integrator::admission::options::{Mode, Options, Scope};
use integrator_core::control::law;
use integrator_core::control::pid::Gains;
use integrator_core::control::ramp::Ramp;

use super::{Layers, problems_of};
use crate::harness::gates::between;

/// What gates are told where nothing is said but that they be there.
fn defaults() -> Options {
    let mut options = between(1.0, 200.0);
    options.law.burst_max_tokens = 50.0;
    options
}

#[test]
fn it_is_off_unless_a_layer_turns_it_on() {
    assert_eq!(Layers::none().config().admission, None);
    for layers in [
        Layers::none().file("admission.enabled = true"),
        Layers::none().variable("INTEGRATOR__ADMISSION__ENABLED", "1"),
        Layers::none().variable("APP_ATTEST_ADMISSION_CONTROL_ENABLED", "true"),
    ] {
        assert_eq!(layers.config().admission, Some(defaults()));
    }
}

#[test]
fn existing_deployments_say_every_number_of_the_law() {
    let config = Layers::none()
        .variable("APP_ATTEST_ADMISSION_CONTROL_ENABLED", "1")
        .variable("APP_ATTEST_TARGET_LATENCY_MS", "150")
        .variable("APP_ATTEST_EWMA_ALPHA", "0.3")
        .variable("APP_ATTEST_PID_KP", "1.5")
        .variable("APP_ATTEST_PID_KI", "0.25")
        .variable("APP_ATTEST_PID_KD", "0")
        .variable("APP_ATTEST_CONTROL_DT_MS", "250")
        .variable("APP_ATTEST_RATE_MIN_TPS", "0.5")
        .variable("APP_ATTEST_RATE_MAX_TPS", "40")
        .variable("APP_ATTEST_BURST_MAX_TOKENS", "8")
        .config();

    let expected = law::Options {
        target_ms: 150.0,
        ewma_alpha: 0.3,
        gains: Gains {
            kp: 1.5,
            ki: 0.25,
            kd: 0.0,
        },
        period: Duration::from_millis(250),
        rate_min_tps: 0.5,
        rate_max_tps: 40.0,
        burst_max_tokens: 8.0,
    };
    assert_eq!(config.admission.unwrap().law, expected);
}

#[test]
fn mode_and_scope_are_said_in_a_word() {
    let config = Layers::none()
        .file("admission = { enabled = true, mode = 'observe', scope = 'all_steps' }")
        .config();

    let admission = config.admission.unwrap();
    assert_eq!(
        (admission.mode, admission.scope),
        (Mode::Observe, Scope::AllSteps)
    );
}

#[test]
fn a_schedule_is_a_list_in_the_file_and_separated_by_commas_in_the_environment() {
    let expected = Ramp::new(vec![(1_796_083_200.0, 10.0), (1_797_292_800.5, 50.5)]);
    let file = "enabled = true\nrate_max_schedule = \
                ['2026-12-01T00:00:00Z 10', '2026-12-15T01:00:00.5+01:00 50.5']";
    let variable = "2026-12-01T00:00:00Z 10, 2026-12-15T01:00:00.5+01:00 50.5";
    for layers in [
        Layers::none().file(format!("[admission]\n{file}")),
        Layers::none()
            .variable("INTEGRATOR__ADMISSION__ENABLED", "true")
            .variable("INTEGRATOR__ADMISSION__RATE_MAX_SCHEDULE", variable),
    ] {
        assert_eq!(
            layers.config().admission.unwrap().ramp.as_ref(),
            Some(&expected)
        );
    }
}

#[test]
fn a_schedule_without_items_is_none() {
    let file = "admission = { enabled = true, rate_max_schedule = [] }";

    assert_eq!(
        Layers::none().file(file).config().admission,
        Some(defaults())
    );
}

#[test]
fn what_is_wrong_with_a_schedule_is_told_by_its_item() {
    let mut told = Vec::new();
    for items in [
        "'soon'",
        "'2026-12-01T00:00:00Z'",
        "'2026-12-01T00:00:00Z 10', '2026-12-32T00:00:00Z 20'",
        "'2026-12-01 10'",
        "'2026-12-01T00:00:00Z fast'",
        "'2026-12-01T00:00:00Z 0'",
        "7",
        "'2026-12-02T00:00:00Z 10', '2026-12-02T00:00:00Z 20'",
        "'2026-12-02T00:00:00Z 10', '2026-12-01T00:00:00Z 20'",
        "'2026-12-01T00:00:00Z 10', '2026-12-02T00:00:00Z 0.5'",
    ] {
        told.push(problems_of(&format!(
            "[admission]\nrate_max_schedule = [{items}]"
        )));
    }
    told.push(problems_of(
        "admission.rate_max_schedule = '2026-12-01T00:00:00Z 10'",
    ));
    let variable = Layers::none().variable(
        "INTEGRATOR__ADMISSION__RATE_MAX_SCHEDULE",
        "2026-12-01T00:00:00Z 10,",
    );
    told.push(variable.problems());
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_schedule_has_at_most_100_items() {
    let items = |count: u32| {
        let item = |number| format!("'{}-01-01T00:00:00Z 10'", 1990 + number);
        let items: Vec<String> = (0..count).map(item).collect();
        problems_of(&format!(
            "[admission]\nrate_max_schedule = [{}]",
            items.join(", ")
        ))
    };

    assert_eq!(items(100), "");
    insta::assert_snapshot!(items(101), @"admission.rate_max_schedule (a.toml:2): found 101 items; allowed: at most 100");
}

#[test]
fn a_schedule_that_rises_above_the_highest_rate_is_doubtful() {
    let config = Layers::none()
        .file("admission.rate_max_schedule = ['2026-12-01T00:00:00Z 250']")
        .config();

    insta::assert_snapshot!(config.warnings.join("\n"), @"admission.rate_max_schedule: it rises to 250, but admission.rate_max_tps is 200 and is not exceeded");
}

#[test]
fn a_gain_that_is_small_for_its_target_is_doubtful_where_gates_are() {
    let file = "admission.target_latency_ms = 50\n";

    let on = Layers::none().file(format!("{file}admission.enabled = true"));

    insta::assert_snapshot!(on.config().warnings.join("\n"), @"admission.kp: 0.5 is little for admission.target_latency_ms, 50: the gate opens slowly; raise it in proportion, to about 2");
    let off = Layers::none().file(file).config();
    assert_eq!(off.warnings, Vec::<String>::new());
}

#[test]
fn a_gain_that_fits_its_target_or_moves_nothing_is_not_doubtful() {
    for settings in ["kp = 2", "rate_max_tps = 1"] {
        let file = format!("[admission]\nenabled = true\ntarget_latency_ms = 50\n{settings}");

        let config = Layers::none().file(&file).config();

        assert_eq!(config.warnings, Vec::<String>::new(), "{settings}");
    }
}

#[test]
fn a_target_that_no_call_of_a_backend_can_exceed_is_refused_where_gates_are() {
    let file = "backends.pay = { base_url = 'http://pay.internal', timeout_ms = 200 }\n\
                backends.shop = { base_url = 'http://shop.internal', timeout_ms = 201 }\n";

    let on = problems_of(&format!("{file}admission.enabled = true"));

    insta::assert_snapshot!(on, @"admission.target_latency_ms (default): 200 is not less than backends.pay.timeout_ms, 200 (a.toml:1), which no call exceeds: the backend would never be found slow; allowed: less than that");
    assert_eq!(problems_of(file), "");
}
