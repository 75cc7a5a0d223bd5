//! Requests that come in, and calls that go out.

use std::time::Duration;

use integrator_core::protocol::{Protocol, Step};

use super::families::Families;
use crate::orchestrator::event::CallError;
use crate::telemetry::request::Exchange;

/// Stands for a protocol or step that no definition names.
const UNKNOWN: &str = "unknown";
/// How a call ended that brought no whole answer.
pub(super) const UNAVAILABLE: &str = "unavailable";
/// How a call ended that took too long.
pub(super) const TIMEOUT: &str = "timeout";
/// Methods that are told apart; any other is `other`, so that callers cannot make labels.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

impl Families {
    pub(super) fn exchange(&self, exchange: &Exchange<'_>) {
        let known = METHODS.iter().find(|method| **method == exchange.method);
        let method = known.copied().unwrap_or("other");
        let status = exchange.status.to_string();
        let labels = [exchange.route, method, &status];
        self.http_request_duration
            .with_label_values(&labels)
            .observe(exchange.took.as_secs_f64());
        if let Some(code) = exchange.code.filter(|_| exchange.is_step()) {
            let protocol = exchange.protocol.unwrap_or(UNKNOWN);
            let step = exchange.step.unwrap_or(UNKNOWN);
            self.rejections
                .with_label_values(&[protocol, step, code])
                .inc();
        }
    }

    pub(super) fn called(
        &self,
        protocol: &Protocol,
        step: &Step,
        ended: Result<u16, &CallError>,
        took: Duration,
    ) {
        let status = match ended {
            Ok(status) => status.to_string(),
            Err(CallError::Unavailable { .. }) => UNAVAILABLE.to_owned(),
            Err(CallError::TimedOut { .. }) => TIMEOUT.to_owned(),
        };
        let (protocol, step) = (protocol.name(), step.name());
        self.backend_requests
            .with_label_values(&[protocol, step, &status])
            .inc();
        self.backend_request_duration
            .with_label_values(&[protocol, step])
            .observe(took.as_secs_f64());
    }
}
