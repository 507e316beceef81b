//! Every variable of OpenTelemetry that concerns traces, and what becomes of it. The README shows
//! this table; a test compares the two.

/// What becomes of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Done as the specification says; the text adds what is particular here.
    Done(&'static str),
    /// Some values end the start: which can be had.
    Only(&'static str),
    /// Named in the one warning, with this reason.
    Ignored(&'static str),
}

/// One variable, or a family of them with a `*` at the end.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// `OTEL_SERVICE_NAME`.
    pub name: &'static str,
    /// What becomes of it.
    pub fate: Fate,
}

const fn done(name: &'static str, particular: &'static str) -> Variable {
    Variable { name, fate: Fate::Done(particular) }
}

const fn only(name: &'static str, values: &'static str) -> Variable {
    Variable { name, fate: Fate::Only(values) }
}

const fn ignored(name: &'static str, why: &'static str) -> Variable {
    Variable { name, fate: Fate::Ignored(why) }
}

const NO_TLS: &str = "there is no TLS, so no certificate";

/// All of them; of two that fit a name, the first counts.
pub const VARIABLES: &[Variable] = &[
    done("OTEL_SDK_DISABLED", "`true` in any letters; everything else is false, and warned of"),
    only("OTEL_EXPORTER_OTLP_ENDPOINT", "`http://`; without it nothing is traced"),
    only("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "`http://`, used as it is"),
    only("OTEL_EXPORTER_OTLP_PROTOCOL", "`http/protobuf`"),
    only("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "`http/protobuf`"),
    only("OTEL_TRACES_EXPORTER", "`otlp`, `none`"),
    only("OTEL_PROPAGATORS", "`tracecontext`, `baggage`, `none`"),
    only("OTEL_CONFIG_FILE", "none"),
    only("OTEL_EXPERIMENTAL_CONFIG_FILE", "none"),
    done("OTEL_EXPORTER_OTLP_HEADERS", "an entry that is no `name=value` is warned of"),
    done("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "the same, and before it"),
    done("OTEL_EXPORTER_OTLP_TIMEOUT", "milliseconds, from 1 up"),
    done("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "the same, and before it"),
    done("OTEL_SERVICE_NAME", "before `service.name` in the attributes, and before the code's"),
    done("OTEL_RESOURCE_ATTRIBUTES", "percent-encoded; all or none"),
    done("OTEL_TRACES_SAMPLER", "`always_on`, `always_off`, `traceidratio`, also `parentbased_..`"),
    done("OTEL_TRACES_SAMPLER_ARG", "0 to 1"),
    done("OTEL_BSP_SCHEDULE_DELAY", ""),
    done("OTEL_BSP_MAX_QUEUE_SIZE", ""),
    done("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "at most the queue"),
    done("OTEL_ATTRIBUTE_COUNT_LIMIT", ""),
    done("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", ""),
    done("OTEL_SPAN_EVENT_COUNT_LIMIT", ""),
    done("OTEL_SPAN_LINK_COUNT_LIMIT", ""),
    done("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", ""),
    done("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", ""),
    ignored("OTEL_BSP_EXPORT_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT ends an export"),
    ignored("OTEL_EXPORTER_OTLP_COMPRESSION", "spans are sent as they are"),
    ignored("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "spans are sent as they are"),
    ignored("OTEL_EXPORTER_OTLP_CERTIFICATE", NO_TLS),
    ignored("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", NO_TLS),
    ignored("OTEL_EXPORTER_OTLP_CLIENT_*", NO_TLS),
    ignored("OTEL_EXPORTER_OTLP_TRACES_CLIENT_*", NO_TLS),
    ignored("OTEL_EXPORTER_OTLP_INSECURE", "it is for gRPC"),
    ignored("OTEL_EXPORTER_OTLP_TRACES_INSECURE", "it is for gRPC"),
    ignored("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "values are not cut"),
    ignored("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "values are not cut"),
    ignored("OTEL_LOG_LEVEL", "RUST_LOG says what is logged"),
    ignored("OTEL_METRICS_*", "metrics are scraped, not sent"),
    ignored("OTEL_METRIC_*", "metrics are scraped, not sent"),
    ignored("OTEL_EXPORTER_OTLP_METRICS_*", "metrics are scraped, not sent"),
    ignored("OTEL_EXPORTER_PROMETHEUS_*", "metrics are on the admin port"),
    ignored("OTEL_LOGS_EXPORTER", "logs are printed, not sent"),
    ignored("OTEL_BLRP_*", "logs are printed, not sent"),
    ignored("OTEL_LOGRECORD_*", "logs are printed, not sent"),
    ignored("OTEL_EXPORTER_OTLP_LOGS_*", "logs are printed, not sent"),
    ignored("OTEL_EXPORTER_ZIPKIN_*", "spans are sent over OTLP"),
    ignored("OTEL_EXPORTER_JAEGER_*", "spans are sent over OTLP"),
    ignored("OTEL_*", "not known here"),
];

/// The row about a variable.
pub(super) fn of(name: &str) -> Option<&'static Variable> {
    VARIABLES.iter().find(|variable| match variable.name.strip_suffix('*') {
        Some(family) => name.starts_with(family),
        None => name == variable.name,
    })
}

/// Whether a value asks for what is done anyway, so that nothing is ignored.
pub(super) fn is_default(name: &str, value: &str) -> bool {
    value == "none" && (name.ends_with("_EXPORTER") || name.ends_with("_COMPRESSION"))
        || name.ends_with("_INSECURE")
}

/// The table as Markdown, for the README.
pub fn markdown() -> String {
    let mut text = "| variable | what becomes of it |\n| --- | --- |\n".to_owned();
    for Variable { name, fate } in VARIABLES {
        let fate = match fate {
            Fate::Done("") => "as specified".to_owned(),
            Fate::Done(particular) => format!("as specified: {particular}"),
            Fate::Only("none") => "ends the start".to_owned(),
            Fate::Only(values) => format!("{values}; anything else ends the start"),
            Fate::Ignored(why) => format!("warned of: {why}"),
        };
        text.push_str(&format!("| `{name}` | {fate} |\n"));
    }
    text
}
