//! The log and the traces of a process, from its configuration to their last words.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::ServeError;
use crate::clock::Clock;
use crate::config::{Config, Format};
use crate::entropy::SystemEntropy;
use crate::telemetry::log::{self, Log};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces::Traces;

/// How often the log tells of lines that it had to drop.
const OWNING_UP: Duration = Duration::from_secs(1);

/// What is written and sent until the process ends.
pub(super) struct Told {
    log: Log,
    traces: Option<Arc<Traces>>,
}

impl Told {
    /// Begins to write the log, and to send traces where the configuration says where to.
    pub(super) fn begin(
        config: &Config,
        clock: &Arc<dyn Clock>,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, ServeError> {
        let endpoint = config.telemetry.otlp_endpoint.as_ref();
        let traces = endpoint
            .map(|url| Traces::start(url.as_str(), Arc::new(SystemEntropy), metrics))
            .transpose()?;
        let format = match config.log.format {
            Format::Json => log::Format::Json,
            Format::Text => log::Format::Text,
        };
        let log = log::set_up(format, config.log.level, clock.clone(), traces.as_ref())?;
        let dropped = log.dropped().clone();
        metrics.count_dropped_lines(move || dropped.count());
        Ok(Self {
            log,
            traces: traces.map(Arc::new),
        })
    }

    /// Tells of dropped lines as long as it runs.
    pub(super) fn own_up(&self) -> impl Future<Output = ()> + Send + use<> {
        let dropped = self.log.dropped().clone();
        async move {
            let mut ticks = tokio::time::interval(OWNING_UP);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                dropped.tell();
            }
        }
    }

    /// Sends the spans that still wait and tells of the lines that were dropped.
    pub(super) async fn end(&self) {
        if let Some(traces) = self.traces.clone() {
            // It blocks, and signals are to be heard meanwhile.
            let ended = tokio::task::spawn_blocking(move || traces.end()).await;
            if let Err(error) = ended {
                tracing::error!(%error, "the sending of traces ended abnormally");
            }
        }
        self.log.dropped().tell();
    }
}
