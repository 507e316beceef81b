//! How a trace goes from one service to the next: the headers `traceparent` and `tracestate`, in
//! and out.

use opentelemetry::Context;
use opentelemetry::global::get_text_map_propagator;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use rocket::http::HeaderMap;
#[cfg(feature = "client")]
use {
    super::ids, opentelemetry::propagation::Injector, opentelemetry::trace::TraceContextExt,
    tracing::Span, tracing_opentelemetry::OpenTelemetrySpanExt,
};

/// The context that the caller sent, if it sent one: most requests from outside have none.
pub(super) fn caller(headers: &HeaderMap<'_>) -> Option<Context> {
    let extract = |propagator: &dyn TextMapPropagator| propagator.extract(&Incoming(headers));
    headers.contains("traceparent").then(|| get_text_map_propagator(extract))
}

/// Rocket's headers, as OpenTelemetry wants to read them.
struct Incoming<'h>(&'h HeaderMap<'h>);

impl Extractor for Incoming<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get_one(key)
    }

    fn keys(&self) -> Vec<&str> {
        // The two propagators in use ask by name only.
        Vec::new()
    }
}

/// Hands the headers that carry on `span`'s trace to `set`: name and value. Where nobody collects
/// spans, those of the request in progress: its trace goes on even then.
#[cfg(feature = "client")]
pub(crate) fn inject(span: &Span, set: &mut dyn FnMut(&str, String)) {
    let context = match span.context() {
        context if context.span().span_context().is_valid() => context,
        _ => ids::current(),
    };
    get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut Outgoing(set)));
}

#[cfg(feature = "client")]
struct Outgoing<'s>(&'s mut dyn FnMut(&str, String));

#[cfg(feature = "client")]
impl Injector for Outgoing<'_> {
    fn set(&mut self, key: &str, value: String) {
        (self.0)(key, value);
    }
}
