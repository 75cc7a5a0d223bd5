//! The settings of the law, by their names in the configuration.

use std::time::Duration;

use integrator_core::control::law::Options;
use integrator_core::control::pid::Gains;

use super::numbers::{not_negative, positive, share};

/// What the settings are unless something else is said, as in `config/integrator.toml`.
const TARGET_MS: f64 = 200.0;
const ALPHA: f64 = 0.2;
const KP: f64 = 0.5;
const KI: f64 = 0.05;
const KD: f64 = 0.1;
const DT_MS: u64 = 500;
const MIN_TPS: f64 = 1.0;
const MAX_TPS: f64 = 200.0;
/// The burst, in seconds of the highest rate.
const BURST_S: f64 = 0.25;

/// What an operator sets.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Tuning {
    /// `target_latency_ms`
    #[arg(long, default_value_t = TARGET_MS, value_parser = positive)]
    pub target: f64,
    /// `ewma_alpha`
    #[arg(long, default_value_t = ALPHA, value_parser = share)]
    pub alpha: f64,
    /// `kp`
    #[arg(long, default_value_t = KP, value_parser = not_negative)]
    pub kp: f64,
    /// `ki`
    #[arg(long, default_value_t = KI, value_parser = not_negative)]
    pub ki: f64,
    /// `kd`
    #[arg(long, default_value_t = KD, value_parser = not_negative)]
    pub kd: f64,
    /// `control_dt_ms`
    #[arg(long, default_value_t = DT_MS, value_parser = clap::value_parser!(u64).range(10..))]
    pub dt: u64,
    /// `rate_min_tps`
    #[arg(long, default_value_t = MIN_TPS, value_parser = positive)]
    pub min: f64,
    /// `rate_max_tps`; if left out 200, or twice what the backend can do of what has to be
    /// admitted, where that is more
    #[arg(long, value_parser = positive)]
    pub max: Option<f64>,
    /// `burst_max_tokens`; if left out a quarter of a second of the highest rate
    #[arg(long, value_parser = positive)]
    pub burst: Option<f64>,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            target: TARGET_MS,
            alpha: ALPHA,
            kp: KP,
            ki: KI,
            kd: KD,
            dt: DT_MS,
            min: MIN_TPS,
            max: None,
            burst: None,
        }
    }
}

impl Tuning {
    /// Refuses settings that contradict each other, as the configuration does.
    ///
    /// # Errors
    ///
    /// When the lowest rate is above the highest.
    pub fn check(&self) -> Result<(), String> {
        match self.max {
            Some(max) if max < self.min => Err(format!(
                "--max {max} is below --min {}: the highest rate cannot be below the lowest",
                self.min
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// The law's options before a backend that can do so much a second of what is admitted.
    pub fn options(&self, capacity_tps: f64) -> Options {
        let usual_max = MAX_TPS.max(2.0 * capacity_tps).max(self.min);
        let rate_max_tps = self.max.unwrap_or(usual_max);
        Options {
            target_ms: self.target,
            ewma_alpha: self.alpha,
            gains: Gains {
                kp: self.kp,
                ki: self.ki,
                kd: self.kd,
            },
            period: Duration::from_millis(self.dt),
            rate_min_tps: self.min,
            rate_max_tps,
            burst_max_tokens: self.burst.unwrap_or(rate_max_tps * BURST_S).max(1.0),
        }
    }
}
