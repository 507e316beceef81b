//! Traces out: spans to an OpenTelemetry collector over OTLP/HTTP.
//!
//! What is sent, where to and how is said by OpenTelemetry's variables: `otel.rs` reads them. Next:
//! `breaker.rs`, for a collector that does not answer.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_otlp::{RetryPolicy, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::resource::TelemetryResourceDetector;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider, SpanData, SpanExporter,
};
use prometheus::{Registry, register_int_counter_with_registry};

use super::breaker::{self, Breaker};
use super::otel::Otel;
use crate::start_error::StartError;

/// Spans that were never made or never delivered because the collector did not answer.
pub const SPANS_DROPPED_TOTAL: &str = "otel_spans_dropped_total";

/// Builds the exporter. `None` if tracing is off, which it is unless an endpoint is set.
///
/// # Errors
/// If a metric cannot be registered, or the exporter refuses what was read.
pub(super) fn provider(
    otel: &Otel,
    service: &'static str,
    registry: &Registry,
) -> Result<Option<SdkTracerProvider>, StartError> {
    if !otel.wanted {
        return Ok(None);
    }
    // Endpoint and headers are read by the exporter itself; `otel` has checked them.
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_timeout(otel.timeout)
        .with_retry_policy(RetryPolicy::disabled()) // the breaker is the retry
        .build()
        .map_err(|why| StartError::Other(format!("OTEL_EXPORTER_OTLP_*: {why}")))?;
    let dropped = register_int_counter_with_registry!(
        SPANS_DROPPED_TOTAL,
        "Spans not made or not delivered because the trace collector did not answer.",
        registry
    )?;
    let exporter = BreakingExporter { exporter, breaker: breaker::set_up(dropped) };
    let batch = BatchConfigBuilder::default()
        .with_max_queue_size(otel.batch.queue)
        .with_max_export_batch_size(otel.batch.size)
        .with_scheduled_delay(otel.batch.delay)
        .build();
    let processor = BatchSpanProcessor::builder(exporter).with_batch_config(batch).build();
    let limits = &otel.limits;
    Ok(Some(
        SdkTracerProvider::builder()
            .with_resource(resource(otel, service))
            .with_sampler(otel.sampler.clone())
            .with_max_attributes_per_span(limits.attributes)
            .with_max_events_per_span(limits.events)
            .with_max_links_per_span(limits.links)
            .with_max_attributes_per_event(limits.attributes_of_event)
            .with_max_attributes_per_link(limits.attributes_of_link)
            .with_span_processor(processor)
            .build(),
    ))
}

/// Who sends. The SDK's own reading would let an attribute win over `OTEL_SERVICE_NAME`.
fn resource(otel: &Otel, service: &'static str) -> Resource {
    let name = otel.service.clone().unwrap_or_else(|| service.to_owned());
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attributes(otel.attributes.clone())
        .with_service_name(name)
        .build()
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
