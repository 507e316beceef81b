//! What any nameservers say about a zone: how old, how far behind, signed for how long.
//!
//! It asks as everybody does, over UDP and TCP, and knows nothing of the servers' insides. Next:
//! `finding.rs`, for what a serial can and cannot tell; `probe.rs`, for what is asked.

pub mod client;
pub mod finding;
pub mod metrics;
pub mod probe;
pub mod shown;
pub mod target;
#[cfg(test)]
mod tests;

use std::sync::{Arc, RwLock};
use std::time::Duration;

use instrument::{Service, SettingError, StartError, traced};
use prometheus::{Registry, TextEncoder};
use rocket::http::Status;
use rocket::tokio::time::{MissedTickBehavior, interval};
use rocket::{Build, Rocket, State, get, routes};

use finding::Latest;
use metrics::Failures;
use probe::Prober;
use shown::Findings;
use target::Target;

/// The service, ready to launch.
///
/// # Errors
/// If a setting cannot be used.
pub fn build(service: &mut Service) -> Result<Rocket<Build>, StartError> {
    let env = &service.env;
    let zones = env.text("ZONES")?.unwrap_or_default();
    let servers = env.text("SERVERS")?.unwrap_or_default();
    let targets = Target::all(&zones, &servers).map_err(|why| SettingError {
        name: "ZONES or SERVERS".to_owned(),
        found: format!("{zones} {servers}"),
        why,
        remedy: "set ZONES to names and SERVERS to host or host:port, with commas".to_owned(),
    })?;
    let seconds = "set it to a number of seconds, at least 1";
    let every = Duration::from_secs(env.parse("PROBE_EVERY", 10, seconds)?);
    let patience = Duration::from_secs(env.parse("PROBE_TIMEOUT", 2, seconds)?);
    if every.is_zero() || patience.is_zero() {
        return Err(StartError::Other(format!("PROBE_EVERY or PROBE_TIMEOUT: 0; {seconds}")));
    }
    let prober = Prober { resolver: service.resolver()?, patience };
    let latest = Latest::default();
    service.registry.register(Box::new(Findings::new(latest.clone())?))?;
    let failures = Failures::register(&service.registry)?;
    if !targets.is_empty() {
        service
            .background("probes", probe_forever(prober.clone(), targets, every, latest, failures));
    }
    Ok(service.rocket().manage(prober).mount("/", traced(routes![index, probe_now])))
}

async fn probe_forever(
    prober: Prober,
    targets: Vec<Target>,
    every: Duration,
    latest: Latest,
    failures: Failures,
) {
    let mut rounds = interval(every);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        rounds.tick().await;
        let findings = prober.round(&targets).await;
        failures.count(&findings);
        *latest.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = findings;
    }
}

#[get("/")]
fn index() -> &'static str {
    "GET /probe?zone=example.org&server=ns1.example.org,ns2.example.org:53 probes now; \
     what ZONES and SERVERS name is on the admin port's /metrics\n"
}

/// Probes once, as blackbox_exporter does: for a Prometheus that brings the targets itself.
#[get("/probe?<zone>&<server>")]
async fn probe_now(
    zone: Option<&str>,
    server: Option<&str>,
    prober: &State<Prober>,
) -> Result<String, (Status, String)> {
    let wrong = |why: String| {
        let example = "/probe?zone=example.org&server=ns1.example.org,192.0.2.53:5353";
        (Status::BadRequest, format!("{why}; ask e.g. for {example}\n"))
    };
    let targets = Target::all(zone.unwrap_or_default(), server.unwrap_or_default());
    let targets = targets.map_err(wrong)?;
    if targets.is_empty() {
        return Err(wrong("a probe needs a zone and a server".to_owned()));
    }
    let findings = prober.round(&targets).await;
    let failed = |why: prometheus::Error| (Status::InternalServerError, format!("{why}\n"));
    let registry = Registry::new();
    let latest = Arc::new(RwLock::new(findings));
    registry.register(Box::new(Findings::new(latest).map_err(failed)?)).map_err(failed)?;
    TextEncoder::new().encode_to_string(&registry.gather()).map_err(failed)
}
