//! Setting up the log: to standard output, never in the way of a request.

use std::sync::Arc;

use thiserror::Error;
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, filter::Targets};

use super::format::JsonLines;
use crate::clock::Clock;

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// Lines that wait to be written before further ones are dropped.
const WAITING_LINES: usize = 16_384;

/// The log cannot be set up.
#[derive(Debug, Error)]
#[error("the log cannot be set up: {0}")]
pub struct SetupError(#[from] TryInitError);

/// Sends events of at least `level` to standard output. Lines are dropped, not waited for, when
/// the reader of standard output does not keep up. The guard writes the rest when it is dropped.
///
/// # Errors
///
/// [`SetupError`] where this process has a log already.
pub fn set_up(
    format: Format,
    level: LevelFilter,
    clock: Arc<dyn Clock>,
) -> Result<WorkerGuard, SetupError> {
    let builder = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING_LINES)
        .lossy(true);
    let (writer, guard): (NonBlocking, WorkerGuard) = builder.finish(std::io::stdout());
    // Libraries speak up only when something is wrong; this program at the level that was asked.
    let libraries = level.min(LevelFilter::WARN);
    let targets = Targets::new()
        .with_default(libraries)
        .with_target("appattest_integrator", level);
    let time = WallTime(clock);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(false);
    let layer = match format {
        Format::Json => lines.event_format(JsonLines(time)).boxed(),
        Format::Text => lines.with_timer(time).boxed(),
    };
    tracing_subscriber::registry()
        .with(layer.with_filter(targets))
        .try_init()?;
    Ok(guard)
}

/// Times of log lines: RFC 3339, UTC, milliseconds.
#[derive(Clone)]
struct WallTime(Arc<dyn Clock>);

impl FormatTime for WallTime {
    fn format_time(&self, writer: &mut Writer<'_>) -> std::fmt::Result {
        write!(
            writer,
            "{}",
            self.0.wall().strftime("%Y-%m-%dT%H:%M:%S.%3fZ")
        )
    }
}
