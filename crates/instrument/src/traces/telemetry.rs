//! Logs, traces and their ids, set up once for the process, before anything can log.

use std::time::Duration;

use opentelemetry::propagation::{TextMapCompositePropagator, TextMapPropagator};
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};
use opentelemetry_sdk::trace::SdkTracerProvider;
use prometheus::Registry;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;

use super::otel::Otel;
use super::{logs, otlp};
use crate::env::{Env, SettingError};
use crate::failures::Failures;
use crate::start_error::StartError;

/// What is set up, for as long as the process runs.
pub(crate) struct Telemetry {
    /// Missing if no collector is configured.
    spans: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Sets up logs and traces for a service, as the environment asks.
    ///
    /// Call it before anything touches Rocket: the first logger that is set in a process stays, and
    /// Rocket brings one.
    pub(crate) fn start(
        service: &'static str,
        env: &Env,
        registry: &Registry,
        failures: Failures,
    ) -> Result<Self, StartError> {
        let asked = env.text("RUST_LOG")?;
        let filter = EnvFilter::try_new(asked.as_deref().unwrap_or(logs::DEFAULT_FILTER)).map_err(
            |why| SettingError {
                name: "RUST_LOG".to_owned(),
                found: asked.clone().unwrap_or_default(),
                why: why.to_string(),
                remedy: "set it to e.g. info or warn,dns_leaker=debug".to_owned(),
            },
        )?;
        logs::bridge(failures, &filter, asked.is_some());
        opentelemetry::global::set_text_map_propagator(propagators(env)?);

        let otel = Otel::read(env)?;
        let spans = otlp::provider(&otel, service, registry)?;
        // Only what OpenTelemetry's conventions name is put on a span: where in the code and on
        // which thread it ran costs 1.5 to 3 us per span. Context activation is what lets a log
        // line find its ids.
        let layer = spans.as_ref().map(|provider| {
            tracing_opentelemetry::layer()
                .with_tracer(provider.tracer(service))
                .with_location(false)
                .with_threads(false)
                .with_target(false)
                .with_tracked_inactivity(false)
                .with_context_activation(true)
        });
        let lines = logs::layer(std::io::stdout);
        let subscriber = tracing_subscriber::registry().with(filter).with(layer).with(lines);
        tracing::subscriber::set_global_default(subscriber)
            .map_err(|why| StartError::Other(why.to_string()))?;
        otel.warn();
        Ok(Self { spans })
    }

    /// Sends the spans that are still queued, for no longer than `within`. Blocks.
    pub(crate) fn flush(self, within: Duration) {
        if let Some(provider) = self.spans {
            otlp::shut_down(&provider, within);
        }
    }
}

/// How ids travel from one service to the next.
fn propagators(env: &Env) -> Result<TextMapCompositePropagator, SettingError> {
    let wanted = env.text("OTEL_PROPAGATORS")?.unwrap_or_else(|| "tracecontext,baggage".to_owned());
    let mut propagators: Vec<Box<dyn TextMapPropagator + Send + Sync>> = Vec::new();
    for name in wanted.split(',').map(str::trim) {
        match name {
            "tracecontext" => propagators.push(Box::new(TraceContextPropagator::new())),
            "baggage" => propagators.push(Box::new(BaggagePropagator::new())),
            "none" => {}
            _ => {
                return Err(SettingError {
                    name: "OTEL_PROPAGATORS".to_owned(),
                    why: format!("{name} is not a propagator of this build"),
                    found: wanted.clone(),
                    remedy: "set it to tracecontext, baggage, both with a comma, or none"
                        .to_owned(),
                });
            }
        }
    }
    Ok(TextMapCompositePropagator::new(propagators))
}
