//! The admin server: what operators and Prometheus ask, on a port and a thread of its own.
//!
//! An overloaded service must stay observable, so these routes share neither the port (whose
//! connections may all be taken) nor the worker threads (which may all be busy) with the business.
//! They are not counted either: scrapes and probes are nobody's traffic, and would flatter every
//! SLO.

use prometheus::{Encoder, Registry, TextEncoder};
use rocket::http::{ContentType, Status};
use rocket::{Build, Rocket, Route, State, get, routes};

use crate::profile;
use crate::service::Readiness;

/// What the admin routes need.
pub(crate) struct Admin {
    pub(crate) name: &'static str,
    pub(crate) registry: Registry,
    pub(crate) readiness: Readiness,
}

pub(crate) fn mount(rocket: Rocket<Build>, admin: Admin) -> Rocket<Build> {
    rocket.manage(admin).mount("/", routes())
}

fn routes() -> Vec<Route> {
    routes![metrics, healthz, readyz, heap, flamegraph]
}

/// The metrics, in Prometheus' text format.
#[get("/metrics")]
fn metrics(admin: &State<Admin>) -> Result<(ContentType, Vec<u8>), (Status, String)> {
    let mut text = Vec::new();
    TextEncoder::new().encode(&admin.registry.gather(), &mut text).map_err(|why| {
        (Status::InternalServerError, format!("metrics cannot be written: {why}\n"))
    })?;
    let format =
        ContentType::new("text", "plain").with_params([("version", "0.0.4"), ("charset", "utf-8")]);
    Ok((format, text))
}

/// The process is alive. Says nothing about whether it is any use: see `/readyz`.
#[get("/healthz")]
fn healthz() -> &'static str {
    "ok\n"
}

/// The service wants traffic: it listens, and nobody has asked it to stop.
#[get("/readyz")]
fn readyz(admin: &State<Admin>) -> (Status, &'static str) {
    match admin.readiness.is_ready() {
        true => (Status::Ok, "ready\n"),
        false => (Status::ServiceUnavailable, "not ready: starting or stopping\n"),
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
