//! Log lines: one JSON object each for machines, or one line of words for people. Names are as the
//! API writes them, in both.

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::escape;

/// The field whose value is JSON text already, made by us and never by a caller.
const JSON_FIELD: &str = "artifacts";
const MESSAGE: &str = "message";
/// Where what this program itself says comes from.
const OURS: &str = "appattest_integrator";

/// Formats events as JSON, with times from `T`.
#[derive(Clone, Debug)]
pub struct JsonLines<T>(pub T);

/// Formats events for people, with times from `T`: time, level, what happened, then `name=value`.
#[derive(Clone, Debug)]
pub struct TextLines<T>(pub T);

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
        let mut line = Json::default();
        line.string("timestamp", &time(&self.0)?);
        let level = event.metadata().level().as_str();
        line.string("level", &level.to_ascii_lowercase());
        event.record(&mut line);
        line.string("target", event.metadata().target());
        writeln!(writer, "{{{}}}", line.0)
    }
}

impl<S, N, T> FormatEvent<S, N> for TextLines<T>
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
        let mut text = Text::default();
        event.record(&mut text);
        let (time, level) = (time(&self.0)?, event.metadata().level());
        write!(writer, "{time} {level:<5} {}{}", text.message, text.fields)?;
        let target = event.metadata().target();
        if !target.starts_with(OURS) {
            write!(writer, " target={target}")?;
        }
        writeln!(writer)
    }
}

fn time(clock: &impl FormatTime) -> Result<String, fmt::Error> {
    let mut time = String::new();
    clock.format_time(&mut Writer::new(&mut time))?;
    Ok(time)
}

/// The members of an object.
#[derive(Default)]
struct Json(String);

/// A message, and the fields after it.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

/// Takes values as they are written in either form.
trait Line {
    /// A value that needs no escape.
    fn raw(&mut self, name: &str, value: &str);
    fn string(&mut self, name: &str, value: &str);
}

impl Line for Json {
    fn raw(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        escape::json(&mut self.0, name);
        self.0.push(':');
        self.0.push_str(value);
    }

    fn string(&mut self, name: &str, value: &str) {
        self.raw(name, "");
        escape::json(&mut self.0, value);
    }
}

impl Line for Text {
    fn raw(&mut self, name: &str, value: &str) {
        // Writing to a String cannot fail.
        let _infallible = write!(self.fields, " {name}={value}");
    }

    fn string(&mut self, name: &str, value: &str) {
        if name == MESSAGE {
            escape::phrase(&mut self.message, value);
        } else {
            self.raw(name, "");
            escape::word(&mut self.fields, value);
        }
    }
}

/// What a line writes of each kind of value.
macro_rules! visit {
    ($line:ty) => {
        impl Visit for $line {
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
    };
}

visit!(Json);
visit!(Text);
