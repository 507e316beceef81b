//! The HTTP client for calls from one service to another: thin, traced, counted, and honest about
//! DNS.
//!
//! Lesson: *a connection pool hides DNS faults.* A client that keeps a connection open never asks
//! for the address again, so it goes on talking to yesterday's server and a broken name server is
//! noticed only after a restart, usually at night. This client keeps no idle connection: each
//! request looks the name up, connects, asks and hangs up. That costs about a millisecond in a
//! cluster; it is the price of a fault that shows within one request.
//!
//! Every call also carries the W3C `traceparent` header, so that the callee's spans join the
//! caller's trace.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use hyper::body::Bytes;
use prometheus::{HistogramOpts, HistogramVec, Registry, register_histogram_vec_with_registry};
use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{HeaderMap, HeaderName, HeaderValue},
    redirect,
};
use rocket::tokio::time::timeout;
use serde::{Serialize, de::DeserializeOwned};
use tracing::{Instrument, Span, field::Empty};

use crate::dns::Resolver;
use crate::traces;

mod result;

pub use reqwest::Method;
pub use result::{CallError, CallResult, ClientError};

use result::Observation;

/// Histogram: seconds per outgoing call by `peer` and `result` (see [`CallResult`]), from the name
/// lookup to the last byte of the body. Read by the dashboards next to the peer's own latency: the
/// difference is network, DNS and queueing.
pub const CALL_SECONDS: &str = "http_client_requests_duration_seconds";

/// Bucket bounds of [`CALL_SECONDS`], in seconds: fine around the 10 to 250 ms in which objectives
/// for calls inside a cluster lie, then [`Limits::connect`] and [`Limits::total`] with their
/// defaults of 3 and 10 s, where time-outs pile up.
pub const CALL_BUCKETS: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0, 10.0];

/// Longest body that is read, in bytes. A callee gone wild must not fill the caller's memory.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// What a download may take as a whole: what has an end is each piece of it.
const FOR_EVER: Duration = Duration::from_secs(366 * 86_400);

/// How long a call may take. A call without a limit waits for ever, and so does everyone behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Name lookup and TCP connection together. Default 3 s.
    pub connect: Duration,
    /// The whole call. Default 10 s.
    pub total: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(3), total: Duration::from_secs(10) }
    }
}

/// Calls one peer. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    peer: &'static str,
    limits: Limits,
    seconds: HistogramVec,
}

impl Client {
    /// A client for `peer`, with the default [`Limits`].
    ///
    /// `peer` becomes a label value and is therefore a constant of the program, never text from a
    /// request.
    ///
    /// # Errors
    /// The registry already holds a client for this peer: build one and clone it.
    pub fn new(
        resolver: Resolver,
        peer: &'static str,
        registry: &Registry,
    ) -> Result<Self, ClientError> {
        Self::with_limits(resolver, peer, registry, Limits::default())
    }

    /// As [`new`](Self::new), with time limits of your own.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_limits(
        resolver: Resolver,
        peer: &'static str,
        registry: &Registry,
        limits: Limits,
    ) -> Result<Self, ClientError> {
        let http = reqwest::Client::builder()
            .dns_resolver(Arc::new(EveryTime(resolver)))
            .pool_max_idle_per_host(0)
            .connect_timeout(limits.connect)
            .timeout(limits.total)
            // A redirect would lead to another peer than the label says. The caller gets the 3xx
            // and decides.
            .redirect(redirect::Policy::none())
            // A proxy would do the name lookup in our place.
            .no_proxy()
            .build()
            .map_err(ClientError::Build)?;
        // `peer` is a constant of this histogram, so that clients for several peers can share one
        // registry.
        let help = "Seconds an outgoing HTTP call took, by peer and result.";
        let options = HistogramOpts::new(CALL_SECONDS, help)
            .const_label("peer", peer)
            .buckets(CALL_BUCKETS.to_vec());
        let seconds = register_histogram_vec_with_registry!(options, &["result"], registry)
            .map_err(|source| ClientError::Metrics { peer, source })?;
        for result in CallResult::ALL {
            seconds.with_label_values(&[result.as_str()]);
        }
        Ok(Self { http, peer, limits, seconds })
    }

    /// `GET url`.
    ///
    /// # Errors
    /// No complete answer arrived. An answer with status 4xx or 5xx is an answer, not an error.
    pub async fn get(&self, url: &str) -> Result<Answer, CallError> {
        self.call(Method::GET, url, |request| request).await
    }

    /// `POST url` with `body` as JSON.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn post_json<T: Serialize + ?Sized>(
        &self,
        url: &str,
        body: &T,
    ) -> Result<Answer, CallError> {
        self.call(Method::POST, url, |request| request.json(body)).await
    }

    /// Any method, with headers of the caller's.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn ask(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
    ) -> Result<Answer, CallError> {
        self.call(method, url, |request| with(request, headers)).await
    }

    /// `GET url`, for what does not fit into memory: what comes back is an answer without its body,
    /// and the body, to be read piece by piece. Neither of them may take longer than
    /// [`Limits::total`] to begin, nor any piece.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn download(
        &self,
        url: &str,
        headers: &[(&str, &str)],
    ) -> Result<(Answer, Download), CallError> {
        let patience = self.limits.total;
        let open = |request| open(with(request, headers).timeout(FOR_EVER), patience);
        self.observed(Method::GET, url, open, |(answer, _)| answer.status).await
    }

    async fn call(
        &self,
        method: Method,
        url: &str,
        fill: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> Result<Answer, CallError> {
        self.observed(method, url, |request| exchange(fill(request)), |answer| answer.status).await
    }

    async fn observed<T, Sent: Future<Output = Result<T, CallError>>>(
        &self,
        method: Method,
        url: &str,
        send: impl FnOnce(reqwest::RequestBuilder) -> Sent,
        status: impl FnOnce(&T) -> u16,
    ) -> Result<T, CallError> {
        // reqwest reads "no scheme" and the like only when sending; here the mistake is still the
        // caller's, in words.
        let parsed = Url::parse(url).map_err(|_| CallError::Url { url: url.to_owned() });
        let span = self.span(&method, parsed.as_ref().ok());
        let observation = Observation::start(&self.seconds, span.clone());
        let result = match parsed {
            Ok(url) => {
                let request = self.http.request(method, url).headers(trace_headers(&span));
                send(request).instrument(span).await
            }
            Err(why) => Err(why),
        };
        observation.finish(result.as_ref().map(status));
        result
    }

    /// A span with OpenTelemetry's names, see
    /// <https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span>. Its name is
    /// the method alone, because the path holds values.
    fn span(&self, method: &Method, url: Option<&Url>) -> Span {
        tracing::info_span!(
            "http.client",
            otel.name = method.as_str(),
            otel.kind = "client",
            otel.status_code = Empty,
            error.type = Empty,
            http.request.method = method.as_str(),
            http.response.status_code = Empty,
            peer.service = self.peer,
            server.address = url.and_then(Url::host_str),
            server.port = url.and_then(Url::port_or_known_default),
            url.full = url.map(without_credentials),
        )
    }
}

/// Whoever may read traces must not learn passwords from them.
fn without_credentials(url: &Url) -> String {
    let mut url = url.clone();
    // Fails for URLs that cannot have credentials.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    url.into()
}

fn with(request: reqwest::RequestBuilder, headers: &[(&str, &str)]) -> reqwest::RequestBuilder {
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

async fn open(
    request: reqwest::RequestBuilder,
    patience: Duration,
) -> Result<(Answer, Download), CallError> {
    let sent = timeout(patience, request.send()).await;
    let response = sent.map_err(|_| CallError::Late)?.map_err(CallError::Http)?;
    Ok((Answer::head(&response), Download { response, patience }))
}

async fn exchange(request: reqwest::RequestBuilder) -> Result<Answer, CallError> {
    let mut response = request.send().await.map_err(CallError::Http)?;
    let mut answer = Answer::head(&response);
    let body = &mut answer.body;
    while let Some(chunk) = response.chunk().await.map_err(CallError::Http)? {
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(CallError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(answer)
}

/// The trace context of `span` as headers: `traceparent`, and `tracestate` where there is one.
fn trace_headers(span: &Span) -> HeaderMap {
    let mut headers = HeaderMap::new();
    traces::inject(span, &mut |key, value| {
        // The propagator writes only valid headers; losing one would cost a link in a trace, never
        // the call.
        if let (Ok(key), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            headers.insert(key, value);
        }
    });
    headers
}

/// Our resolver in the shape that reqwest asks for. (A host that is an IP address never gets here.)
struct EveryTime(Resolver);

impl Resolve for EveryTime {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.0.clone();
        Box::pin(async move {
            let addresses = resolver.lookup(name.as_str()).await?;
            // Port 0 means "the port of the URL"; any other number would win over the scheme's
            // default.
            Ok(Box::new(addresses.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs)
        })
    }
}

/// The body of an answer, as it arrives.
#[derive(Debug)]
pub struct Download {
    response: reqwest::Response,
    patience: Duration,
}

impl Download {
    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// The connection broke, or nothing came for too long.
    pub async fn next(&mut self) -> Result<Option<Bytes>, CallError> {
        let piece = timeout(self.patience, self.response.chunk()).await;
        piece.map_err(|_| CallError::Late)?.map_err(CallError::Http)
    }
}

/// A complete answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status, 100 to 999.
    pub status: u16,
    /// Headers that are text, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, at most [`MAX_BODY_BYTES`].
    pub body: Vec<u8>,
}

impl Answer {
    fn head(response: &reqwest::Response) -> Self {
        let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
        let headers = response.headers().iter();
        let headers = headers.filter_map(|(name, value)| Some((name.to_string(), text(value)?)));
        Self { status: response.status().as_u16(), headers: headers.collect(), body: Vec::new() }
    }

    /// The first header of this name, which is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter().filter(|(known, _)| known == name);
        named.next().map(|(_, value)| value.as_str())
    }

    /// Is the status 2xx?
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body, read as JSON.
    ///
    /// # Errors
    /// The body is not JSON, or JSON of another shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }
}
