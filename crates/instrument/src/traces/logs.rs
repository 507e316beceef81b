//! Logs: one JSON object per line on standard output, each with the ids of the trace it belongs to.
//!
//! `RUST_LOG` filters. By default Rocket's lines per request are left out: four of them cost a
//! quarter of the throughput. Rocket logs through the older `log` crate; its records are bridged.

use std::fmt;

use opentelemetry::trace::TraceContextExt;
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_log::{LogTracer, NormalizeEvent};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, MakeWriter};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer};

use super::ids;
use crate::failures::Failures;

/// What is logged unless `RUST_LOG` says otherwise: what the service says, and what Rocket finds
/// wrong with its configuration. Rocket's lines per request are left to the metrics, and its launch
/// banner to our own line.
pub(super) const DEFAULT_FILTER: &str = "info,rocket=warn,rocket::launch=off,rocket::server=off";

/// The layer that writes JSON lines to `writer`.
pub(super) fn layer<S, W>(writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    tracing_subscriber::fmt::layer().event_format(JsonLines).with_writer(writer)
}

/// Sends the records of the `log` crate, Rocket's among them, to `tracing`. `asked_for`: whether
/// the filter is the user's own.
pub(super) fn bridge(failures: Failures, filter: &EnvFilter, asked_for: bool) {
    // Records above this level are not even formatted: Rocket's macros check it first.
    let level = match filter.max_level_hint() {
        Some(level) if asked_for => level.into_level().map_or(log::LevelFilter::Off, as_log),
        _ => log::LevelFilter::Warn,
    };
    // Fails if a logger is already set, as in tests that start two services in one process: the
    // first one stays.
    if log::set_boxed_logger(Box::new(Bridge { failures, inner: LogTracer::new() })).is_ok() {
        log::set_max_level(level.max(log::LevelFilter::Warn));
    }
}

fn as_log(level: tracing::Level) -> log::LevelFilter {
    tracing_log::AsLog::as_log(&level).to_level_filter()
}

/// Passes `log` records on to tracing and counts the ones that report a failed connection, or none
/// at all.
struct Bridge {
    failures: Failures,
    inner: LogTracer,
}

impl log::Log for Bridge {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        self.inner.enabled(metadata)
    }

    fn log(&self, record: &log::Record<'_>) {
        // Rocket 0.5.2, `server.rs` and `listener.rs`: `warn!("Connection failed: {}", e)` and
        // `warn!("accept error {}; recovery attempt in {}ms", ..)`. A test pins them.
        let says = |start| record.args().to_string().starts_with(start);
        if record.target().starts_with("rocket::server") && says("Connection failed") {
            self.failures.failed.inc();
        }
        if record.target().starts_with("rocket_http::listener") && says("accept error") {
            self.failures.not_accepted.inc();
        }
        self.inner.log(record);
    }

    fn flush(&self) {}
}

/// `{"timestamp":..,"level":..,"target":..,"message":..,<fields>,"trace_id":..,"span_id":..}`
struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let bridged = event.normalized_metadata();
        let metadata = bridged.as_ref().unwrap_or_else(|| event.metadata());
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;

        let mut line = Map::new();
        line.insert("timestamp".to_owned(), time.into());
        line.insert("level".to_owned(), metadata.level().as_str().into());
        line.insert("target".to_owned(), metadata.target().into());
        event.record(&mut Fields(&mut line));
        let context = ids::current();
        let span = context.span();
        let ids = span.span_context();
        if ids.is_valid() {
            line.insert("trace_id".to_owned(), ids.trace_id().to_string().into());
            line.insert("span_id".to_owned(), ids.span_id().to_string().into());
        }
        writeln!(out, "{}", Value::Object(line))
    }
}

/// Collects an event's fields. What `log` records carry about themselves (`log.target`,
/// `log.line`..) is left out: the normalized metadata has it.
struct Fields<'m>(&'m mut Map<String, Value>);

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: Value) {
        if !field.name().starts_with("log.") {
            self.0.insert(field.name().to_owned(), value);
        }
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, json!(value));
    }
}
