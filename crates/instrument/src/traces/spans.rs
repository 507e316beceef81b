//! Request spans: one around every handler and catcher, joined to the caller's trace.
//!
//! A fairing cannot put a span around a handler, because it only runs before and after. Wrapping
//! the handlers when they are mounted can: `mount("/", traced(routes![..]))`. The names of the
//! attributes are OpenTelemetry's, see
//! <https://opentelemetry.io/docs/specs/semconv/http/http-spans/>. Left out is `url.query`, because
//! queries hold secrets; behind a proxy that ends TLS, `url.scheme` is what the proxy spoke to us.
//! Next: `otlp.rs`, where spans go.

use std::io;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{self, Poll};

use opentelemetry::Context;
use opentelemetry::global::get_text_map_propagator;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{FutureExt, TraceContextExt};
use rocket::fairing::{Fairing, Info, Kind};
use rocket::futures::future::BoxFuture;
use rocket::http::{HeaderMap, Method, Status};
use rocket::response::Body;
use rocket::route::{Handler, Outcome};
use rocket::tokio::io::{AsyncRead, ReadBuf};
use rocket::{Build, Catcher, Data, Request, Response, Rocket, Route, catcher};
use tracing::{Instrument, Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::breaker;
use super::ids::Numbered;
use crate::signals::body::wrap_body;
use crate::signals::{UNMATCHED, request_number};

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

// Written out instead of with `async_trait`: an `await` on the way of the response would move it
// once more, and moving it costs more than all golden signals.
impl Handler for Traced {
    fn handle<'r, 'life0, 'life1, 'async_trait>(
        &'life0 self,
        request: &'r Request<'life1>,
        data: Data<'r>,
    ) -> BoxFuture<'async_trait, Outcome<'r>>
    where
        'r: 'async_trait,
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        Scope::choose(request).around(self.0.handle(request, data))
    }
}

#[derive(Clone)]
struct TracedCatcher(Box<dyn catcher::Handler>);

impl catcher::Handler for TracedCatcher {
    fn handle<'r, 'life0, 'life1, 'async_trait>(
        &'life0 self,
        status: Status,
        request: &'r Request<'life1>,
    ) -> BoxFuture<'async_trait, catcher::Result<'r>>
    where
        'r: 'async_trait,
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        Scope::choose(request).around(self.0.handle(status, request))
    }
}

/// What a handler runs in.
enum Scope {
    /// The request is traced.
    Span(Span),
    /// Nobody collects traces, but the caller sent the ids of one.
    Caller(Context),
    /// Nobody collects traces: ids are made when somebody asks for them.
    Number(u64),
    /// No golden signals are attached, so that the request has no number.
    Nothing,
}

impl Scope {
    fn choose(request: &Request<'_>) -> Self {
        if let Some(span) = RequestSpan::find(request) {
            Self::Span(span.clone())
        } else if let Some(context) = caller(request.headers()).filter(is_valid) {
            Self::Caller(context)
        } else {
            request_number(request).map_or(Self::Nothing, Self::Number)
        }
    }

    fn around<'f, T: 'f>(self, handler: BoxFuture<'f, T>) -> BoxFuture<'f, T> {
        match self {
            Self::Span(span) => Box::pin(handler.instrument(span)),
            Self::Caller(context) => Box::pin(handler.with_context(context)),
            Self::Number(number) => Box::pin(Numbered { number, future: handler }),
            Self::Nothing => handler,
        }
    }
}

/// Attaches [`RequestSpans`] if there is a collector for them: a fairing that has nothing to do
/// still costs two allocations per request.
pub(crate) fn attach_spans(rocket: Rocket<Build>) -> Rocket<Build> {
    if breaker::is_set_up() { rocket.attach(RequestSpans) } else { rocket }
}

/// Keeps a request's span until its body was sent. Attach it after the golden signals.
struct RequestSpans;

#[rocket::async_trait]
impl Fairing for RequestSpans {
    fn info(&self) -> Info {
        Info { name: "request spans", kind: Kind::Request | Kind::Response }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        RequestSpan::prepare(request);
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let Some(span) = RequestSpan::find(request) else {
            return;
        };
        span.record("http.response.status_code", response.status().code);
        // Only 5xx is the server's error; a 404 is a correct answer to a wrong question.
        if response.status().code >= 500 {
            span.record("error.type", field::display(response.status().code));
            span.record("otel.status_code", "ERROR");
        }
        if response.body().is_some() {
            let size = response.body_mut().size().await;
            wrap_body(response, size, |body| EnteredBody { body, span });
        }
    }
}

/// The span of a request, made when its first handler or catcher begins. A request can come to
/// several (a route that forwards, then a catcher) and has one span for all of them.
struct RequestSpan {
    /// As the client sent it: Rocket answers a HEAD by a GET route by turning it into a GET.
    method: Method,
    /// `None` if spans are not wanted at the moment.
    span: OnceLock<Option<Span>>,
}

impl RequestSpan {
    fn prepare<'r>(request: &'r Request<'_>) -> &'r Self {
        request.local_cache(|| Self { method: request.method(), span: OnceLock::new() })
    }

    fn find<'r>(request: &'r Request<'_>) -> Option<&'r Span> {
        if !breaker::is_set_up() {
            return None;
        }
        let Self { method, span } = Self::prepare(request);
        let begin = || breaker::admits().then(|| begin_span(request, *method));
        span.get_or_init(begin).as_ref()
    }
}

/// A span named as OpenTelemetry's conventions ask: `GET /hello/<name>`, never the path with a
/// value in it.
///
/// At level ERROR, although it is no error: a filter such as `RUST_LOG=warn` is about log lines and
/// must not lose spans.
fn begin_span(request: &Request<'_>, method: Method) -> Span {
    let route = request.route().map(|route| route.uri.as_str());
    let scheme = if request.rocket().config().tls_enabled() { "https" } else { "http" };
    let span = tracing::error_span!(
        "request",
        otel.name = format_args!("{method} {}", route.unwrap_or(UNMATCHED)),
        otel.kind = "server",
        otel.status_code = field::Empty,
        error.type = field::Empty,
        http.request.method = method.as_str(),
        http.response.status_code = field::Empty,
        http.route = route,
        server.address = request.host().map(|host| host.domain().as_str()),
        server.port = request.host().and_then(|host| host.port()),
        url.path = request.uri().path().as_str(),
        url.scheme = scheme,
    );
    // Fails only if the span is disabled by a log filter, and then there is nothing to join.
    let _ = span.set_parent(caller(request.headers()).unwrap_or_default());
    span
}

/// The context that the caller sent, if it sent one: most requests from outside have none.
fn caller(headers: &HeaderMap<'_>) -> Option<Context> {
    let extract = |propagator: &dyn TextMapPropagator| propagator.extract(&Headers(headers));
    headers.contains("traceparent").then(|| get_text_map_propagator(extract))
}

fn is_valid(context: &Context) -> bool {
    context.span().span_context().is_valid()
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

/// A body that is read inside its request's span. A span ends when it was last *entered*: without
/// this, a stream's span would end at its head.
struct EnteredBody<'r> {
    body: Body<'r>,
    span: &'r Span,
}

impl AsyncRead for EnteredBody<'_> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let _entered = this.span.enter();
        Pin::new(&mut this.body).poll_read(cx, buf)
    }
}
