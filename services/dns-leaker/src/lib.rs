//! It is always DNS: an error path that leaks memory whenever a name does not resolve.
//!
//! A loop resolves `DNS_HOSTNAME` over and over, and `GET /resolve/<name>` any other name. As long
//! as DNS works, nothing is wrong with this service. Next: `leak.rs`, for four ways in which a
//! failed lookup can leave memory behind.

pub mod leak;
pub mod metrics;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use instrument::dns::{LookupError, Outcome, Resolver};
use instrument::{Service, StartError, traced};
use rocket::http::Status;
use rocket::serde::json::{self, Json};
use rocket::tokio::task::JoinSet;
use rocket::tokio::time::{Duration, MissedTickBehavior, interval};
use rocket::{Build, Rocket, State, get, put, routes};
use serde::Deserialize;

use leak::{Kind, Leak};
use metrics::Metrics;

/// Lookups of the loop that may wait for an answer at once; beyond it, ticks are skipped and
/// counted.
const PENDING_MAX: usize = 64;

/// The service, ready to launch.
///
/// # Errors
/// If a setting cannot be used.
pub fn build(service: &mut Service) -> Result<Rocket<Build>, StartError> {
    let env = &service.env;
    let hostname =
        env.parse("DNS_HOSTNAME", "o11y.love".to_owned(), "set it to the name to resolve")?;
    let rate = env.parse(
        "LOOKUPS_PER_SECOND",
        10_u32,
        "set it to a number of lookups per second, 0 for none",
    )?;
    let kind = env.parse("LEAK_KIND", Kind::Off, leak::KINDS)?;
    let bytes = env.parse(
        "LEAK_BYTES",
        10 * 1024,
        "set it to the bytes leaked per failed lookup, e.g. 10240",
    )?;
    let budget =
        env.parse("LEAK_BUDGET_BYTES", 64 << 20, "set it to the bytes after which leaking stops")?;

    let metrics = Metrics::register(&service.registry, budget)?;
    let leak = Arc::new(Leak::new(budget, metrics.clone(), service.faults.clone()));
    leak.switch(kind, bytes).map_err(|why| StartError::Other(why.to_string()))?;
    let lookups = Lookups { resolver: service.resolver()?, leak: leak.clone() };

    service.control(|admin| admin.manage(leak).mount("/", routes![show_leak, switch_leak]));
    if rate > 0 {
        service.background("lookups", resolve_forever(lookups.clone(), hostname, rate, metrics));
    }
    Ok(service.rocket().manage(lookups).mount("/", traced(routes![resolve])))
}

/// Lookups with a bug: the error path leaks.
#[derive(Clone)]
struct Lookups {
    resolver: Resolver,
    leak: Arc<Leak>,
}

impl Lookups {
    async fn lookup(&self, name: &str) -> Result<Vec<IpAddr>, LookupError> {
        let result = self.resolver.lookup(name).await;
        if result.is_err() {
            self.leak.lookup_failed();
        }
        result
    }
}

async fn resolve_forever(lookups: Lookups, hostname: String, rate: u32, metrics: Metrics) {
    let mut ticks = interval(Duration::from_secs(1) / rate);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut pending = JoinSet::new();
    // One line a second is enough to be read; how often it happens, `dns_lookups_total` counts.
    let told = Arc::new(AtomicBool::new(false));
    for tick in 0_u64.. {
        ticks.tick().await;
        if tick % u64::from(rate) == 0 {
            told.store(false, Relaxed);
        }
        while pending.try_join_next().is_some() {}
        if pending.len() == PENDING_MAX {
            metrics.lookups_skipped.inc();
            continue;
        }
        let (lookups, hostname, told) = (lookups.clone(), hostname.clone(), told.clone());
        pending.spawn(async move {
            if let Err(why) = lookups.lookup(&hostname).await
                && !told.swap(true, Relaxed)
            {
                tracing::warn!(name = hostname, %why, "lookup failed");
            }
        });
    }
}

#[get("/resolve/<name>")]
async fn resolve(
    name: &str,
    lookups: &State<Lookups>,
) -> Result<Json<Vec<IpAddr>>, (Status, String)> {
    lookups.lookup(name).await.map(Json).map_err(|why| {
        tracing::warn!(name, %why, "lookup failed");
        let status = match why.outcome() {
            Outcome::Nxdomain | Outcome::NoData => Status::NotFound,
            Outcome::Timeout => Status::GatewayTimeout,
            _ => Status::BadGateway,
        };
        (status, format!("{why}\n"))
    })
}

/// The body of `PUT /leak`; without `bytes`, the amount stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    kind: Kind,
    bytes: Option<usize>,
}

#[get("/leak")]
fn show_leak(leak: &State<Arc<Leak>>) -> Json<leak::Status> {
    Json(leak.status())
}

#[put("/leak", data = "<switch>")]
fn switch_leak(
    switch: Result<Json<Switch>, json::Error<'_>>,
    leak: &State<Arc<Leak>>,
) -> Result<Json<leak::Status>, (Status, String)> {
    let refused = |why: &dyn std::fmt::Display| {
        (
            Status::UnprocessableEntity,
            format!("{why}; send e.g. {{\"kind\": \"forget\", \"bytes\": 10240}}\n"),
        )
    };
    let Json(switch) = switch.map_err(|why| refused(&why))?;
    let bytes = switch.bytes.unwrap_or_else(|| leak.status().bytes);
    leak.switch(switch.kind, bytes).map_err(|why| refused(&why))?;
    Ok(Json(leak.status()))
}
