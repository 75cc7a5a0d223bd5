//! Requests that come in, and calls that go out.

use std::time::Duration;

use integrator_core::protocol::{Protocol, Step};
use prometheus::{Error, HistogramVec, IntCounterVec};

use super::register::Registrar;
use crate::orchestrator::event::CallError;
use crate::telemetry::request::Exchange;

/// Stands for a protocol or step that no definition names.
const UNKNOWN: &str = "unknown";
/// Methods that are told apart; any other is `other`, so that callers cannot make labels.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

pub(super) struct ExchangeMetrics {
    rejections: IntCounterVec,
    http_duration: HistogramVec,
    backend_requests: IntCounterVec,
    backend_duration: HistogramVec,
}

impl ExchangeMetrics {
    pub(super) fn new(registrar: &Registrar<'_>) -> Result<Self, Error> {
        Ok(Self {
            rejections: registrar.counters(
                "rejections_total",
                &["protocol", "step", "code"],
                "Problem replies to step requests.",
            )?,
            http_duration: registrar.durations(
                "http_request_duration_seconds",
                &["route", "method", "status"],
                "Time from a request's head to its reply's.",
            )?,
            backend_requests: registrar.counters(
                "backend_requests_total",
                &["protocol", "step", "status"],
                "Calls to the backend, by HTTP status, 'unavailable' or 'timeout'.",
            )?,
            backend_duration: registrar.durations(
                "backend_request_duration_seconds",
                &["protocol", "step"],
                "Time that calls to the backend took.",
            )?,
        })
    }

    pub(super) fn exchange(&self, exchange: &Exchange<'_>) {
        let known = METHODS.iter().find(|method| **method == exchange.method);
        let method = known.copied().unwrap_or("other");
        let status = exchange.status.to_string();
        let labels = [exchange.route, method, &status];
        self.http_duration
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
            Err(CallError::Unavailable { .. }) => "unavailable".to_owned(),
            Err(CallError::TimedOut { .. }) => "timeout".to_owned(),
        };
        let (protocol, step) = (protocol.name(), step.name());
        self.backend_requests
            .with_label_values(&[protocol, step, &status])
            .inc();
        self.backend_duration
            .with_label_values(&[protocol, step])
            .observe(took.as_secs_f64());
    }
}
