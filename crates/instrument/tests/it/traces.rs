//! Trace context in and out, spans at the collector, ids in the logs.

use std::collections::BTreeMap;

use testkit::collector::{Collector, Span, StatusCode, Value};

use crate::service::{PATIENCE, Running, request};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

fn with_parent(path: &str, flags: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nhost: t\r\nconnection: close\r\ntraceparent: 00-{TRACE}-{PARENT}-{flags}\r\n\r\n"
    )
}

fn traced(collector: &Collector) -> Running {
    Running::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
    ])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_error(span: &Span) -> bool {
    span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error)
}

#[test]
fn a_request_span_joins_the_callers_trace_and_is_named_after_the_route() {
    let collector = Collector::start();
    let service = traced(&collector);
    service.raw(&with_parent("/number/7", "01"));
    let span = collector.span("GET /number/<n>");
    assert_eq!(
        (hex(&span.trace_id), hex(&span.parent_span_id)),
        (TRACE.to_owned(), PARENT.to_owned())
    );
    assert!(!is_error(&span));
}

/// The attributes of a span, as text.
fn attributes(span: &Span) -> BTreeMap<&str, String> {
    let text = |value: &Value| match value {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        other => panic!("{other:?}"),
    };
    let values = span.attributes.iter().map(|attribute| {
        let value = attribute.value.as_ref().and_then(|value| value.value.as_ref());
        (attribute.key.as_str(), text(value.unwrap()))
    });
    values.collect()
}

#[test]
fn a_request_span_has_opentelemetrys_attributes() {
    let collector = Collector::start();
    let service = traced(&collector);
    service.raw("GET /number/7?secret=1 HTTP/1.1\r\nhost: shop:8000\r\nconnection: close\r\n\r\n");
    let span = collector.span("GET /number/<n>");
    let expected = [
        ("http.request.method", "GET"),
        ("http.response.status_code", "200"),
        ("http.route", "/number/<n>"),
        ("server.address", "shop"),
        ("server.port", "8000"),
        ("url.path", "/number/7"),
        ("url.scheme", "http"),
    ];
    assert_eq!(attributes(&span), expected.map(|(name, value)| (name, value.to_owned())).into());

    service.get("/broken");
    let span = collector.span("GET /broken");
    assert_eq!(attributes(&span)["error.type"], "503");

    service.get("/nowhere");
    let span = collector.span("GET unmatched");
    assert!(!attributes(&span).contains_key("http.route"), "there is none");

    service.raw(&request("HEAD", "/ok"));
    let span = collector.span("HEAD /ok");
    assert_eq!(attributes(&span)["http.request.method"], "HEAD");
}

#[test]
fn settings_without_effect_are_named_in_one_warning() {
    let collector = Collector::start();
    let mut service = Running::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nonexistent.pem"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
        ("OTEL_SDK_DISABLED", "1"),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
    ]);
    let warning = service.log_line(|line| line["level"] == "WARN");
    let variables = warning["variables"].as_str().unwrap();
    for name in ["COMPRESSION", "CERTIFICATE", "TIMEOUT=10s", "OTEL_SDK_DISABLED=1"] {
        assert!(variables.contains(name), "{name}: {variables}");
    }
    service.get("/ok");
    collector.span("GET /ok");
}

/// Resource attributes are the exporter's; what it is given is tested beside the code.
#[test]
fn a_service_that_is_disabled_in_capital_letters_sends_nothing() {
    let collector = Collector::start();
    let mut service = Running::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint),
        ("OTEL_BSP_SCHEDULE_DELAY", "10"),
        ("OTEL_SDK_DISABLED", "True"),
    ]);
    service.get("/ok");
    service.signal(rustix::process::Signal::TERM);
    assert_eq!(service.wait().code(), Some(0));
    assert!(collector.drain().is_empty());
}

#[test]
fn a_trace_that_the_caller_does_not_sample_is_not_exported() {
    let collector = Collector::start();
    let service = traced(&collector);
    service.raw(&with_parent("/ok", "00"));
    service.get("/stream"); // sampled, and exported after the first
    collector.span("GET /stream");
    assert!(collector.drain().iter().all(|span| hex(&span.trace_id) != TRACE));
}

#[test]
fn errors_are_marked_on_the_span_if_they_are_the_servers() {
    let collector = Collector::start();
    let service = traced(&collector);
    for (path, name, error) in [
        ("/panics", "GET /panics", true),
        ("/broken", "GET /broken", true),
        ("/nowhere", "GET unmatched", false),
        ("/number/many", "GET /number/<n>", false),
    ] {
        service.get(path);
        assert_eq!(is_error(&collector.span(name)), error, "{path}");
    }
}

#[test]
fn the_span_of_a_stream_ends_with_its_last_byte() {
    let collector = Collector::start();
    let service = traced(&collector);
    service.get("/stream-panics"); // sleeps 10 ms between its head and its end
    let span = collector.span("GET /stream-panics");
    assert!(span.end_time_unix_nano - span.start_time_unix_nano >= 10_000_000, "{span:?}");
}

#[test]
fn a_log_line_has_the_ids_of_its_trace_whether_or_not_anybody_collects_traces() {
    let collector = Collector::start();
    for mut service in [traced(&collector), Running::start(&[])] {
        service.raw(&with_parent("/log", "01"));
        let line = service.log_line(|line| line["message"] == "a line from the handler");
        assert_eq!(line["trace_id"], TRACE);
        assert_eq!(line["answer"], 42);
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["target"], "cases");
    }
}

#[test]
fn a_request_without_a_trace_gets_ids_of_its_own() {
    let mut service = Running::start(&[]);
    service.get("/log");
    let line = service.log_line(|line| line["message"] == "a line from the handler");
    assert_eq!(line["trace_id"].as_str().map(str::len), Some(32));
}

#[test]
fn a_handler_and_the_catcher_after_it_have_the_same_ids_and_the_next_request_has_others() {
    let mut service = Running::start(&[]);
    service.get("/log-and-panic");
    let line = service.log_line(|line| line["message"] == "before the panic");
    let panic = service.log_line(|line| line["message"] == "panicked");
    assert_eq!(line["trace_id"], panic["trace_id"]);
    let catcher = service.log_line(|line| line["message"] == "in the catcher");
    assert_eq!(line["trace_id"], catcher["trace_id"]);
    service.get("/log");
    let next = service.log_line(|line| line["message"] == "a line from the handler");
    assert_ne!(line["trace_id"], next["trace_id"]);
}

#[test]
fn an_answer_that_is_the_servers_error_is_a_line_with_the_ids_of_its_trace() {
    let collector = Collector::start();
    for mut service in [traced(&collector), Running::start(&[])] {
        service.raw(&with_parent("/panics", "01"));
        let line = service.log_line(|line| line["message"] == "answered with a server error");
        assert_eq!(line["trace_id"], TRACE);
        assert_eq!((&line["status"], &line["route"]), (&500.into(), &"/panics".into()));
    }
}

#[test]
fn rockets_own_records_and_panics_are_json_lines_with_ids_too() {
    let mut service = Running::start(&[("RUST_LOG", "info")]);
    service.raw(&with_parent("/panics", "01"));
    let panic = service.log_line(|line| line["message"] == "panicked");
    assert_eq!(panic["trace_id"], TRACE);
    assert!(panic["panic"].as_str().unwrap().contains("the handler panics"));
    let rocket = service.log_line(|line| {
        line["target"].as_str().is_some_and(|target| target.starts_with("rocket"))
    });
    assert!(rocket["message"].as_str().is_some_and(|message| !message.is_empty()), "{rocket}");
}

#[test]
fn a_dead_collector_costs_spans_which_are_counted_and_nothing_else() {
    let service = Running::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
    ]);
    let deadline = std::time::Instant::now() + PATIENCE;
    while service.value("otel_spans_dropped_total").unwrap_or(0.0) < 3.0 {
        assert!(service.raw(&request("GET", "/ok")).starts_with("HTTP/1.1 200"));
        assert!(std::time::Instant::now() < deadline, "{}", service.metrics());
    }
}
