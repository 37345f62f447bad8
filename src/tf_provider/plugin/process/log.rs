//! Logging: JSON lines on stderr in hclog's format. Terraform copies them to its own log at their level.
//!
//! Only this crate's events are written. Libraries may log what they send, and that may contain secrets.

use std::fmt;
use std::io::Write;

use serde_json::{Map, Value as Json};
use time::OffsetDateTime;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use super::environment::Environment;

/// Starts logging at the level of `TF_LOG_PROVIDER` or `TF_LOG`. If neither is set, it logs warnings and errors.
/// Only the first call has an effect.
pub fn start(environment: &Environment) {
    let level = level(environment.log_level.as_deref());
    let layer = Hclog { level, out: std::io::stderr };
    // This fails only if logging has already started.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer));
}

/// Reads the level as Terraform does: `JSON` is `TRACE` in another format, and an unknown word is `TRACE` too.
fn level(asked: Option<&str>) -> LevelFilter {
    match asked.map(str::to_uppercase).as_deref() {
        None | Some("WARN") => LevelFilter::WARN,
        Some("OFF") => LevelFilter::OFF,
        Some("ERROR") => LevelFilter::ERROR,
        Some("INFO") => LevelFilter::INFO,
        Some("DEBUG") => LevelFilter::DEBUG,
        Some(_) => LevelFilter::TRACE,
    }
}

/// Writes events as hclog's JSON lines.
struct Hclog<W> {
    level: LevelFilter,
    out: fn() -> W,
}

impl<W: 'static> Hclog<W> {
    fn writes(&self, metadata: &Metadata<'_>) -> bool {
        let own = metadata.target().split("::").next() == Some(env!("CARGO_CRATE_NAME"));
        own && *metadata.level() <= self.level
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>, W: Write + 'static> Layer<S> for Hclog<W> {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.writes(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.writes(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    #[allow(clippy::disallowed_methods, reason = "a line has the time at which it was written")]
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(outer) = span.extensions().get::<Fields>() {
                fields.0.extend(outer.0.clone());
            }
        }
        event.record(&mut fields);
        let mut line = line(event.metadata(), fields, OffsetDateTime::now_utc());
        line.push('\n');
        // One write for the whole line keeps the lines of several threads apart. An error here cannot be reported
        // anywhere.
        let _ = (self.out)().write_all(line.as_bytes());
    }
}

fn line(metadata: &Metadata<'_>, fields: Fields, now: OffsetDateTime) -> String {
    let Fields(mut line) = fields;
    let message = line.remove("message").unwrap_or_else(|| Json::from(""));
    let (_, module) = metadata.target().split_once("::").unwrap_or(("", ""));
    line.insert("@level".to_owned(), word(*metadata.level()).into());
    line.insert("@message".to_owned(), message);
    line.insert("@module".to_owned(), format!("provider.{}", module.replace("::", ".")).into());
    line.insert("@timestamp".to_owned(), timestamp(now).into());
    Json::Object(line).to_string()
}

/// Writes exactly six digits of a second: go-plugin treats a line with another time format as plain text.
fn timestamp(t: OffsetDateTime) -> String {
    let (date, (hour, minute, second, micro)) = (t.date(), t.time().as_hms_micro());
    format!("{date}T{hour:02}:{minute:02}:{second:02}.{micro:06}Z")
}

fn word(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

/// The fields of an event or of a span around it.
#[derive(Default)]
struct Fields(Map<String, Json>);

impl Fields {
    fn put(&mut self, field: &Field, value: impl Into<Json>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Mutex;

    use super::*;

    static WRITTEN: Mutex<Vec<u8>> = Mutex::new(Vec::new());

    struct Shared;

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            WRITTEN.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn events_are_hclog_lines_of_this_crate_alone() {
        let layer = Hclog { level: LevelFilter::INFO, out: || Shared };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let span = tracing::info_span!("rpc", tf_rpc = "ReadResource", tf_type = tracing::field::Empty);
            span.record("tf_type", "toy_thing");
            let _inside = span.enter();
            tracing::info!(attempt = 2, wait = "1s", "waiting\nfor the API");
            tracing::debug!("below the level");
            tracing::error!(target: "hyper::proto", "authorization: Bearer cfat_x");
        });
        let text = String::from_utf8(WRITTEN.lock().unwrap().clone()).unwrap();
        let lines: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 1, "{text}");
        assert_eq!(lines[0]["@level"], "info");
        assert_eq!(lines[0]["@message"], "waiting\nfor the API");
        assert_eq!(lines[0]["@module"], "provider.tf_provider.plugin.process.log.tests");
        assert_eq!((&lines[0]["attempt"], &lines[0]["wait"]), (&Json::from(2), &Json::from("1s")));
        assert_eq!(
            (&lines[0]["tf_rpc"], &lines[0]["tf_type"]),
            (&"ReadResource".into(), &"toy_thing".into())
        );
    }

    #[test]
    fn timestamps_have_six_digits_of_a_second() {
        let at = |nanos: i128| timestamp(OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap());
        assert_eq!(at(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(at(1_700_000_000_120_000_999), "2023-11-14T22:13:20.120000Z");
    }

    #[test]
    fn levels_are_read_as_terraform_reads_them() {
        assert_eq!(level(None), LevelFilter::WARN);
        assert_eq!(level(Some("debug")), LevelFilter::DEBUG);
        assert_eq!(level(Some("JSON")), LevelFilter::TRACE);
        assert_eq!(level(Some("off")), LevelFilter::OFF);
    }
}
