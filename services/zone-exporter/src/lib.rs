//! What any nameservers say about a zone: how old, how far behind, signed for how long.
//!
//! It asks as everybody does, over UDP and TCP, and knows nothing of the servers' insides. Next:
//! `finding.rs`, for what a serial can and cannot tell; `probe.rs`, for what is asked.

pub mod client;
pub mod finding;
pub mod metrics;
pub mod once;
pub mod options;
pub mod probe;
pub mod settings;
pub mod shown;
pub mod target;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use instrument::{Env, Service, StartError, traced};
use rocket::http::Status;
use rocket::tokio::time::{MissedTickBehavior, interval};
use rocket::{Build, Rocket, State, get, routes};

use finding::Latest;
use metrics::Failures;
use options::Options;
use probe::Prober;
use settings::Settings;
use shown::Findings;
use target::Target;

/// The whole program: arguments in (the first is the program's name), exit code out.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let options = match Options::try_parse_from(arguments) {
        Ok(options) => options,
        Err(why) => {
            let _ = why.print(); // help and version, too: they are no error
            return ExitCode::from(if why.use_stderr() { 2 } else { 0 });
        }
    };
    let env = Env::process().overruled_by(options.settings());
    if !options.once {
        return instrument::run_with("zone-exporter", env, build);
    }
    once::run(&env).unwrap_or_else(|why| {
        let _ = writeln!(std::io::stderr(), "zone-exporter: {why}");
        ExitCode::from(2)
    })
}

/// The service, ready to launch.
///
/// # Errors
/// If a setting cannot be used.
pub fn build(service: &mut Service) -> Result<Rocket<Build>, StartError> {
    let Settings { targets, every, patience } = Settings::read(&service.env)?;
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
     what --zone and --server (or ZONES and SERVERS) name is on the admin port's /metrics\n"
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
    let failed = |why: prometheus::Error| (Status::InternalServerError, format!("{why}\n"));
    shown::text(prober.round(&targets).await).map_err(failed)
}
