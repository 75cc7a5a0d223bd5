//! Admission control: where each gate stands, and what it decided.

use super::families::Families;
use crate::orchestrator::event::{Decided, Decision, Reading, Regime};

impl Families {
    /// Sets the gauges of each gate, and shows its counters before anything is counted. Gates are
    /// those of the configuration, so no series is ever left behind.
    pub(super) fn gates(&self, readings: &[Reading]) {
        for reading in readings {
            self.gate(reading);
            for class in reading.classes {
                for decision in Decision::ALL {
                    let decided = Decided {
                        class: *class,
                        mode: reading.mode,
                        decision,
                    };
                    self.decisions(&reading.backend, decided, 0);
                }
            }
        }
    }

    pub(super) fn decided(&self, backend: &str, decided: Decided) {
        self.decisions(backend, decided, 1);
    }

    fn gate(&self, reading: &Reading) {
        let (labels, law) = ([&*reading.backend], &reading.law);
        // Before a call has ended there is no latency, and 0 would be a very good one; before a
        // control step has acted on one there is no error, and 0 would be one at its target.
        for (gauge, value) in [
            (&self.admission_ewma, law.ewma_ms),
            (&self.admission_error, law.error_ms),
        ] {
            if let Some(value) = value {
                gauge.with_label_values(&labels).set(value + 0.0);
            }
        }
        for (gauge, value) in [
            (&self.admission_setpoint, law.setpoint_ms),
            (&self.admission_p, law.p_tps),
            (&self.admission_i, law.i_tps),
            (&self.admission_d, law.d_tps),
            (&self.admission_rate, law.rate_tps),
            (&self.admission_rate_max, law.rate_max_tps),
            (&self.admission_tokens, law.tokens),
        ] {
            // A term that is negative zero is nothing, and is shown so.
            gauge.with_label_values(&labels).set(value + 0.0);
        }
        for regime in Regime::ALL {
            let labels = [&*reading.backend, regime.as_str()];
            let is_in = i64::from(regime == law.regime);
            self.admission_regime.with_label_values(&labels).set(is_in);
        }
    }

    fn decisions(&self, backend: &str, decided: Decided, number: u64) {
        let Decided {
            class,
            mode,
            decision,
        } = decided;
        let labels = [backend, class.as_str(), mode.as_str(), decision.as_str()];
        self.admission_decisions
            .with_label_values(&labels)
            .inc_by(number);
    }
}
