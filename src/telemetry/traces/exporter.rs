//! Sends spans to the collector: one message by OTLP over HTTP, in protobuf, at a time, on the
//! thread of the queue. What a collector does not take is counted and given up: nothing is sent
//! twice, so that an outage of it costs no more than the queue holds.

use std::fmt;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use prost::Message as _;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, redirect, retry};
use tokio::runtime;

use super::SetupError;
use super::gate::Waiting;
use crate::telemetry::metrics::{Metrics, SpansDropped};

/// How long a message may take, its answer included. At the end two of them fit into the time that
/// is given for what still waits.
const PATIENCE: Duration = Duration::from_millis(2_500);
/// As much of an answer is read.
const ANSWER_BYTES: usize = 64 * 1024;
const PROTOBUF: &str = "application/x-protobuf";

/// The way to one collector.
pub(super) struct Exporter {
    client: Client,
    url: String,
    runtime: runtime::Runtime,
    resource: ResourceAttributesWithSchema,
    waiting: Waiting,
    metrics: Arc<Metrics>,
    /// Spans given up since the collector took some last.
    lost: AtomicU64,
}

impl Exporter {
    /// A way to the collector, without a connection yet.
    pub(super) fn new(
        url: String,
        waiting: Waiting,
        metrics: Arc<Metrics>,
    ) -> Result<Self, SetupError> {
        let client = Client::builder()
            .http1_only()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .no_proxy()
            .timeout(PATIENCE)
            .user_agent(concat!("appattest-integrator/", env!("CARGO_PKG_VERSION")));
        // A machine without root certificates still reaches a collector without TLS.
        let client = if url.starts_with("https:") {
            client
        } else {
            client.tls_certs_only([])
        };
        Ok(Self {
            client: client.build()?,
            url,
            runtime: runtime::Builder::new_current_thread()
                .enable_all()
                .build()?,
            resource: ResourceAttributesWithSchema::default(),
            waiting,
            metrics,
            lost: AtomicU64::new(0),
        })
    }

    /// Sends one message. Tells how many of its spans the collector refused, or why it took none.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place that sends to a collector, bounded in time"
    )]
    async fn send(&self, message: Vec<u8>) -> Result<u64, String> {
        let sent = self.client.post(&self.url);
        let sent = sent.header(CONTENT_TYPE, PROTOBUF).body(message).send();
        let mut response = sent.await.map_err(|error| innermost(&error))?;
        let status = response.status().as_u16();
        if !response.status().is_success() {
            return Err(format!("it answers with status {status}"));
        }
        let mut answer = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| innermost(&error))? {
            answer.extend_from_slice(&part);
            if answer.len() > ANSWER_BYTES {
                return Err(format!("its answer is longer than {ANSWER_BYTES} bytes"));
            }
        }
        let answer = ExportTraceServiceResponse::decode(answer.as_slice())
            .map_err(|_| "its answer is none of OTLP over HTTP".to_owned())?;
        let partial = answer.partial_success.unwrap_or_default();
        Ok(u64::try_from(partial.rejected_spans).unwrap_or_default())
    }

    /// Counts how a message ended. Of an outage the log tells once, and once that it is over.
    fn note(&self, spans: u64, ended: &Result<u64, String>) {
        match ended {
            Ok(refused) => {
                self.metrics.spans_dropped(SpansDropped::Refused, *refused);
                let lost = self.lost.swap(0, Ordering::Relaxed);
                if lost > 0 {
                    tracing::info!(spans = lost, "the collector takes traces again");
                }
            }
            Err(cause) => {
                self.metrics.spans_dropped(SpansDropped::NotSent, spans);
                if self.lost.fetch_add(spans, Ordering::Relaxed) == 0 {
                    tracing::warn!(cause, "the collector takes no traces");
                }
            }
        }
    }
}

impl SpanExporter for Exporter {
    fn export(&self, batch: Vec<SpanData>) -> impl Future<Output = OTelSdkResult> + Send {
        let spans = batch.len();
        let message = ExportTraceServiceRequest {
            resource_spans: group_spans_by_resource_and_scope(batch, &self.resource),
        };
        let ended = self.runtime.block_on(self.send(message.encode_to_vec()));
        self.note(u64::try_from(spans).unwrap_or(u64::MAX), &ended);
        self.waiting.less(spans);
        ready(ended.map(drop).map_err(OTelSdkError::InternalFailure))
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.resource = resource.into();
    }
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// The innermost cause says most.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
