//! The Rocket fairing that records the golden signals.
//!
//! Attach it before any other fairing: request and response fairings run in the order in which they
//! were attached, and what happens in an earlier one is invisible to a later one. Next: `body.rs`,
//! for what the fairing alone cannot see.

use std::sync::Arc;

use prometheus::Registry;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::{ContentType, Method, Status};
use rocket::{Catcher, Data, Orbit, Request, Response, Rocket, Route, catcher};

use super::body::{WatchedBody, wrap_body};
use super::in_flight::InFlight;
use super::metrics::{Signals, UNMATCHED};
use super::scrape;

/// The golden signals of a Rocket application. Attach them, and mount them where Prometheus is to
/// scrape:
///
/// ```
/// let signals = instrument::GoldenSignals::default();
/// let rocket = rocket::build().attach(signals.clone()).mount("/metrics", signals);
/// ```
///
/// Clones share their metrics.
#[derive(Clone)]
pub struct GoldenSignals {
    signals: Arc<Signals>,
    registry: Registry,
}

impl GoldenSignals {
    /// Registers the metrics in a registry that holds others, too.
    ///
    /// # Errors
    /// If `registry` already holds a metric of one of these names.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let signals = Arc::new(Signals::register(registry)?);
        Ok(Self { signals, registry: registry.clone() })
    }

    /// Where metrics of your own go, to be scraped together with these.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Wraps catchers so that they count what Rocket refuses before any fairing sees it: a request
    /// with a method that does not exist goes straight to a catcher.
    pub fn counted(&self, mut catchers: Vec<Catcher>) -> Vec<Catcher> {
        for catcher in &mut catchers {
            let (inner, signals) = (catcher.handler.clone(), self.signals.clone());
            catcher.handler = Box::new(Counted { inner, signals });
        }
        catchers
    }
}

/// Signals in a registry of their own.
impl Default for GoldenSignals {
    fn default() -> Self {
        Self::register(&Registry::new()).expect("a new registry holds no metric of these names")
    }
}

/// The route that shows them: `mount("/metrics", signals)`.
impl From<GoldenSignals> for Vec<Route> {
    fn from(signals: GoldenSignals) -> Self {
        vec![scrape::route(signals.registry)]
    }
}

#[rocket::async_trait]
impl Fairing for GoldenSignals {
    fn info(&self) -> Info {
        Info { name: "golden signals", kind: Kind::Liftoff | Kind::Request | Kind::Response }
    }

    /// All routes are mounted by now: give each its series, at 0.
    async fn on_liftoff(&self, rocket: &Rocket<Orbit>) {
        self.signals.create_series(rocket.routes().filter(|route| !scrape::is_scrape(route)));
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        InFlight::begin(request, &self.signals);
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let in_flight = InFlight::find(request);
        let Some(in_flight) = in_flight.filter(|in_flight| !in_flight.is_left_out()) else {
            return;
        };
        let (method, status) = (in_flight.method, response.status());
        let endpoint = request.route().map_or(UNMATCHED, |route| route.uri.as_str());
        // Duration is the time to the response head: fairings run before the body is sent.
        let seconds = in_flight.arrived.elapsed().as_secs_f64();
        self.signals.answered(endpoint, method, status, seconds);

        let size = response.body_mut().size().await;
        let is_stream = response.body().is_some() && size.is_none();
        in_flight.answered(is_stream);
        // Rocket discards the body of these after the fairings ran: a watched body would then look
        // abandoned.
        let sends_no_body = response.body().is_none()
            || size == Some(0)
            || method == Method::Head
            || [Status::NoContent, Status::NotModified].contains(&status);
        if !sends_no_body {
            // Events end only when the client leaves, so that leaving is not an abort.
            let is_endless = is_stream && response.content_type() == Some(ContentType::EventStream);
            wrap_body(response, size, |body| {
                WatchedBody::new(body, in_flight, endpoint, size, is_endless)
            });
        }
    }
}

#[derive(Clone)]
struct Counted {
    inner: Box<dyn catcher::Handler>,
    signals: Arc<Signals>,
}

#[rocket::async_trait]
impl catcher::Handler for Counted {
    async fn handle<'r>(&self, status: Status, request: &'r Request<'_>) -> catcher::Result<'r> {
        let answer = self.inner.handle(status, request).await;
        if InFlight::find(request).is_none() {
            // The catcher may have found a better status.
            self.signals.refused(answer.as_ref().map_or(status, Response::status));
        }
        answer
    }
}
