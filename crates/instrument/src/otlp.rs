//! Traces out: spans to an OpenTelemetry collector over OTLP/HTTP, and a breaker for when nobody
//! answers.
//!
//! Everything standard is set by the standard variables: `OTEL_EXPORTER_OTLP_ENDPOINT` (nothing is
//! traced without an endpoint), `OTEL_EXPORTER_OTLP_{HEADERS,TIMEOUT}`, `OTEL_SERVICE_NAME`,
//! `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_TRACES_SAMPLER{,_ARG}`, `OTEL_BSP_*`, `OTEL_SPAN_*`,
//! `OTEL_TRACES_EXPORTER`, `OTEL_SDK_DISABLED`. The SDK reads most of them by itself; this file
//! only checks what it would otherwise ignore in silence.
//!
//! The breaker: making and exporting a span costs several microseconds, which is wasted while the
//! collector is down. So once an export fails, requests get trace *ids* (logs and outgoing calls
//! still correlate) but no spans, until it is time to try again. An unreachable collector must
//! never slow a service down.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use opentelemetry_otlp::{RetryPolicy, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use prometheus::{IntCounter, Registry};

use crate::env::{Env, SettingError};

/// Spans that were never made or never delivered because the collector did not answer.
pub const SPANS_DROPPED_TOTAL: &str = "otel_spans_dropped_total";

/// How many spans are made to find out whether the collector is back: no more than the SDK's
/// default queue holds, since the rest would be thrown away anyway.
const TRIAL_SPANS: i64 = 2048;
/// Pause after a failed export; doubles with each further failure.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// The longest pause: a collector that comes back is noticed within this time.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The breaker of this process. Tracing subscribers are global in Rust, hence so is the answer to
/// "is anyone listening?".
static BREAKER: OnceLock<Arc<Breaker>> = OnceLock::new();

/// Whether a request should make spans now.
pub(crate) fn is_listening() -> bool {
    BREAKER.get().is_some_and(|breaker| breaker.admits())
}

/// Builds the exporter. `None` if tracing is off, which it is unless an endpoint is set.
///
/// # Errors
/// If a variable asks for something that this build cannot do.
pub(crate) fn provider(
    env: &Env,
    service: &'static str,
    registry: &Registry,
) -> Result<Option<SdkTracerProvider>, SettingError> {
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
    let dropped = IntCounter::new(
        SPANS_DROPPED_TOTAL,
        "Spans not made or not delivered because the trace collector did not answer.",
    )
    .and_then(|counter| registry.register(Box::new(counter.clone())).map(|()| counter))
    .expect("a fixed name, registered once per process");

    let breaker = BREAKER.get_or_init(|| Arc::new(Breaker::new(dropped)));
    // OTEL_SERVICE_NAME wins over the name in the code; the resource builder reads it by itself.
    let resource = match env.text("OTEL_SERVICE_NAME")? {
        Some(_) => Resource::builder().build(),
        None => Resource::builder().with_service_name(service).build(),
    };
    Ok(Some(
        SdkTracerProvider::builder()
            .with_resource(resource)
            .with_batch_exporter(BreakingExporter { exporter, breaker: breaker.clone() })
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

/// Sends what is still queued, and gives up at `deadline`: a dead collector must not hold up a
/// shutdown.
pub(crate) fn shut_down(provider: &SdkTracerProvider, within: Duration) {
    if is_listening() {
        let _ = provider.shutdown_with_timeout(within);
    }
}

/// Counts down the spans it still admits. Three states in one number, so that the hot path is one
/// atomic operation: `OPEN` admits none until `retry_at`, a trial admits a few, `ANSWERED` admits
/// all.
#[derive(Debug)]
struct Breaker {
    admitted: AtomicI64,
    retry: std::sync::Mutex<Retry>,
    dropped: IntCounter,
}

#[derive(Debug)]
struct Retry {
    at: Instant,
    pause: Duration,
}

/// Far more than any trial and never counted down: the collector answered, or was not asked yet.
const ANSWERED: i64 = i64::MAX;

impl Breaker {
    fn new(dropped: IntCounter) -> Self {
        let retry = Retry { at: Instant::now(), pause: FIRST_PAUSE };
        Self { admitted: AtomicI64::new(ANSWERED), retry: retry.into(), dropped }
    }

    fn admits(&self) -> bool {
        let left = self.admitted.load(Ordering::Relaxed);
        if left == ANSWERED || (left > 0 && self.admitted.fetch_sub(1, Ordering::Relaxed) > 0) {
            return true;
        }
        self.dropped.inc();
        // Only one thread asks for the time; the others must not queue up behind a lock.
        if let Ok(retry) = self.retry.try_lock()
            && left == OPEN
            && Instant::now() >= retry.at
        {
            self.admitted.store(TRIAL_SPANS, Ordering::Relaxed);
        }
        false
    }

    fn succeeded(&self) {
        if self.admitted.swap(ANSWERED, Ordering::Relaxed) != ANSWERED {
            self.retry().pause = FIRST_PAUSE;
            tracing::info!("the trace collector answers");
        }
    }

    fn failed(&self, spans: usize, why: &OTelSdkError) {
        self.dropped.inc_by(spans as u64);
        let mut retry = self.retry();
        let pause = retry.pause;
        retry.at = Instant::now() + pause;
        retry.pause = (pause * 2).min(LONGEST_PAUSE);
        if self.admitted.swap(OPEN, Ordering::Relaxed) != OPEN {
            tracing::warn!(reason = %why, pause_seconds = pause.as_secs(), "the trace collector does not answer");
        }
    }

    fn retry(&self) -> std::sync::MutexGuard<'_, Retry> {
        self.retry.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// No span is admitted until the pause is over. Below zero, so that racing count-downs cannot be
/// mistaken for it.
const OPEN: i64 = i64::MIN;

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

    fn breaker() -> Breaker {
        Breaker::new(IntCounter::new("dropped", "test").unwrap())
    }

    fn dead() -> OTelSdkError {
        OTelSdkError::InternalFailure("connection refused".to_owned())
    }

    #[test]
    fn a_failed_export_stops_spans_and_counts_them_until_the_pause_is_over() {
        let breaker = breaker();
        breaker.succeeded();
        breaker.failed(3, &dead());
        assert!((0..100).all(|_| !breaker.admits()));
        assert_eq!(breaker.dropped.get(), 103);

        breaker.retry().at = Instant::now();
        assert!(!breaker.admits(), "this one finds out that the pause is over");
        let on_trial = (0..10_000).filter(|_| breaker.admits()).count();
        assert_eq!(on_trial as i64, TRIAL_SPANS);
        breaker.succeeded();
        assert_eq!((0..10_000).filter(|_| breaker.admits()).count(), 10_000);
    }

    #[test]
    fn the_pause_doubles_up_to_a_minute_and_starts_afresh_after_an_answer() {
        let breaker = breaker();
        let pauses: Vec<u64> = (0..6)
            .map(|_| {
                let pause = breaker.retry().pause.as_secs();
                breaker.failed(1, &dead());
                pause
            })
            .collect();
        assert_eq!(pauses, [5, 10, 20, 40, 60, 60]);
        breaker.succeeded();
        assert_eq!(breaker.retry().pause, FIRST_PAUSE);
    }

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
