//! Traces, sent to a collector by OTLP over HTTP. A span that has ended waits in a bounded queue; a
//! thread of its own sends what waits, so that no request ever waits for a collector.
//!
//! A trace that a caller began is sent if the caller has it sampled; one that begins here always
//! is. Variables of the environment that other programs of OpenTelemetry read are not read.

mod exporter;
mod gate;
mod ids;

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, SpanLimits};
use thiserror::Error;
use tracing::Span;
use tracing::level_filters::LevelFilter;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::filter::{Filtered, Targets};
use tracing_subscriber::{Layer as _, Registry};

use self::exporter::Exporter;
use self::gate::Gate;
use self::ids::DrawnIds;
use super::metrics::Metrics;
use super::request::Exchange;
use crate::entropy::{self, Entropy, EntropyError};
use crate::spans::TARGET;

/// The name that a trace knows this service by.
const SERVICE: &str = "appattest-integrator";
/// What OTLP appends to the address of a collector.
const PATH: &str = "/v1/traces";
/// How long the spans that still wait may take to be sent when the service ends.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What takes the spans of [`crate::spans`] to the queue.
pub(super) type Layer = Filtered<OpenTelemetryLayer<Registry, SdkTracer>, Targets, Registry>;

/// Traces cannot be sent.
#[derive(Debug, Error)]
pub enum SetupError {
    /// The client of the collector cannot be made.
    #[error("the client of the collector cannot be made: {0}")]
    Client(#[from] reqwest::Error),
    /// No runtime for it.
    #[error("no runtime for the client of the collector: {0}")]
    Runtime(#[from] std::io::Error),
    /// No id for this instance.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// The sending of traces.
pub struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Begins to send to the collector at `endpoint`: its address without a trailing slash, or the
    /// whole address that ends in `/v1/traces`.
    ///
    /// # Errors
    ///
    /// [`SetupError`] where the system or TLS lacks what that needs.
    pub fn start(
        endpoint: &str,
        entropy: Arc<dyn Entropy>,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, SetupError> {
        let url = if endpoint.ends_with(PATH) {
            endpoint.to_owned()
        } else {
            format!("{endpoint}{PATH}")
        };
        let resource = resource(&entropy::uuid(&*entropy)?);
        let gate = Gate::new(
            |waiting| Exporter::new(url, waiting, metrics.clone()),
            metrics,
        )?;
        let provider = SdkTracerProvider::builder()
            // All that has a default in the environment is said.
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
            .with_span_limits(SpanLimits::default())
            .with_resource(resource)
            .with_id_generator(DrawnIds(entropy))
            .with_span_processor(gate)
            .build();
        Ok(Self { provider })
    }

    /// What the log's layers stand beside.
    pub(super) fn layer(&self) -> Layer {
        let scope = InstrumentationScope::builder(SERVICE).with_version(env!("CARGO_PKG_VERSION"));
        let tracer = self.provider.tracer_with_scope(scope.build());
        OpenTelemetryLayer::new(tracer)
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false)
            .with_filter(Targets::new().with_target(TARGET, LevelFilter::INFO))
    }

    /// Sends what still waits, in a bounded time, and then no more. It blocks: the log tells of
    /// spans that could not be sent.
    pub fn end(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LAST_WORDS) {
            tracing::warn!(cause = %error, "traces are left behind");
        }
    }
}

/// Tells the span of a request how it ended.
pub(super) fn record(exchange: &Exchange<'_>, span: &Span) {
    if span.is_disabled() {
        return;
    }
    span.record("http.response.status_code", exchange.status);
    span.record("integrator.correlation_id", exchange.correlation_id);
    let told = [
        ("integrator.flow_handle", exchange.flow_handle),
        ("integrator.protocol", exchange.protocol),
        ("integrator.step", exchange.step),
        ("integrator.state", exchange.state),
        ("integrator.attempt_id", exchange.attempt),
        ("error.type", exchange.code),
    ];
    for (name, value) in told {
        if let Some(value) = value {
            span.record(name, value);
        }
    }
    if exchange.replayed {
        span.record("integrator.replayed", true);
    }
    // What a caller did wrong is no failure of the service.
    if exchange.status >= 500 {
        span.record("otel.status_code", "error");
    }
}

/// Who tells: the service, and which instance of it.
fn resource(instance: &str) -> Resource {
    Resource::builder_empty()
        .with_service_name(SERVICE)
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attribute(KeyValue::new("service.instance.id", instance.to_owned()))
        .build()
}
