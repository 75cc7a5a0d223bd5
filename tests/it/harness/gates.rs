//! Gates in front of the scripted backend.

use std::sync::Arc;
use std::time::Duration;

use appattest_integrator::admission::Gates;
use appattest_integrator::admission::options::{Mode, Options, Scope};
use appattest_integrator::clock::{Clock, ManualClock};
use integrator_core::control::law;
use integrator_core::control::pid::Gains;

/// A gate that lets requests pass at this rate, one at a time.
pub(crate) fn fixed(rate_tps: f64) -> Options {
    between(rate_tps, rate_tps)
}

/// A gate whose law chooses between these rates.
pub(crate) fn between(rate_min_tps: f64, rate_max_tps: f64) -> Options {
    Options {
        mode: Mode::Enforce,
        scope: Scope::NewFlows,
        law: law::Options {
            target_ms: 200.0,
            ewma_alpha: 0.2,
            gains: Gains {
                kp: 0.5,
                ki: 0.05,
                kd: 0.1,
            },
            period: Duration::from_millis(500),
            rate_min_tps,
            rate_max_tps,
            burst_max_tokens: 1.0,
        },
        ramp: None,
    }
}

/// The gates of a service; none where there are no options.
pub(super) fn gates_of(options: Option<&Options>, clock: &Arc<ManualClock>) -> Arc<Gates> {
    let clock: Arc<dyn Clock> = clock.clone();
    let gates = |options| Gates::new(options, ["default"], &clock);
    Arc::new(options.map_or_else(Gates::none, gates))
}
