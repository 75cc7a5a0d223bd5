//! How many spans may wait: what comes beyond is dropped and counted. The queue behind it, with its
//! thread, is the library's, which counts what it drops for itself alone; so it is never full.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor,
};

use crate::telemetry::metrics::{Metrics, SpansDropped};

/// Spans that wait to be sent, those that are being sent included: about 16 MiB of them.
const WAITING: usize = 16_384;
/// Spans that go in one message.
const AT_ONCE: usize = 512;
/// How long a span waits for others.
const DELAY: Duration = Duration::from_secs(1);

/// How many spans wait. Whoever sends takes from it.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting(Arc<AtomicUsize>);

impl Waiting {
    /// Spans no longer wait: they were sent, or given up.
    pub(super) fn less(&self, spans: usize) {
        self.0.fetch_sub(spans, Ordering::Relaxed);
    }

    /// One more waits, if there is room for it.
    fn more(&self) -> bool {
        let room = self.0.fetch_add(1, Ordering::Relaxed) < WAITING;
        if !room {
            self.less(1);
        }
        room
    }
}

/// The queue, with its bound.
pub(super) struct Gate {
    queue: BatchSpanProcessor,
    waiting: Waiting,
    metrics: Arc<Metrics>,
}

impl Gate {
    /// A queue before an exporter that is told how many wait.
    pub(super) fn new<X, E>(
        exporter: impl FnOnce(Waiting) -> Result<X, E>,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, E>
    where
        X: SpanExporter + 'static,
    {
        let waiting = Waiting::default();
        // All that has a default in the environment is said.
        let config = BatchConfigBuilder::default()
            .with_max_queue_size(WAITING)
            .with_max_export_batch_size(AT_ONCE)
            .with_scheduled_delay(DELAY);
        Ok(Self {
            queue: BatchSpanProcessor::new(exporter(waiting.clone())?, config.build()),
            waiting,
            metrics: metrics.clone(),
        })
    }
}

impl SpanProcessor for Gate {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.queue.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if self.waiting.more() {
            self.queue.on_end(span);
        } else {
            self.metrics.spans_dropped(SpansDropped::QueueFull, 1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.queue.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.queue.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.queue.set_resource(resource);
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate")
            .field("waiting", &self.waiting)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::ready;

    use jiff::Timestamp;
    use opentelemetry::trace::{Span as _, Tracer as _, TracerProvider as _};
    use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};

    use super::*;

    /// A collector that keeps what it was given in its hands.
    #[derive(Debug)]
    struct Holding;

    impl SpanExporter for Holding {
        fn export(&self, _: Vec<SpanData>) -> impl Future<Output = OTelSdkResult> + Send {
            ready(Ok(()))
        }
    }

    #[test]
    fn no_more_spans_wait_than_may_and_the_others_are_counted() {
        let metrics = Arc::new(Metrics::new().unwrap());
        let gate = Gate::new(|_| Ok::<_, Infallible>(Holding), &metrics).unwrap();
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::AlwaysOn)
            .with_span_processor(gate)
            .build();
        let tracer = provider.tracer("test");

        for _ in 0..WAITING + 3 {
            tracer.start("span").end();
        }

        let told = metrics.render(None, &[], Timestamp::UNIX_EPOCH).unwrap();
        let counted = "integrator_trace_spans_dropped_total{reason=\"queue_full\"} 3";
        assert!(told.contains(counted), "{told}");
    }
}
