//! The service's own law: the very code that its gate runs.

use std::collections::BTreeMap;
use std::time::Duration;

use integrator_core::control::law::{Call, End, Law, Options};

use super::{CallNumber, Ended, Limiter, Shown};
use crate::laboratory::run::DEADLINE;

/// The law, and the calls it was told of.
#[derive(Debug)]
pub struct Controlled {
    law: Law,
    underway: BTreeMap<CallNumber, Call>,
}

impl Controlled {
    /// A gate with these settings.
    pub fn new(options: Options) -> Self {
        Self {
            law: Law::new(options, Duration::ZERO),
            underway: BTreeMap::new(),
        }
    }
}

impl Limiter for Controlled {
    fn admit(&mut self, now: Duration) -> Result<(), Duration> {
        self.law.admit(now)
    }

    fn sent(&mut self, now: Duration, call: CallNumber) {
        let told = self.law.sent(now);
        self.underway.insert(call, told);
    }

    fn ended(&mut self, now: Duration, ended: Ended) {
        let Some(call) = self.underway.remove(&ended.call) else {
            return;
        };
        let end = if ended.answered {
            End::Answered
        } else {
            End::Unanswered { deadline: DEADLINE }
        };
        self.law.ended(now, call, end);
    }

    fn shows(&mut self, now: Duration) -> Shown {
        let readings = self.law.read(now);
        Shown {
            rate_tps: Some(readings.rate_tps),
            concurrency: None,
            latency_ms: readings.ewma_ms,
        }
    }
}
