//! How many pulls a registry will still allow, asked without spending one.
//!
//! It asks as clients do, for nothing but headers: Docker Hub, this project's `registry`, or any
//! other that tells. Next: `probe.rs`, for what is asked; `shown.rs`, for what is not made up.

pub mod client;
pub mod finding;
pub mod metrics;
pub mod probe;
pub mod shown;
pub mod target;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use instrument::{Service, SettingError, StartError, traced};
use prometheus::{Registry, TextEncoder};
use rocket::http::Status;
use rocket::tokio::time::{MissedTickBehavior, interval};
use rocket::{Build, Rocket, State, get, routes};

use client::Client;
use finding::Latest;
use metrics::Failures;
use probe::Prober;
use shown::{Findings, Names};
use target::Target;

/// The service, ready to launch.
///
/// # Errors
/// If a setting cannot be used.
pub fn build(service: &mut Service) -> Result<Rocket<Build>, StartError> {
    let targets = targets(service)?;
    let env = &service.env;
    let seconds = "set it to a number of seconds, at least 1";
    let every = Duration::from_secs(env.parse("PROBE_EVERY", 30, seconds)?);
    let patience = Duration::from_secs(env.parse("PROBE_TIMEOUT", 10, seconds)?);
    if every.is_zero() || patience.is_zero() {
        return Err(StartError::Other(format!("PROBE_EVERY or PROBE_TIMEOUT: 0; {seconds}")));
    }
    let legacy = env.parse("LEGACY_NAMES", false, "set it to true or false")?;
    let names = if legacy { Names::Legacy } else { Names::Own };
    let trusted = env.text("CA_FILE")?.map(PathBuf::from);
    let client = Client::new(service.resolver()?, patience, trusted.as_deref());
    let client = client.map_err(|why| SettingError {
        name: "CA_FILE".to_owned(),
        found: trusted.unwrap_or_default().display().to_string(),
        why,
        remedy: "set it to a file of certificates in PEM".to_owned(),
    })?;
    let prober = Prober::new(client);
    let latest = Latest::default();
    service.registry.register(Box::new(Findings::new(latest.clone(), names)?))?;
    let failures = Failures::register(&service.registry)?;
    if !targets.is_empty() {
        service
            .background("probes", probe_forever(prober.clone(), targets, every, latest, failures));
    }
    Ok(service.rocket().manage(prober).mount("/", traced(routes![index, probe_now])))
}

/// `TARGETS`, or a file of them: passwords belong into files.
fn targets(service: &Service) -> Result<Vec<Target>, StartError> {
    let env = &service.env;
    let wrong = |name: &str, why: String| {
        SettingError {
        name: name.to_owned(),
        found: "..".to_owned(), // perhaps a password
        why,
        remedy: "set it to docker.io, http://registry:8000/shop:v1 or https://name:password@registry/image:tag, with commas".to_owned(),
    }
    };
    let (name, text) = match (env.text("TARGETS")?, env.text("TARGETS_FILE")?) {
        (text, None) => ("TARGETS", text.unwrap_or_default()),
        (None, Some(file)) => match std::fs::read_to_string(&file) {
            Ok(text) => ("TARGETS_FILE", text),
            Err(why) => return Err(wrong("TARGETS_FILE", format!("{file}: {why}")).into()),
        },
        (Some(_), Some(_)) => {
            return Err(wrong("TARGETS", "there is TARGETS_FILE, too".to_owned()).into());
        }
    };
    Ok(Target::all(&text).map_err(|why| wrong(name, why))?)
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
    "GET /probe?target=docker.io asks now; what TARGETS names is on the admin port's /metrics\n"
}

/// Asks once, as blackbox_exporter does: for a Prometheus that brings the targets itself.
#[get("/probe?<target>")]
async fn probe_now(
    target: Option<&str>,
    prober: &State<Prober>,
) -> Result<String, (Status, String)> {
    let wrong = |why: &str| {
        let example = "/probe?target=docker.io or /probe?target=http://registry:8000/shop:v1";
        (Status::BadRequest, format!("{why}; ask e.g. for {example}\n"))
    };
    let targets = Target::all(target.unwrap_or_default()).map_err(|why| wrong(&why))?;
    if targets.is_empty() {
        return Err(wrong("a probe needs a target"));
    }
    // A query is written into logs.
    if targets.iter().any(|target| target.account.is_some()) {
        return Err(wrong("passwords belong into TARGETS_FILE"));
    }
    let findings = prober.round(&targets).await;
    let failed = |why: prometheus::Error| (Status::InternalServerError, format!("{why}\n"));
    let registry = Registry::new();
    let latest = Arc::new(RwLock::new(findings));
    let findings = Findings::new(latest, Names::Own).map_err(failed)?;
    registry.register(Box::new(findings)).map_err(failed)?;
    TextEncoder::new().encode_to_string(&registry.gather()).map_err(failed)
}
