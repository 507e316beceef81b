//! Request spans: one around every handler and catcher, joined to the caller's trace.
//!
//! A fairing cannot put a span around a handler, because it only runs before and after. Wrapping
//! the handlers when they are mounted can: `mount("/", traced(routes![..]))`. Every request runs
//! inside an OpenTelemetry context, traced or not, so that its log lines carry ids and its outgoing
//! calls carry a `traceparent`.

use std::sync::Arc;

use opentelemetry::Context;
use opentelemetry::propagation::Extractor;
use opentelemetry::trace::{FutureExt, SpanContext, TraceContextExt, TraceFlags, TraceState};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};
use rocket::http::{HeaderMap, Status};
use rocket::route::{Handler, Outcome};
use rocket::{Catcher, Data, Request, Route, catcher};
use tracing::{Instrument, Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::fairing::Slot;
use crate::otlp;
use crate::signals::{Signals, UNMATCHED};

/// Wraps routes so that their handlers run inside a request span.
pub fn traced(mut routes: Vec<Route>) -> Vec<Route> {
    for route in &mut routes {
        route.handler = Box::new(Traced(route.handler.clone()));
    }
    routes
}

/// Wraps catchers likewise. Rocket's own default catcher cannot be wrapped, which is why
/// [`crate::Service`] registers one for every service.
pub fn traced_catchers(mut catchers: Vec<Catcher>) -> Vec<Catcher> {
    for catcher in &mut catchers {
        catcher.handler = Box::new(TracedCatcher(catcher.handler.clone()));
    }
    catchers
}

#[derive(Clone)]
struct Traced(Box<dyn Handler>);

#[rocket::async_trait]
impl Handler for Traced {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        // Each await moves the response once more, so that a helper around this would cost a third
        // of a microsecond.
        match Scope::of(request) {
            Scope::Span(span) => self.0.handle(request, data).instrument(span).await,
            Scope::Ids(context) => self.0.handle(request, data).with_context(context).await,
        }
    }
}

#[derive(Clone)]
struct TracedCatcher(Box<dyn catcher::Handler>);

#[rocket::async_trait]
impl catcher::Handler for TracedCatcher {
    async fn handle<'r>(&self, status: Status, request: &'r Request<'_>) -> catcher::Result<'r> {
        // No fairing saw this request: Rocket could not parse it (an unknown method, say) and came
        // straight here. This is the one place where it can be counted.
        if Slot::of(request).is_none()
            && let Some(signals) = request.rocket().state::<Arc<Signals>>()
        {
            signals.refused(status);
        }
        match Scope::of(request) {
            Scope::Span(span) => self.0.handle(status, request).instrument(span).await,
            Scope::Ids(context) => self.0.handle(status, request).with_context(context).await,
        }
    }
}

/// What a handler runs in.
enum Scope {
    /// The request is traced.
    Span(Span),
    /// Nobody collects traces: ids only, for log lines and outgoing calls.
    Ids(Context),
}

impl Scope {
    /// A request can come here several times (a route that forwards, then a catcher) and keeps what
    /// it got first.
    fn of(request: &Request<'_>) -> Self {
        let Some(in_flight) = Slot::of(request) else {
            return Scope::Ids(Context::new());
        };
        if let Some(span) = in_flight.span.get() {
            return Scope::Span(span.clone());
        }
        if let Some(context) = in_flight.context.get() {
            return Scope::Ids(context.clone());
        }
        let caller = caller(request.headers());
        if otlp::is_listening() {
            let span = request_span(request, in_flight.method);
            // Fails only if the span is disabled by a log filter, and then there is nothing to
            // join.
            let _ = span.set_parent(caller);
            let _ = in_flight.span.set(span.clone());
            Scope::Span(span)
        } else {
            let context =
                if caller.span().span_context().is_valid() { caller } else { fresh_ids() };
            let _ = in_flight.context.set(context.clone());
            Scope::Ids(context)
        }
    }
}

/// The context that the caller sent in `traceparent`, or an empty one.
fn caller(headers: &HeaderMap<'_>) -> Context {
    if !headers.contains("traceparent") {
        return Context::new(); // most requests from outside: nothing to join
    }
    opentelemetry::global::get_text_map_propagator(|propagator| {
        propagator.extract(&Headers(headers))
    })
}

/// Ids of our own, marked as not sampled: they correlate log lines and calls, but no span will be
/// found under them.
fn fresh_ids() -> Context {
    let ids = RandomIdGenerator::default();
    Context::new().with_remote_span_context(SpanContext::new(
        ids.new_trace_id(),
        ids.new_span_id(),
        TraceFlags::default(),
        false,
        TraceState::NONE,
    ))
}

/// A span named as OpenTelemetry's conventions ask: `GET /hello/<name>`, never the path with a
/// value in it.
///
/// At level ERROR, although it is no error: a filter such as `RUST_LOG=warn` is about log lines and
/// must not lose spans.
fn request_span(request: &Request<'_>, method: &str) -> Span {
    let route = request.route().map_or(UNMATCHED, |route| route.uri.as_str());
    tracing::error_span!(
        "request",
        "otel.name" = format_args!("{method} {route}"),
        "otel.kind" = "server",
        "otel.status_code" = field::Empty,
        "http.request.method" = method,
        "http.route" = route,
        "url.path" = request.uri().path().as_str(),
        "http.response.status_code" = field::Empty,
    )
}

/// Notes the response on its span. Only 5xx is the server's error; a 404 is a correct answer to a
/// wrong question.
pub(crate) fn answered(span: &Span, status: Status) {
    span.record("http.response.status_code", status.code);
    if status.code >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}

/// Rocket's headers, as OpenTelemetry wants to read them.
struct Headers<'h>(&'h HeaderMap<'h>);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get_one(key)
    }

    fn keys(&self) -> Vec<&str> {
        // The two propagators in use ask by name only.
        Vec::new()
    }
}
