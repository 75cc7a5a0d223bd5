//! `[admission]`: admission control, which this build leaves off; its numbers are checked, but idle.

use super::setting::{Feature, Gate, Kind, Setting};
use super::settled::Settled;
use crate::problems::Problem;

const RATE_MIN: &str = "admission.rate_min_tps";
const RATE_MAX: &str = "admission.rate_max_tps";

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "admission.enabled",
        Kind::Boolean,
        "Whether starts are admitted at a controlled rate.",
    )
    .default("false")
    .legacy("APP_ATTEST_ADMISSION_CONTROL_ENABLED")
    .gate(Gate::Only("false")),
    setting(
        "admission.mode",
        Kind::Word(&["enforce", "observe"]),
        "Whether starts are refused, or only counted.",
    )
    .default("enforce"),
    setting(
        "admission.scope",
        Kind::Word(&["new_flows", "all_steps"]),
        "Which requests pass the gate.",
    )
    .default("new_flows"),
    setting(
        "admission.target_latency_ms",
        Kind::Integer {
            least: 1,
            most: 600_000,
            unit: "milliseconds",
        },
        "The backend latency that is aimed at.",
    )
    .default("200")
    .legacy("APP_ATTEST_TARGET_LATENCY_MS"),
    setting(
        "admission.ewma_alpha",
        Kind::Number {
            least: 0.0001,
            most: 1.0,
        },
        "The weight of a new sample in the average latency.",
    )
    .default("0.2")
    .legacy("APP_ATTEST_EWMA_ALPHA"),
    setting(
        "admission.kp",
        GAIN,
        "Proportional gain, starts per second for each millisecond.",
    )
    .default("0.5")
    .legacy("APP_ATTEST_PID_KP"),
    setting("admission.ki", GAIN, "Integral gain.")
        .default("0.05")
        .legacy("APP_ATTEST_PID_KI"),
    setting("admission.kd", GAIN, "Derivative gain.")
        .default("0.1")
        .legacy("APP_ATTEST_PID_KD"),
    setting(
        "admission.control_dt_ms",
        Kind::Integer {
            least: 10,
            most: 60_000,
            unit: "milliseconds",
        },
        "The time between two control steps.",
    )
    .default("500")
    .legacy("APP_ATTEST_CONTROL_DT_MS"),
    setting(RATE_MIN, RATE, "The lowest rate of starts, per second.")
        .default("1")
        .legacy("APP_ATTEST_RATE_MIN_TPS"),
    setting(RATE_MAX, RATE, "The highest rate of starts, per second.")
        .default("200")
        .legacy("APP_ATTEST_RATE_MAX_TPS"),
    setting(
        "admission.burst_max_tokens",
        Kind::Number {
            least: 1.0,
            most: 1_000_000.0,
        },
        "The most starts that may come at once.",
    )
    .default("50")
    .legacy("APP_ATTEST_BURST_MAX_TOKENS"),
];

const GAIN: Kind = Kind::Number {
    least: 0.0,
    most: 1000.0,
};
const RATE: Kind = Kind::Number {
    least: 0.01,
    most: 1_000_000.0,
};

const fn setting(path: &'static str, kind: Kind, meaning: &'static str) -> Setting {
    Setting::new(path, kind, Feature::Admission, meaning)
}

/// A lowest rate above the highest.
pub(super) fn contradictions(settled: &Settled) -> Option<Problem> {
    let (least, most) = (
        settled.number(RATE_MIN).ok()?,
        settled.number(RATE_MAX).ok()?,
    );
    (least > most).then(|| {
        let text = format!(
            "{least} is more than {RATE_MAX}, {most} ({}); allowed: at most that",
            settled.place(RATE_MAX)
        );
        Problem::at(RATE_MIN, settled.place(RATE_MIN), text)
    })
}
