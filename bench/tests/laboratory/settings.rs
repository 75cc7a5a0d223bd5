//! The laboratory plays the law as the service has it unless it is told otherwise.

use integrator_bench::laboratory::tuning::Tuning;
use toml::{Table, Value};

/// It has each setting at its default.
const FILE: &str = include_str!("../../../config/integrator.toml");

/// A number of the section `[admission]`.
fn number(key: &str) -> f64 {
    let file: Table = FILE.parse().expect("a configuration");
    match &file["admission"][key] {
        Value::Integer(whole) => *whole as f64,
        Value::Float(number) => *number,
        other => panic!("{key} is no number: {other}"),
    }
}

#[test]
fn the_laws_settings_are_the_defaults_of_the_configuration() {
    // A capacity that does not raise the ceiling.
    let options = Tuning::default().options(1.0);

    let played = [
        ("target_latency_ms", options.target_ms),
        ("ewma_alpha", options.ewma_alpha),
        ("kp", options.gains.kp),
        ("ki", options.gains.ki),
        ("kd", options.gains.kd),
        ("control_dt_ms", options.period.as_secs_f64() * 1e3),
        ("rate_min_tps", options.rate_min_tps),
        ("rate_max_tps", options.rate_max_tps),
        ("burst_max_tokens", options.burst_max_tokens),
    ];

    let configured = played.map(|(key, _)| (key, number(key)));
    assert_eq!(played, configured);
}
