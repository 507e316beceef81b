//! Traces out: spans to an OpenTelemetry collector over OTLP/HTTP.
//!
//! Everything standard is set by the standard variables: `OTEL_EXPORTER_OTLP_ENDPOINT` (nothing is
//! traced without an endpoint), `OTEL_EXPORTER_OTLP_{HEADERS,TIMEOUT}`, `OTEL_SERVICE_NAME`,
//! `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_TRACES_SAMPLER{,_ARG}`, `OTEL_BSP_*`, `OTEL_SPAN_*`,
//! `OTEL_TRACES_EXPORTER`, `OTEL_SDK_DISABLED`. The SDK reads most of them by itself; this file
//! only checks what it would otherwise ignore in silence. Next: `breaker.rs`, for a collector that
//! does not answer.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_otlp::{RetryPolicy, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use prometheus::{Registry, register_int_counter_with_registry};

use super::breaker::{self, Breaker};
use crate::env::{Env, SettingError};
use crate::start_error::StartError;

/// Spans that were never made or never delivered because the collector did not answer.
pub const SPANS_DROPPED_TOTAL: &str = "otel_spans_dropped_total";

/// Builds the exporter. `None` if tracing is off, which it is unless an endpoint is set.
///
/// # Errors
/// If a variable asks for something that this build cannot do.
pub(super) fn provider(
    env: &Env,
    service: &'static str,
    registry: &Registry,
) -> Result<Option<SdkTracerProvider>, StartError> {
    if !is_wanted(env)? {
        return Ok(None);
    }
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_retry_policy(RetryPolicy::disabled()) // the breaker is the retry
        .build()
        .map_err(|why| SettingError {
            name: "OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(),
            found: env.text("OTEL_EXPORTER_OTLP_ENDPOINT").ok().flatten().unwrap_or_default(),
            why: why.to_string(),
            remedy: "set it to the collector's OTLP/HTTP address, e.g. http://localhost:4318"
                .to_owned(),
        })?;
    let dropped = register_int_counter_with_registry!(
        SPANS_DROPPED_TOTAL,
        "Spans not made or not delivered because the trace collector did not answer.",
        registry
    )?;
    let breaker = breaker::set_up(dropped);
    // OTEL_SERVICE_NAME wins over the name in the code; the resource builder reads it by itself.
    let resource = match env.text("OTEL_SERVICE_NAME")? {
        Some(_) => Resource::builder().build(),
        None => Resource::builder().with_service_name(service).build(),
    };
    Ok(Some(
        SdkTracerProvider::builder()
            .with_resource(resource)
            .with_batch_exporter(BreakingExporter { exporter, breaker })
            .build(),
    ))
}

/// Whether the environment asks for traces, and for a kind that can be had.
fn is_wanted(env: &Env) -> Result<bool, SettingError> {
    let disabled = env.parse("OTEL_SDK_DISABLED", false, "set it to true or false")?;
    let endpoint = match env.text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")? {
        Some(endpoint) => Some(endpoint),
        None => env.text("OTEL_EXPORTER_OTLP_ENDPOINT")?,
    };
    let exporter = env.text("OTEL_TRACES_EXPORTER")?;
    match exporter.as_deref() {
        None | Some("otlp" | "none") => {}
        Some(other) => {
            return Err(unsupported("OTEL_TRACES_EXPORTER", other, "set it to otlp or none"));
        }
    }
    for name in ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"] {
        match env.text(name)?.as_deref() {
            None | Some("http/protobuf") => {}
            Some(other) => {
                return Err(unsupported(name, other, "set it to http/protobuf (port 4318)"));
            }
        }
    }
    Ok(!disabled && endpoint.is_some() && exporter.as_deref() != Some("none"))
}

fn unsupported(name: &str, found: &str, remedy: &str) -> SettingError {
    SettingError {
        name: name.to_owned(),
        found: found.to_owned(),
        why: "this build cannot do that".to_owned(),
        remedy: remedy.to_owned(),
    }
}

/// Sends what is still queued, for no longer than `within`: a dead collector must not hold up a
/// shutdown.
pub(super) fn shut_down(provider: &SdkTracerProvider, within: Duration) {
    if breaker::admits() {
        let _ = provider.shutdown_with_timeout(within);
    }
}

/// An exporter that tells the breaker how it went.
#[derive(Debug)]
struct BreakingExporter<E> {
    exporter: E,
    breaker: Arc<Breaker>,
}

impl<E: SpanExporter> SpanExporter for BreakingExporter<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let result = self.exporter.export(batch).await;
        match &result {
            Ok(()) => self.breaker.succeeded(),
            Err(why) => self.breaker.failed(spans, why),
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_traced_without_an_endpoint_and_unknown_protocols_are_refused() {
        assert!(!is_wanted(&Env::of([])).unwrap());
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        assert!(is_wanted(&Env::of([endpoint])).unwrap());
        assert!(!is_wanted(&Env::of([endpoint, ("OTEL_SDK_DISABLED", "true")])).unwrap());
        assert!(!is_wanted(&Env::of([endpoint, ("OTEL_TRACES_EXPORTER", "none")])).unwrap());
        let error = is_wanted(&Env::of([("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")])).unwrap_err();
        assert!(error.to_string().contains("OTEL_EXPORTER_OTLP_PROTOCOL"), "{error}");
    }
}
