//! Setting up the log: to standard output, never in the way of a request.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use thiserror::Error;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::fmt::format;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, filter::Targets};

use super::format::{JsonLines, TextLines};
use super::traces::Traces;
use crate::clock::Clock;
use crate::spans;

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

/// What the log needs until the end.
pub struct Log {
    /// Writes what waits when it is dropped.
    _written_at_the_end: WorkerGuard,
    dropped: DroppedLines,
}

impl Log {
    /// The count of lines that were dropped.
    #[must_use]
    pub fn dropped(&self) -> &DroppedLines {
        &self.dropped
    }
}

/// Sends events of at least `level` to standard output, and spans to `traces` if they are sent.
/// Lines are dropped, not waited for, when the reader of standard output does not keep up.
///
/// # Errors
///
/// [`SetupError`] where this process has a log already.
pub fn set_up(
    format: Format,
    level: LevelFilter,
    clock: Arc<dyn Clock>,
    traces: Option<&Traces>,
) -> Result<Log, SetupError> {
    let (writer, guard) = non_blocking(std::io::stdout(), WAITING_LINES);
    let dropped = DroppedLines::of(&writer);
    // Nothing is between the registry and the layer of traces, which looks for it there.
    match traces {
        Some(traces) => tracing_subscriber::registry()
            .with(traces.layer())
            .with(lines(format, level, clock, writer))
            .try_init()?,
        None => tracing_subscriber::registry()
            .with(lines(format, level, clock, writer))
            .try_init()?,
    }
    Ok(Log {
        _written_at_the_end: guard,
        dropped,
    })
}

fn non_blocking(
    to: impl Write + Send + 'static,
    waiting_lines: usize,
) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default()
        .buffered_lines_limit(waiting_lines)
        .lossy(true)
        .finish(to)
}

fn lines<S>(
    format: Format,
    level: LevelFilter,
    clock: Arc<dyn Clock>,
    writer: NonBlocking,
) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    // Libraries speak up only when something is wrong; this program at the level that was asked.
    let libraries = level.min(LevelFilter::WARN);
    let targets = Targets::new()
        .with_default(libraries)
        .with_target("appattest_integrator", level)
        .with_target(spans::TARGET, LevelFilter::OFF);
    let time = WallTime(clock);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(false);
    let layer = match format {
        Format::Json => lines.event_format(JsonLines(time)).boxed(),
        Format::Text => lines.event_format(TextLines(time)).boxed(),
    };
    layer.with_filter(targets)
}

/// How many lines were dropped. It tells of them in the log, once there is room again.
#[derive(Clone)]
pub struct DroppedLines {
    counter: ErrorCounter,
    told: Arc<AtomicU64>,
}

impl DroppedLines {
    fn of(writer: &NonBlocking) -> Self {
        Self {
            counter: writer.error_counter(),
            told: Arc::default(),
        }
    }

    /// All of them since the start.
    #[must_use]
    pub fn count(&self) -> u64 {
        u64::try_from(self.counter.dropped_lines()).unwrap_or(u64::MAX)
    }

    /// Tells of those that were dropped since it told last. Where that line is dropped too, it is
    /// one of those that the next one tells of.
    pub fn tell(&self) {
        let count = self.count();
        let untold = count.saturating_sub(self.told.load(Ordering::Relaxed));
        if untold == 0 {
            return;
        }
        tracing::warn!(lines = untold, "log lines were dropped");
        if self.count() == count {
            self.told.store(count, Ordering::Relaxed);
        }
    }
}

/// Times of log lines: RFC 3339, UTC, milliseconds.
#[derive(Clone)]
struct WallTime(Arc<dyn Clock>);

impl FormatTime for WallTime {
    fn format_time(&self, writer: &mut format::Writer<'_>) -> std::fmt::Result {
        write!(
            writer,
            "{}",
            self.0.wall().strftime("%Y-%m-%dT%H:%M:%S.%3fZ")
        )
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;
    use crate::clock::SystemClock;
    use crate::entropy::SystemEntropy;
    use crate::telemetry::metrics::Metrics;
    use crate::trace_context::TraceContext;

    /// Standard output whose reader waits until it is let go.
    struct Slow {
        wait: Receiver<()>,
        written: Arc<Mutex<String>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // It ends when nobody is there any more to let it go.
            let _let_go = self.wait.recv();
            let mut written = self.written.lock().unwrap();
            written.push_str(std::str::from_utf8(bytes).unwrap());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn slow() -> (Sender<()>, Arc<Mutex<String>>, NonBlocking, WorkerGuard) {
        let (let_go, wait) = channel();
        let written = Arc::<Mutex<String>>::default();
        let to = Slow {
            wait,
            written: written.clone(),
        };
        let (writer, guard) = non_blocking(to, 1);
        (let_go, written, writer, guard)
    }

    fn text(writer: NonBlocking) -> impl Subscriber + Send + Sync {
        let clock = Arc::new(SystemClock::start());
        tracing_subscriber::registry().with(lines(Format::Text, LevelFilter::INFO, clock, writer))
    }

    #[test]
    fn lines_that_were_dropped_are_counted_and_told_of_once_there_is_room() {
        let (let_go, written, writer, _guard) = slow();
        let dropped = DroppedLines::of(&writer);
        let _log = tracing::subscriber::set_default(text(writer));

        for _ in 0..10 {
            tracing::info!("stopped");
        }
        let lost = dropped.count();
        drop(let_go);
        while !written.lock().unwrap().contains("log lines were dropped") {
            dropped.tell();
        }
        dropped.tell();

        assert!((8..10).contains(&lost), "{lost}");
        let written = written.lock().unwrap();
        let told = written.lines().filter(|line| line.contains("dropped"));
        assert_eq!(told.count(), 1, "{written}");
        assert!(
            written.contains(&format!("log lines were dropped lines={}", dropped.count())),
            "{written}"
        );
    }

    #[test]
    fn where_no_traces_are_sent_no_span_is_made_and_the_context_goes_on_as_it_came() {
        let (_let_go, _, writer, _guard) = slow();
        let _log = tracing::subscriber::set_default(text(writer));
        let context = TraceContext::adopt(None, None, &SystemEntropy).unwrap();

        let span = spans::request("GET", Some("/v1/flows/{flowHandle}/status"));

        assert!(span.is_disabled());
        assert_eq!(context.within(&span), context);
    }

    #[test]
    fn where_traces_are_sent_a_span_is_in_them_and_not_in_the_log() {
        let (let_go, written, writer, guard) = slow();
        drop(let_go);
        let metrics = Arc::new(Metrics::new().unwrap());
        let traces = Traces::start("http://127.0.0.1:9", Arc::new(SystemEntropy), &metrics);
        let clock = Arc::new(SystemClock::start());
        let subscriber = tracing_subscriber::registry()
            .with(traces.unwrap().layer())
            .with(lines(Format::Text, LevelFilter::TRACE, clock, writer));
        let log = tracing::subscriber::set_default(subscriber);
        let context = TraceContext::adopt(None, Some("a=b"), &SystemEntropy).unwrap();

        let span = spans::request("GET", None);
        context.continue_in(&span);
        let within = context.within(&span);
        span.in_scope(|| tracing::info!("stopped"));
        drop((span, log, guard));

        assert_eq!(within.id(), context.id());
        assert_ne!(within.parent(), context.parent());
        let written = written.lock().unwrap();
        assert_eq!(written.lines().count(), 1, "{written}");
        assert!(written.ends_with("INFO  stopped\n"), "{written}");
    }
}
