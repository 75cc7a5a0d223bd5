//! `[admission]`: how requests are held back to spare backends. While it is off its numbers are
//! checked, but idle.

use integrator_core::control::law;
use integrator_core::control::pid::Gains;
use integrator_core::control::ramp::Ramp;

use super::setting::{Feature, Kind, RATE_LEAST, RATE_MOST, Setting};
use super::settled::Settled;
use super::value::RatePoint;
use crate::admission::options::{Mode, Options, Scope};
use crate::problems::Problem;

pub(super) const ENABLED: &str = "admission.enabled";
const MODE: &str = "admission.mode";
const SCOPE: &str = "admission.scope";
pub(super) const TARGET: &str = "admission.target_latency_ms";
const ALPHA: &str = "admission.ewma_alpha";
pub(super) const KP: &str = "admission.kp";
const KI: &str = "admission.ki";
const KD: &str = "admission.kd";
const PERIOD: &str = "admission.control_dt_ms";
pub(super) const RATE_MIN: &str = "admission.rate_min_tps";
pub(super) const RATE_MAX: &str = "admission.rate_max_tps";
const BURST: &str = "admission.burst_max_tokens";
pub(super) const SCHEDULE: &str = "admission.rate_max_schedule";

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        ENABLED,
        Kind::Boolean,
        "Whether requests are admitted at a rate that spares the backend.",
    )
    .default("false")
    .legacy("APP_ATTEST_ADMISSION_CONTROL_ENABLED"),
    setting(
        MODE,
        Kind::Word(&[Mode::Enforce.as_str(), Mode::Observe.as_str()]),
        "Whether requests without a token are refused, or only counted.",
    )
    .default("enforce"),
    setting(
        SCOPE,
        Kind::Word(&[Scope::NewFlows.as_str(), Scope::AllSteps.as_str()]),
        "Which requests need a token: starts, or all steps.",
    )
    .default("new_flows"),
    setting(
        TARGET,
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
        ALPHA,
        Kind::Number {
            least: 0.0001,
            most: 1.0,
        },
        "The weight of a new sample in the average latency.",
    )
    .default("0.2")
    .legacy("APP_ATTEST_EWMA_ALPHA"),
    setting(
        KP,
        GAIN,
        "Proportional gain, requests per second for each millisecond, at 200 a second; at other \
         rates in proportion.",
    )
    .default("0.5")
    .legacy("APP_ATTEST_PID_KP"),
    setting(
        KI,
        GAIN,
        "Integral gain, likewise, for each millisecond that lasts a second.",
    )
    .default("0.05")
    .legacy("APP_ATTEST_PID_KI"),
    setting(
        KD,
        GAIN,
        "Derivative gain, likewise, for each millisecond by which the latency rises in a second.",
    )
    .default("0.1")
    .legacy("APP_ATTEST_PID_KD"),
    setting(
        PERIOD,
        Kind::Integer {
            least: 10,
            most: 60_000,
            unit: "milliseconds",
        },
        "The time between two control steps.",
    )
    .default("500")
    .legacy("APP_ATTEST_CONTROL_DT_MS"),
    setting(
        RATE_MIN,
        RATE,
        "The lowest rate of requests that need a token, per second.",
    )
    .default("1")
    .legacy("APP_ATTEST_RATE_MIN_TPS"),
    setting(
        RATE_MAX,
        RATE,
        "The highest rate of requests that need a token, per second.",
    )
    .default("200")
    .legacy("APP_ATTEST_RATE_MAX_TPS"),
    setting(
        BURST,
        Kind::Number {
            least: 1.0,
            most: 1_000_000.0,
        },
        "The most requests that may come at once. In use is what comes in during half a second at \
         the rate in force (or during `control_dt_ms`, if that is longer), and at least 10 while \
         the gate is open; this setting only lowers that.",
    )
    .default("50")
    .legacy("APP_ATTEST_BURST_MAX_TOKENS"),
    setting(
        SCHEDULE,
        Kind::List(&Kind::RatePoint),
        "A ceiling by the calendar, below the highest rate; without it there is none.",
    ),
];

const GAIN: Kind = Kind::Number {
    least: 0.0,
    most: 1000.0,
};
const RATE: Kind = Kind::Number {
    least: RATE_LEAST,
    most: RATE_MOST,
};

const fn setting(path: &'static str, kind: Kind, meaning: &'static str) -> Setting {
    Setting::new(path, kind, Feature::Admission, meaning)
}

/// What gates are told, where admission control is on.
pub(super) fn assemble(settled: &Settled) -> Result<Option<Options>, Problem> {
    if !settled.boolean(ENABLED)? {
        return Ok(None);
    }
    let mode = if settled.text(MODE)? == Mode::Observe.as_str() {
        Mode::Observe
    } else {
        Mode::Enforce
    };
    let scope = if settled.text(SCOPE)? == Scope::AllSteps.as_str() {
        Scope::AllSteps
    } else {
        Scope::NewFlows
    };
    Ok(Some(Options {
        mode,
        scope,
        law: law_of(settled)?,
        ramp: ramp(settled),
    }))
}

fn law_of(settled: &Settled) -> Result<law::Options, Problem> {
    Ok(law::Options {
        target_ms: settled.duration(TARGET)?.as_secs_f64() * 1e3,
        ewma_alpha: settled.number(ALPHA)?,
        gains: Gains {
            kp: settled.number(KP)?,
            ki: settled.number(KI)?,
            kd: settled.number(KD)?,
        },
        period: settled.duration(PERIOD)?,
        rate_min_tps: settled.number(RATE_MIN)?,
        rate_max_tps: settled.number(RATE_MAX)?,
        burst_max_tokens: settled.number(BURST)?,
    })
}

fn ramp(settled: &Settled) -> Option<Ramp> {
    let points = settled.rate_points(SCHEDULE);
    let seconds = |point: &RatePoint| (point.at.as_duration().as_secs_f64(), point.rate_tps);
    (!points.is_empty()).then(|| Ramp::new(points.iter().map(seconds).collect()))
}
