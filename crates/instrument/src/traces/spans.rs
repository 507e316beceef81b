//! The span of a request: its name, its attributes, and its end, which is the last byte of the
//! body.
//!
//! The names of the attributes are OpenTelemetry's, see
//! <https://opentelemetry.io/docs/specs/semconv/http/http-spans/>. Left out is `url.query`, because
//! queries hold secrets; behind a proxy that ends TLS, `url.scheme` is what the proxy spoke to us.
//! Next: `otlp.rs`, where spans go.

use std::io;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Method;
use rocket::response::Body;
use rocket::tokio::io::{AsyncRead, ReadBuf};
use rocket::{Build, Data, Request, Response, Rocket};
use tracing::{Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{breaker, propagation};
use crate::signals::UNMATCHED;
use crate::signals::body::wrap_body;

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
        let Some(Some(span)) = RequestSpan::prepare(request).span.get() else {
            return; // no handler of this request is traced
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
pub(super) struct RequestSpan {
    /// As the client sent it: Rocket answers a HEAD by a GET route by turning it into a GET.
    method: Method,
    /// `None` if spans are not wanted at the moment.
    span: OnceLock<Option<Span>>,
}

impl RequestSpan {
    fn prepare<'r>(request: &'r Request<'_>) -> &'r Self {
        request.local_cache(|| Self { method: request.method(), span: OnceLock::new() })
    }

    /// The span to run a handler in.
    pub(super) fn get_or_begin<'r>(request: &'r Request<'_>) -> Option<&'r Span> {
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
/// At level ERROR, although nothing went wrong: a filter such as `RUST_LOG=warn` is about log lines
/// and must not lose spans.
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
    let _ = span.set_parent(propagation::caller(request.headers()).unwrap_or_default());
    span
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
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let _entered = this.span.enter();
        Pin::new(&mut this.body).poll_read(cx, buf)
    }
}
