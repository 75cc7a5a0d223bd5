//! Log lines as JSON: one object a line, names as the API writes them.

use std::fmt;

use integrator_core::json::write_string;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// The field whose value is JSON text already, made by us and never by a caller.
const JSON_FIELD: &str = "artifacts";

/// Formats events as JSON, with times from `T`.
#[derive(Clone, Debug)]
pub struct JsonLines<T>(pub T);

impl<S, N, T> FormatEvent<S, N> for JsonLines<T>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    T: FormatTime,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut time = String::new();
        self.0.format_time(&mut Writer::new(&mut time))?;
        let mut line = Line::default();
        line.string("timestamp", &time);
        line.string(
            "level",
            &event.metadata().level().as_str().to_ascii_lowercase(),
        );
        event.record(&mut line);
        line.string("target", event.metadata().target());
        writeln!(writer, "{{{}}}", String::from_utf8_lossy(&line.0))
    }
}

#[derive(Default)]
struct Line(Vec<u8>);

impl Line {
    fn name(&mut self, name: &str) {
        if !self.0.is_empty() {
            self.0.push(b',');
        }
        write_string(&mut self.0, name);
        self.0.push(b':');
    }

    fn raw(&mut self, name: &str, value: &str) {
        self.name(name);
        self.0.extend_from_slice(value.as_bytes());
    }

    fn string(&mut self, name: &str, value: &str) {
        self.name(name);
        write_string(&mut self.0, value);
    }
}

impl Visit for Line {
    fn record_f64(&mut self, field: &Field, value: f64) {
        let value = if value.is_finite() { value } else { 0.0 };
        self.raw(field.name(), &format!("{value:.3}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.raw(field.name(), &value.to_string());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.raw(field.name(), &value.to_string());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.raw(field.name(), if value { "true" } else { "false" });
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == JSON_FIELD {
            self.raw(field.name(), value);
        } else {
            self.string(field.name(), value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.string(field.name(), &format!("{value:?}"));
    }
}
