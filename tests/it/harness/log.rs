//! Every event that is logged, with all its fields, whatever its level.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, Once};

use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// What was logged on this thread while it lives.
pub(crate) struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    _until_dropped: DefaultGuard,
}

impl Log {
    pub(crate) fn start() -> Self {
        static LISTENING: Once = Once::new();
        // With one listener alone, tracing asks the thread that comes first to a place in the code
        // whether anybody listens there, and believes it for all threads. One that listens
        // everywhere makes every thread say yes.
        LISTENING.call_once(|| {
            let everywhere = tracing_subscriber::registry();
            tracing::subscriber::set_global_default(everywhere).expect("nobody else listens");
        });
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let layer = Lines(lines.clone());
        let subscriber = tracing_subscriber::registry().with(layer);
        Self {
            lines,
            _until_dropped: tracing::subscriber::set_default(subscriber),
        }
    }

    /// Lines of the service itself; what its libraries say in passing is theirs.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().expect("unpoisoned").clone()
    }
}

struct Lines(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        if !event
            .metadata()
            .target()
            .starts_with("appattest_integrator")
        {
            return;
        }
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().expect("unpoisoned").push(line.0);
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _infallible = write!(self.0, " {}={value:?}", field.name());
    }
}
