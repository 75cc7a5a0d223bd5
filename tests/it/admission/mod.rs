//! The gate in front of the backend, as callers meet it.
//!
//! Where the law is not what is asked about, lowest and highest rate are the same: then a gate is
//! a bucket that fills at that rate.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot arrange what it needs fails"
)]

mod closed_loop;
mod modes;
mod order;
mod ramp;
mod refusals;
mod scopes;
mod tokens;
mod turns;
mod twins;
mod unanswered;

use std::time::Duration;

use appattest_integrator::admission::Reading;
use appattest_integrator::admission::options::{Mode, Options, Scope};

use crate::harness::gates::{between, fixed};
use crate::harness::service::START;
use crate::harness::{Reply, Request, Service, Setup};

/// A rate at which a token takes [`REFILL`], and flows live for some tokens.
const SLOW_TPS: f64 = 0.01;
const REFILL: Duration = Duration::from_secs(100);
/// A rate at which no token comes while a flow lives.
const HARDLY_ANY_TPS: f64 = 0.0001;

/// The same for every step.
fn of_all_steps(options: Options) -> Options {
    Options {
        scope: Scope::AllSteps,
        ..options
    }
}

fn setup(options: Options) -> Setup {
    Setup {
        admission: Some(options),
        ..Setup::default()
    }
}

async fn gated(options: Options) -> Service {
    setup(options).start().await
}

fn keyed(key: &str) -> Request {
    Request::post("/v1/flows/start", START).header("idempotency-key", key)
}

impl Service {
    async fn start_flow(&self) -> Reply {
        self.post("/v1/flows/start", START).await
    }

    /// Lets time pass until the only gate, at [`SLOW_TPS`], has a token again.
    fn refill(&self) {
        self.clock.advance(REFILL);
    }

    /// Where the only gate stands.
    fn gate(&self) -> Reading {
        let mut readings = self.shared.gates.readings();
        assert_eq!(readings.len(), 1);
        readings.remove(0)
    }
}
