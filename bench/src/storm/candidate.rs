//! The ways in which the service meets the storm.

use integrator_bench::laboratory::candidate::Candidate as Limiter;
use integrator_core::control::law::Options;

/// One way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Candidate {
    /// Admission control is off.
    Off,
    /// The gate watches and counts, and refuses nothing.
    Observe,
    /// The gate refuses.
    Enforce,
}

impl Candidate {
    pub(crate) const ALL: [Self; 3] = [Self::Off, Self::Observe, Self::Enforce];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Observe => "observe",
            Self::Enforce => "enforce",
        }
    }

    /// What stands for it in the laboratory. A gate that observes changes nothing there, so that it
    /// is told once.
    pub(crate) fn limiter(self) -> Option<Limiter> {
        match self {
            Self::Off => Some(Limiter::None),
            Self::Observe => None,
            Self::Enforce => Some(Limiter::Law),
        }
    }

    /// The service's settings.
    pub(crate) fn variables(self, options: &Options) -> Vec<(&'static str, String)> {
        if self == Self::Off {
            return Vec::new();
        }
        let gains = options.gains;
        vec![
            ("INTEGRATOR__ADMISSION__ENABLED", "true".to_owned()),
            ("INTEGRATOR__ADMISSION__MODE", self.name().to_owned()),
            (
                "INTEGRATOR__ADMISSION__TARGET_LATENCY_MS",
                options.target_ms.to_string(),
            ),
            (
                "INTEGRATOR__ADMISSION__EWMA_ALPHA",
                options.ewma_alpha.to_string(),
            ),
            ("INTEGRATOR__ADMISSION__KP", gains.kp.to_string()),
            ("INTEGRATOR__ADMISSION__KI", gains.ki.to_string()),
            ("INTEGRATOR__ADMISSION__KD", gains.kd.to_string()),
            (
                "INTEGRATOR__ADMISSION__CONTROL_DT_MS",
                options.period.as_millis().to_string(),
            ),
            (
                "INTEGRATOR__ADMISSION__RATE_MIN_TPS",
                options.rate_min_tps.to_string(),
            ),
            (
                "INTEGRATOR__ADMISSION__RATE_MAX_TPS",
                options.rate_max_tps.to_string(),
            ),
            (
                "INTEGRATOR__ADMISSION__BURST_MAX_TOKENS",
                options.burst_max_tokens.to_string(),
            ),
        ]
    }
}
