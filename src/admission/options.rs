//! What a gate may be told.

use std::fmt;

use integrator_core::control::law;
use integrator_core::control::ramp::Ramp;

use super::decision::Class;

/// How gates hold requests back. All gates of a process have the same options.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// What becomes of a request that finds no token.
    pub mode: Mode,
    /// Which requests need a token.
    pub scope: Scope,
    /// The control law's target, gains and bounds.
    pub law: law::Options,
    /// A ceiling by wall time, below the law's own.
    pub ramp: Option<Ramp>,
}

/// A few words for whoever runs the service.
impl fmt::Display for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mode, scope) = (self.mode.as_str(), self.scope.as_str());
        let law::Options {
            target_ms,
            rate_min_tps,
            rate_max_tps,
            ..
        } = self.law;
        let requests = match self.scope {
            Scope::NewFlows => "starts",
            Scope::AllSteps => "steps",
        };
        let ceiling = match self.ramp {
            Some(_) => ", ceiling by schedule",
            None => "",
        };
        write!(
            formatter,
            "{mode}, {scope}, target {target_ms} ms, {rate_min_tps} to {rate_max_tps} {requests} \
             a second{ceiling}, per process"
        )
    }
}

/// What becomes of a request that finds no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is refused.
    Enforce,
    /// It passes, and is counted as one that would have been refused.
    Observe,
}

impl Mode {
    /// Its word in settings, metrics and log lines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Observe => "observe",
        }
    }
}

/// Which requests need a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those that start a flow, so that flows that have begun can finish.
    NewFlows,
    /// All.
    AllSteps,
}

impl Scope {
    /// Its word in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewFlows => "new_flows",
            Self::AllSteps => "all_steps",
        }
    }

    /// The kinds of requests that need a token.
    #[must_use]
    pub const fn classes(self) -> &'static [Class] {
        match self {
            Self::NewFlows => &[Class::NewFlow],
            Self::AllSteps => &Class::ALL,
        }
    }
}
