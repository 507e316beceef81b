//! The admin server: what operators and Prometheus ask, on a port and a thread of its own.
//!
//! An overloaded service must stay observable, so these routes share neither the port (whose
//! connections may all be taken) nor the worker threads (which may all be busy) with the business.
//! They are not counted either: scrapes and probes are nobody's traffic, and would flatter every
//! SLO.

use prometheus::Registry;
use rocket::http::{ContentType, Status};
use rocket::{Build, Rocket, State, get, routes};

use super::index;
use super::readiness::Readiness;
use crate::memory::profile;
use crate::signals;

/// What the admin routes need.
pub(super) struct Admin {
    /// The service's name, in the title of the flame graph.
    pub(super) name: &'static str,
    pub(super) registry: Registry,
    pub(super) readiness: Readiness,
}

impl Admin {
    pub(super) fn mount(self, rocket: Rocket<Build>) -> Rocket<Build> {
        rocket
            .manage(self)
            .mount("/", routes![index::index, metrics, healthz, readyz, heap, flamegraph])
    }
}

/// The metrics, in Prometheus' text format.
#[get("/metrics")]
fn metrics(admin: &State<Admin>) -> Result<(ContentType, Vec<u8>), (Status, String)> {
    signals::text(&admin.registry)
}

/// The process is alive. Says nothing about whether it is any use: see `/readyz`.
#[get("/healthz")]
fn healthz() -> &'static str {
    "ok\n"
}

/// The service wants traffic: it listens, and nobody has asked it to stop.
#[get("/readyz")]
fn readyz(admin: &State<Admin>) -> (Status, &'static str) {
    if admin.readiness.is_ready() {
        (Status::Ok, "ready\n")
    } else {
        (Status::ServiceUnavailable, "not ready: starting or stopping\n")
    }
}

/// The heap as pprof: `go tool pprof http://localhost:9000/debug/pprof/heap`, Parca, Pyroscope.
#[get("/debug/pprof/heap")]
async fn heap() -> Result<(ContentType, Vec<u8>), (Status, String)> {
    match profile::pprof().await {
        Ok(gzip) => Ok((ContentType::Binary, gzip)),
        Err(why) => Err((Status::NotFound, format!("{why}\n"))),
    }
}

/// The heap as a flame graph, to look at in a browser.
#[get("/debug/flamegraph")]
async fn flamegraph(admin: &State<Admin>) -> Result<(ContentType, Vec<u8>), (Status, String)> {
    match profile::flamegraph(admin.name).await {
        Ok(svg) => Ok((ContentType::SVG, svg)),
        Err(why) => Err((Status::NotFound, format!("{why}\n"))),
    }
}
