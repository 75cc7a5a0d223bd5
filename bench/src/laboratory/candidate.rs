//! The limiters that are compared, and how each is set.

use std::time::Duration;

use integrator_core::control::law::Options;

use super::limiter::{Aimd, Controlled, Envoy, Fixed, Gradient2, Limiter, Limits, Unlimited};
use super::run::Scope;
use super::scenario::Scenario;

/// A limiter that takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Candidate {
    /// No limit
    None,
    /// A fixed rate: nine tenths of what the undisturbed plant can do
    Static,
    /// Additive increase, multiplicative decrease, as published
    Aimd,
    /// The same, where a call takes too long that takes longer than the target
    AimdTarget,
    /// The gradient limiter of Netflix, as published
    Gradient2,
    /// The gradient limiter of Envoy, as published
    Envoy,
    /// Additive increase, multiplicative decrease, fitted to backend and target
    AimdFitted,
    /// The gradient limiter of Netflix, fitted to backend and target
    Gradient2Fitted,
    /// The gradient limiter of Envoy, fitted to backend and target
    EnvoyFitted,
    /// The service's own law
    Law,
}

impl Candidate {
    /// Every one of them, in the order in which they are told.
    pub const ALL: [Self; 10] = [
        Self::None,
        Self::Static,
        Self::Aimd,
        Self::AimdTarget,
        Self::Gradient2,
        Self::Envoy,
        Self::AimdFitted,
        Self::Gradient2Fitted,
        Self::EnvoyFitted,
        Self::Law,
    ];

    /// Those that are drawn unless something else is said: more lines are none that one can tell
    /// apart.
    pub const DRAWN: [Self; 7] = [
        Self::None,
        Self::Static,
        Self::Aimd,
        Self::AimdTarget,
        Self::Gradient2,
        Self::Envoy,
        Self::Law,
    ];

    /// How it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Static => "static",
            Self::Aimd => "aimd",
            Self::AimdTarget => "aimd-target",
            Self::Gradient2 => "gradient2",
            Self::Envoy => "envoy",
            Self::AimdFitted => "aimd-fitted",
            Self::Gradient2Fitted => "gradient2-fitted",
            Self::EnvoyFitted => "envoy-fitted",
            Self::Law => "law",
        }
    }

    /// The limiter, before the plant of this scenario.
    pub fn limiter(
        self,
        scenario: &Scenario,
        scope: Scope,
        options: Options,
        seed: u64,
    ) -> Box<dyn Limiter> {
        let target = Duration::from_secs_f64(options.target_ms / 1e3);
        let fitted = fitted(scenario, target);
        match self {
            Self::None => Box::new(Unlimited),
            Self::Static => Box::new(fixed(scenario.capacity * scope.admissions_per_flow())),
            Self::Aimd => Box::new(Aimd::published()),
            Self::AimdTarget => Box::new(Aimd::too_long_after(target)),
            Self::Gradient2 => Box::new(Gradient2::default()),
            Self::Envoy => Box::new(Envoy::new(seed)),
            Self::AimdFitted => Box::new(Aimd::too_long_after(target).within(fitted)),
            Self::Gradient2Fitted => Box::new(Gradient2::within(fitted)),
            Self::EnvoyFitted => Box::new(Envoy::within(fitted, seed)),
            Self::Law => Box::new(Controlled::new(options)),
        }
    }
}

/// What an operator leaves who knows the capacity from a load test.
const MARGIN: f64 = 0.9;
/// The burst of a fixed rate, in seconds of the capacity; that of the law at its defaults.
const BURST_S: f64 = 0.25;

/// A bucket that holds less than one token never fills.
fn fixed(capacity_tps: f64) -> Fixed {
    Fixed::new(capacity_tps * MARGIN, (capacity_tps * BURST_S).max(1.0))
}

/// From as many calls as the plant ends while one takes that is alone, to as many as it ends in the
/// target (Little's law at its capacity): fewer leave it idle, more make it slower than is wanted.
fn fitted(scenario: &Scenario, target: Duration) -> Limits {
    let calls = |time: Duration| (scenario.calls_per_s() * time.as_secs_f64()).round();
    let least = calls(scenario.alone).max(1.0);
    Limits {
        least,
        greatest: calls(target).max(least),
    }
}
